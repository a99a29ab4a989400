//! The service: the APIs of all regions, its operations, and the requests to deployed APIs.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::{Mutex, RwLock};
use serde_json::Value;

use super::{cloudformation, control, data, model::Api, plans::Plans};
use crate::{
    clock::Clock,
    context::Context,
    error::ApiError,
    functions::Functions,
    http::{Arriving, Reply, Request, decode},
    regional::Regional,
    resource::ResourceType,
    service::{About, Answering, Service},
};

/// The largest body that is read. It is one byte more than a stage accepts, so that the stage itself refuses a larger body
/// in its own words [Quotas for configuring and running a REST API].
const BODY_LIMIT: usize = (10 << 20) + 1;

static ABOUT: About = About {
    routes: control::ROUTES,
    operations: control::OPERATIONS,
    without_effect: &["the role of UpdateAccount: no execution logs are written"],
    // An imported definition may have 6 MB [API Gateway quotas].
    largest: 10 << 20,
    ..About::named("apigateway")
};

/// API Gateway's REST APIs.
#[derive(Debug)]
pub(crate) struct ApiGateway {
    pub(super) clock: Clock,
    functions: Arc<dyn Functions>,
    /// By id. Ids are unique across regions, because a client's request to an API has no region.
    pub(super) apis: RwLock<BTreeMap<String, Arc<Api>>>,
    /// The keys and usage plans.
    pub(super) plans: Regional<Plans>,
    /// The role that `UpdateAccount` sets; kept and shown without effect.
    pub(super) log_roles: Regional<Mutex<Option<String>>>,
}

impl ApiGateway {
    /// A service without APIs, whose proxy integrations invoke `functions`.
    pub(crate) fn new(clock: Clock, functions: Arc<dyn Functions>) -> Self {
        Self {
            clock,
            functions,
            apis: RwLock::default(),
            plans: Regional::default(),
            log_roles: Regional::default(),
        }
    }

    /// Handles a client's request to `stage` of the API `api`. `request.path` does not include the stage.
    pub(crate) async fn execute(&self, cx: &Context, api: &str, stage: &str, request: Request) -> Reply {
        let found = self.apis.read().get(api).cloned();
        let Some(found) = found else { return data::unknown_api(api) };
        let live = found.state.read().stages.get(stage).map(|stage| Arc::clone(&stage.live));
        let Some(live) = live else { return data::unknown_stage() };
        let plans = self.plans.of(&live.region);
        data::execute(&self.clock, (&*self.functions, &*plans), cx, &live, request).await
    }
}

impl Service for ApiGateway {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn call<'a>(
        &'a self,
        cx: &'a Context,
        operation: &'a str,
        input: Value,
    ) -> Answering<'a, Result<Value, ApiError>> {
        Box::pin(async move { control::call(self, cx, operation, input) })
    }

    fn is_addressed(&self, request: &Request) -> bool {
        stage_of(request).is_some()
    }

    fn is_for_pages(&self) -> bool {
        true
    }

    fn answer<'a>(&'a self, cx: &'a Context, mut request: Request, body: Arriving) -> Answering<'a, Reply> {
        Box::pin(async move {
            let Some((api, stage, path)) = stage_of(&request) else {
                return Reply::error(&self.unknown_route(&request));
            };
            request.body = match body.whole(&request.headers, BODY_LIMIT).await {
                Ok(body) => body,
                Err(error) if error.status == 413 => return data::too_long(),
                Err(error) => return Reply::error(&error),
            };
            request.path = path;
            self.execute(cx, &api, &stage, request).await
        })
    }

    fn unknown_route(&self, request: &Request) -> ApiError {
        control::unknown_route(request)
    }

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        cloudformation::types()
    }
}

/// The API, the stage and the rest of the path that a request addresses: by the host `<id>.execute-api.<domain>`, or below
/// `/_aws/execute-api/<id>/<stage>` or `/restapis/<id>/<stage>/_user_request_`, which need no name resolution.
fn stage_of(request: &Request) -> Option<(String, String, String)> {
    let found =
        |api: &str, stage: &str, rest: &str| Some((api.to_owned(), decode(stage), format!("/{rest}")));
    if let Some(rest) = request.path.strip_prefix("/_aws/execute-api/") {
        let mut parts = rest.splitn(3, '/');
        return found(parts.next()?, parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    }
    if let Some(rest) = request.path.strip_prefix("/restapis/") {
        let mut parts = rest.splitn(4, '/');
        let (api, stage, marker) = (parts.next()?, parts.next(), parts.next());
        if let (Some(stage), Some("_user_request_")) = (stage, marker) {
            return found(api, stage, parts.next().unwrap_or(""));
        }
    }
    let host = request.host();
    let (api, rest) = host.split_once('.')?;
    if !rest.starts_with("execute-api.") {
        return None;
    }
    let rest = request.path.strip_prefix('/').unwrap_or(&request.path);
    let (stage, path) = rest.split_once('/').unwrap_or((rest, ""));
    found(api, stage, path)
}
