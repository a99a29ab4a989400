//! What the service declares about itself, and its two interfaces: the control plane, and the deployed APIs.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::RwLock;
use serde_json::Value;

use super::{
    cloudformation, control,
    data::{self, Dependencies, Issuers, Refusal},
    model::Api,
};
use crate::{
    clock::Clock,
    context::Context,
    error::ApiError,
    functions::Functions,
    http::{Arriving, Reply, Request, decode},
    resource::ResourceType,
    service::{About, Answering, Service},
    services::{apigateway::unknown_route, logs::Logs},
};

static ABOUT: About = About {
    signing: "apigateway",
    routes: control::ROUTES,
    operations: control::OPERATIONS,
    without_effect: &[
        "access logs that go to Firehose; those that go to log groups are written",
        "detailed metrics of routes",
        "the role of integrations and authorizers: the embedded cloud does not evaluate IAM",
    ],
    // An imported definition may have 6 MB [API Gateway quotas].
    largest: 10 << 20,
    ..About::named("apigatewayv2")
};

/// API Gateway's HTTP APIs.
#[derive(Debug)]
pub(crate) struct HttpApis {
    pub(super) clock: Clock,
    functions: Arc<dyn Functions>,
    logs: Arc<Logs>,
    issuers: Issuers,
    /// By id. Ids are unique across regions, because a client's request to an API has no region.
    pub(super) apis: RwLock<BTreeMap<String, Arc<Api>>>,
}

impl HttpApis {
    /// A service without APIs, whose integrations invoke `functions` and whose access logs are in `logs`.
    pub(crate) fn new(clock: Clock, functions: Arc<dyn Functions>, logs: Arc<Logs>) -> Self {
        Self { clock, functions, logs, issuers: Issuers::default(), apis: RwLock::default() }
    }

    /// The API that the request's host or path addresses, and the rest of the path.
    fn addressed<'r>(&self, request: &'r Request) -> Option<(Arc<Api>, &'r str)> {
        if let Some(rest) = request.path.strip_prefix("/_aws/execute-api/") {
            let id = rest.split('/').next().unwrap_or_default();
            let api = self.apis.read().get(id).cloned()?;
            let path = &rest[id.len()..];
            return Some((api, if path.is_empty() { "/" } else { path }));
        }
        let host = request.host();
        let (id, rest) = host.split_once('.')?;
        if !rest.starts_with("execute-api.") {
            return None;
        }
        let api = self.apis.read().get(id).cloned()?;
        Some((api, &request.path))
    }

    /// Handles a request to an API. The stage is the path's first segment if there is a stage of this name, or else
    /// `$default`.
    async fn execute(&self, cx: &Context, api: &Api, path: &str, mut request: Request) -> Reply {
        let (first, rest) = path[1..].split_once('/').map_or((&path[1..], ""), |(first, rest)| (first, rest));
        let (live, path_behind) = {
            let state = api.state.read();
            let named = decode(first);
            match state.stages.get(&named).filter(|_| named != "$default") {
                Some(stage) => (stage.live.clone(), format!("/{rest}")),
                None => (state.stages.get("$default").and_then(|stage| stage.live.clone()), path.to_owned()),
            }
        };
        let Some(live) = live else { return Refusal::NotFound.reply() };
        request.path = path_behind;
        let needed = Dependencies {
            clock: &self.clock,
            functions: &*self.functions,
            logs: &self.logs,
            issuers: &self.issuers,
            api,
        };
        data::execute(&needed, cx, &live, request, path).await
    }
}

impl Service for HttpApis {
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
        self.addressed(request).is_some()
    }

    /// REST APIs have the same signing name and name their missing parts in their own error.
    fn unknown_route(&self, request: &Request) -> ApiError {
        if request.path.starts_with("/v2/") {
            let what = format!("{} {}", request.method, request.path);
            return ApiError::unknown_operation(self.about().name, &what);
        }
        unknown_route(request)
    }

    fn is_for_pages(&self) -> bool {
        true
    }

    fn answer<'a>(&'a self, cx: &'a Context, mut request: Request, body: Arriving) -> Answering<'a, Reply> {
        Box::pin(async move {
            request.body = match body.whole(&request.headers, data::BODY_LIMIT + 1).await {
                Ok(body) => body,
                Err(error) if error.status == 413 => return Refusal::TooLong.reply(),
                Err(error) => return Reply::error(&error),
            };
            let Some((api, path)) = self.addressed(&request) else {
                return Reply::error(&self.unknown_route(&request));
            };
            let path = path.to_owned();
            self.execute(cx, &api, &path, request).await
        })
    }

    fn resource_types(&self) -> Vec<(&'static str, Box<dyn ResourceType>)> {
        cloudformation::types()
    }
}
