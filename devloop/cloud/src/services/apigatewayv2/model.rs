//! What the service keeps of an API.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};

use super::{
    data::{Cache, Live, Snapshot},
    settings::{ApiSettings, AuthorizerSettings, IntegrationSettings, RouteSettings, StageSettings},
};
use crate::{services::apigateway::Bucket, wire};

#[derive(Debug)]
pub(super) struct Api {
    pub(super) id: String,
    pub(super) region: Arc<str>,
    pub(super) state: RwLock<State>,
    /// Cached results of Lambda authorizers.
    pub(super) verdicts: Mutex<Cache>,
    /// Token buckets of its throttles, by stage and route key.
    pub(super) buckets: Mutex<HashMap<(String, String), Bucket>>,
}

/// The mutable part of an API.
#[derive(Debug)]
pub(super) struct State {
    pub(super) settings: ApiSettings,
    /// In ms since the epoch.
    pub(super) created_ms: i64,
    pub(super) routes: BTreeMap<String, RouteSettings>,
    pub(super) integrations: BTreeMap<String, IntegrationSettings>,
    pub(super) authorizers: BTreeMap<String, AuthorizerSettings>,
    pub(super) deployments: BTreeMap<String, Deployment>,
    pub(super) stages: BTreeMap<String, Stage>,
}

/// A deployment: a snapshot of the API.
#[derive(Debug)]
pub(super) struct Deployment {
    pub(super) created_ms: i64,
    pub(super) description: Option<String>,
    pub(super) auto: bool,
    pub(super) snapshot: Arc<Snapshot>,
}

/// A stage, and what requests to it use.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) settings: StageSettings,
    pub(super) created_ms: i64,
    pub(super) updated_ms: i64,
    /// `None` until the stage has a deployment.
    pub(super) live: Option<Arc<Live>>,
}

/// Settings in the form of the API's output, with the id under `name`.
pub(super) fn shown(settings: &impl serde::Serialize, name: &str, id: &str) -> Value {
    let mut shown = json!(settings);
    shown[name] = id.into();
    shown
}

impl Api {
    /// The API as `GetApi` shows it.
    pub(super) fn shown(&self, state: &State) -> Value {
        let mut shown = shown(&state.settings, "apiId", &self.id);
        shown["apiEndpoint"] =
            format!("https://{}.execute-api.{}.amazonaws.com", self.id, self.region).into();
        shown["createdDate"] = wire::iso(state.created_ms).into();
        shown
    }
}

impl Deployment {
    /// The deployment as `GetDeployment` shows it.
    pub(super) fn shown(&self, id: &str) -> Value {
        json!({
            "deploymentId": id,
            "autoDeployed": self.auto,
            "createdDate": wire::iso(self.created_ms),
            "deploymentStatus": "DEPLOYED",
            "description": self.description,
        })
    }
}

impl Stage {
    /// The stage as `GetStage` shows it.
    pub(super) fn shown(&self) -> Value {
        let mut shown = json!(self.settings);
        shown["createdDate"] = wire::iso(self.created_ms).into();
        shown["lastUpdatedDate"] = wire::iso(self.updated_ms).into();
        shown
    }
}
