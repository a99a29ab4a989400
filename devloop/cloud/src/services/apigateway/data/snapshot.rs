//! The snapshot that a deployment makes, and what a stage serves of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parking_lot::Mutex;

use super::{
    authorize::Verdict, checks::Checks, integration::Uri, media::MediaTypes, mock::Mock, routes::Routes,
};
use crate::services::apigateway::{
    authorizers::Kept,
    model::{Authorizer, GatewayResponse, State},
    plans::Throttle,
};

/// An API at the moment of its deployment, prepared to answer requests.
#[derive(Debug)]
pub(in crate::services::apigateway) struct Snapshot {
    pub(super) routes: Routes<Target>,
    pub(super) binary: MediaTypes,
    /// The API's own gateway responses, by type.
    pub(super) responses: BTreeMap<String, GatewayResponse>,
}

/// The target of a matched request.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) resource_id: String,
    pub(super) resource_path: String,
    /// Path and method in the form that throttle settings use: `/pets/GET`.
    pub(super) name: String,
    pub(super) needs_key: bool,
    /// The authorizer of the method.
    pub(super) authorizer: Option<Authorizer>,
    pub(super) checks: Checks,
    pub(super) backend: Backend,
}

/// The integration that answers.
#[derive(Debug)]
pub(super) enum Backend {
    /// A function, and the integration's timeout.
    Function(Uri, Duration),
    /// The gateway itself, as a mock integration.
    Mock(Mock),
}

/// Everything that a request to one stage needs, found with a single lookup.
#[derive(Debug)]
pub(in crate::services::apigateway) struct Live {
    pub(in crate::services::apigateway) api: String,
    pub(in crate::services::apigateway) region: Arc<str>,
    pub(in crate::services::apigateway) stage: String,
    pub(in crate::services::apigateway) deployment: String,
    pub(in crate::services::apigateway) variables: BTreeMap<String, String>,
    /// The stage's throttles, by `<path without its leading slash>/<method>` or `*/*`.
    pub(in crate::services::apigateway) throttles: BTreeMap<String, Throttle>,
    pub(in crate::services::apigateway) snapshot: Arc<Snapshot>,
    /// Cached authorizer results; a change of the stage drops them.
    pub(in crate::services::apigateway) verdicts: Mutex<Kept<Verdict>>,
}

impl Live {
    /// The stage's throttle for a method, and the key of its setting: the method's own setting before the one for all
    /// methods.
    pub(super) fn setting(&self, method: &str) -> Option<(&str, Throttle)> {
        if self.throttles.is_empty() {
            return None;
        }
        // The setting of the root resource keeps its leading slash: `/GET`.
        let is_root = method.matches('/').count() == 1;
        let name = method.strip_prefix('/').filter(|_| !is_root).unwrap_or(method);
        let found = self.throttles.get_key_value(name).or_else(|| self.throttles.get_key_value("*/*"));
        found.map(|(name, throttle)| (name.as_str(), *throttle))
    }
}

impl Snapshot {
    /// Makes a snapshot of an API; the error says why AWS would not deploy it.
    pub(in crate::services::apigateway) fn of(state: &State) -> Result<Self, &'static str> {
        let mut routes = Routes::default();
        let mut methods = 0;
        for resource in state.resources.values() {
            for (name, method) in &resource.methods {
                let integration =
                    method.method_integration.as_ref().ok_or("No integration defined for method")?;
                let backend = if integration.kind == "MOCK" {
                    Backend::Mock(Mock::of(integration)?)
                } else {
                    let function =
                        Uri::parse(&integration.uri).ok_or("Invalid function ARN or invalid uri")?;
                    Backend::Function(function, integration.timeout)
                };
                let target = Target {
                    resource_id: resource.id.clone(),
                    resource_path: resource.path.clone(),
                    name: format!("{}/{name}", resource.path.trim_end_matches('/')),
                    needs_key: method.api_key_required,
                    authorizer: method
                        .authorizer_id
                        .as_ref()
                        .and_then(|id| state.authorizers.get(id))
                        .cloned(),
                    checks: Checks::of(state, method),
                    backend,
                };
                routes.insert(&resource.path, name, target);
                methods += 1;
            }
        }
        if methods == 0 {
            return Err("The REST API doesn't contain any methods");
        }
        Ok(Self {
            routes,
            binary: MediaTypes::new(&state.about.binary_media_types),
            responses: state.gateway_responses.clone(),
        })
    }
}
