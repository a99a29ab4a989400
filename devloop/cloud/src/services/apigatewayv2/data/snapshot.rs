//! The snapshot that a deployment makes, and what a stage serves of it.

use std::{collections::BTreeMap, sync::Arc};

use super::access_log::AccessLog;
use crate::{
    proxy::Cors,
    services::{
        apigateway::{Routes, Throttle},
        apigatewayv2::{
            model::{Api, State},
            settings::{AuthorizerSettings, Bounds, IntegrationSettings, StageSettings, Texts},
        },
    },
};

/// An API at one moment, prepared to answer requests.
#[derive(Debug)]
pub(in crate::services::apigatewayv2) struct Snapshot {
    pub(super) routes: Routes<Arc<Target>>,
    /// The route `$default`.
    pub(super) default: Option<Arc<Target>>,
    pub(super) cors: Option<Cors>,
}

/// The target of a matched request.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) route_key: String,
    /// The route's path with its variables, or `$default`.
    pub(super) path: String,
    pub(super) integration: Option<IntegrationSettings>,
    pub(super) authorizer: Option<Authorizer>,
}

/// The authorizer of a route.
#[derive(Debug)]
pub(super) struct Authorizer {
    pub(super) id: String,
    pub(super) settings: AuthorizerSettings,
    /// The scopes of the route. A token must have one of them.
    pub(super) scopes: Vec<String>,
}

impl Snapshot {
    /// Makes a snapshot of an API.
    pub(in crate::services::apigatewayv2) fn of(state: &State) -> Self {
        let mut routes = Routes::default();
        let mut default = None;
        for route in state.routes.values() {
            let authorizer = route.authorizer_id.as_ref().and_then(|id| {
                let settings = state.authorizers.get(id)?.clone();
                Some(Authorizer { id: id.clone(), settings, scopes: route.authorization_scopes.clone() })
            });
            let parts = route.method_and_path();
            let target = Arc::new(Target {
                route_key: route.route_key.clone(),
                path: parts.map_or("$default", |(_, path)| path).to_owned(),
                integration: route.integration().and_then(|id| state.integrations.get(id)).cloned(),
                authorizer,
            });
            match parts {
                Some((method, path)) => routes.insert(path, method, target),
                None => default = Some(target),
            }
        }
        Self { routes, default, cors: state.settings.cors_configuration.clone() }
    }
}

/// Everything that a request to one stage needs.
#[derive(Debug)]
pub(in crate::services::apigatewayv2) struct Live {
    pub(super) api: String,
    pub(super) region: Arc<str>,
    pub(super) stage: String,
    pub(super) variables: Texts,
    /// Throttles by route key, and the default for all other routes.
    pub(super) throttles: BTreeMap<String, Throttle>,
    pub(super) throttle: Option<Throttle>,
    pub(super) access_log: Option<AccessLog>,
    pub(super) snapshot: Arc<Snapshot>,
}

impl Live {
    /// What requests to a stage of `api` with these settings use.
    pub(in crate::services::apigatewayv2) fn new(
        api: &Api,
        stage: &StageSettings,
        snapshot: Arc<Snapshot>,
    ) -> Self {
        Self {
            api: api.id.clone(),
            region: Arc::clone(&api.region),
            stage: stage.stage_name.clone(),
            variables: stage.stage_variables.clone(),
            throttles: stage
                .route_settings
                .iter()
                .filter_map(|(route, bounds)| Some((route.clone(), throttle(bounds)?)))
                .collect(),
            throttle: throttle(&stage.default_route_settings),
            access_log: stage.access_log_settings.as_ref().and_then(AccessLog::of),
            snapshot,
        }
    }

    /// The throttle of a route, and the route key of its setting; empty for the default.
    pub(super) fn bound(&self, route_key: &str) -> Option<(String, Throttle)> {
        match self.throttles.get(route_key) {
            Some(throttle) => Some((route_key.to_owned(), *throttle)),
            None => self.throttle.map(|throttle| (String::new(), throttle)),
        }
    }
}

fn throttle(bounds: &Bounds) -> Option<Throttle> {
    let (rate, burst) = (bounds.throttling_rate_limit, bounds.throttling_burst_limit);
    let rate_limit = rate.or_else(|| burst.map(|burst| burst as f64))?;
    Some(Throttle { burst_limit: burst.unwrap_or(rate_limit.ceil() as i64), rate_limit })
}
