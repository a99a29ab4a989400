//! What a deployment froze, and what a stage shows of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{integration::Uri, media::MediaTypes, routes::Routes};
use crate::services::apigateway::model::State;

/// An API at the moment of its deployment, in the form that answers requests.
#[derive(Debug)]
pub(in crate::services::apigateway) struct Snapshot {
    pub(super) routes: Routes<Target>,
    pub(super) binary: MediaTypes,
}

/// Where a matched request goes.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) resource_id: String,
    pub(super) resource_path: String,
    pub(super) function: Uri,
    /// How long the function may take to answer.
    pub(super) timeout: Duration,
}

/// What a request to one stage needs, found with a single lookup.
#[derive(Debug)]
pub(in crate::services::apigateway) struct Live {
    pub(in crate::services::apigateway) api: String,
    pub(in crate::services::apigateway) region: Arc<str>,
    pub(in crate::services::apigateway) stage: String,
    pub(in crate::services::apigateway) deployment: String,
    pub(in crate::services::apigateway) variables: BTreeMap<String, String>,
    pub(in crate::services::apigateway) snapshot: Arc<Snapshot>,
}

impl Snapshot {
    /// Freezes an API; the error says why AWS would not deploy it.
    pub(in crate::services::apigateway) fn of(state: &State) -> Result<Self, &'static str> {
        let mut routes = Routes::default();
        let mut methods = 0;
        for resource in state.resources.values() {
            for (name, method) in &resource.methods {
                let integration =
                    method.method_integration.as_ref().ok_or("No integration defined for method")?;
                let function = Uri::parse(&integration.uri).ok_or("Invalid function ARN or invalid uri")?;
                let target = Target {
                    resource_id: resource.id.clone(),
                    resource_path: resource.path.clone(),
                    function,
                    timeout: integration.timeout,
                };
                routes.insert(&resource.path, name, target);
                methods += 1;
            }
        }
        if methods == 0 {
            return Err("The REST API doesn't contain any methods");
        }
        Ok(Self { routes, binary: MediaTypes::new(&state.about.binary_media_types) })
    }
}
