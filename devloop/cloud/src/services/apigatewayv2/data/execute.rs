//! Handles one request to a stage, from the route to the response.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value};

use super::{
    access_log::{self, Integration, Trail},
    authorize::{Caller, authorize},
    issuers::Issuers,
    refusal::Refusal,
    snapshot::{Live, Target},
};
use crate::{
    arn::Arn,
    cause,
    clock::Clock,
    context::Context,
    functions::{Functions, Invocation, Outcome},
    http::{Reply, Request, decode},
    proxy::{self, Front},
    services::{
        apigateway::Bucket,
        apigatewayv2::{model::Api, settings::IntegrationSettings},
        logs::Logs,
    },
};

/// The largest request body [Quotas for configuring and running an HTTP API].
pub(in crate::services::apigatewayv2) const BODY_LIMIT: usize = 10 << 20;

/// The largest event of a synchronous invocation [Lambda quotas].
const EVENT_LIMIT: usize = 6 << 20;

/// What is needed to handle a request.
#[derive(Debug)]
pub(in crate::services::apigatewayv2) struct Dependencies<'a> {
    pub(in crate::services::apigatewayv2) clock: &'a Clock,
    pub(in crate::services::apigatewayv2) functions: &'a dyn Functions,
    pub(in crate::services::apigatewayv2) logs: &'a Logs,
    pub(in crate::services::apigatewayv2) issuers: &'a Issuers,
    pub(in crate::services::apigatewayv2) api: &'a Api,
}

/// A request and the route that it matches.
#[derive(Debug)]
pub(super) struct Matched<'a> {
    pub(super) live: &'a Live,
    pub(super) target: &'a Target,
    /// The path without the stage.
    pub(super) path: &'a str,
    /// The path's variables, decoded.
    values: Map<String, Value>,
    pub(super) front: Front<'a>,
}

impl Matched<'_> {
    /// Adds path variables, stage variables and the caller to an event.
    pub(super) fn complete(&self, mut event: Value, caller: Option<Value>) -> Value {
        if !self.values.is_empty() {
            event["pathParameters"] = self.values.clone().into();
        }
        if !self.live.variables.is_empty() {
            event["stageVariables"] = serde_json::json!(self.live.variables);
        }
        if let Some(caller) = caller {
            event["requestContext"]["authorizer"] = caller;
        }
        event
    }
}

/// Handles a client's request to the stage `live`. `request.path` does not include the stage; `shown` is the path that the
/// client sent.
pub(in crate::services::apigatewayv2) async fn execute(
    needed: &Dependencies<'_>,
    cx: &Context,
    live: &Live,
    request: Request,
    shown: &str,
) -> Reply {
    let mut trail = Trail { at_ms: needed.clock.now_ms(), ..Trail::default() };
    let reply = reply(needed, cx, live, &request, shown, &mut trail).await;
    let reply = reply.header("apigw-requestid", &cx.request_id);
    access_log::write(needed, cx, live, &request, shown, &trail, &reply);
    reply
}

async fn reply(
    needed: &Dependencies<'_>,
    cx: &Context,
    live: &Live,
    request: &Request,
    shown: &str,
    trail: &mut Trail,
) -> Reply {
    let cors = live.snapshot.cors.as_ref();
    if let Some(reply) = cors.and_then(|cors| cors.preflight(request)) {
        return reply;
    }
    let reply = match answer(needed, cx, live, request, shown, trail).await {
        Ok(reply) => reply,
        Err(refusal) => {
            trail.refusal = Some(refusal.clone());
            refusal.reply()
        }
    };
    match cors {
        Some(cors) => cors.replace(request, reply),
        None => reply,
    }
}

/// In API Gateway's order: route, throttle, authorizer, integration.
async fn answer(
    needed: &Dependencies<'_>,
    cx: &Context,
    live: &Live,
    request: &Request,
    shown: &str,
    trail: &mut Trail,
) -> Result<Reply, Refusal> {
    let found = live.snapshot.routes.find(request.method.as_str(), &request.path);
    let (target, values) = match &found {
        Some((target, values)) => (*target, values.as_slice()),
        None => (live.snapshot.default.as_ref().ok_or(Refusal::NotFound)?, [].as_slice()),
    };
    trail.target = Some(Arc::clone(target));
    let at_ms = trail.at_ms;
    if let Some((setting, throttle)) = live.bound(&target.route_key) {
        let mut buckets = needed.api.buckets.lock();
        let bucket =
            buckets.entry((live.stage.clone(), setting)).or_insert_with(|| Bucket::new(&throttle, at_ms));
        if !bucket.fill(&throttle, at_ms) {
            return Err(Refusal::Throttled);
        }
        bucket.take();
    }
    if request.body.len() > BODY_LIMIT {
        return Err(Refusal::TooLong);
    }
    let trace_id = request.header("x-amzn-trace-id").map_or_else(|| cause::new_trace(at_ms), str::to_owned);
    let matched = Matched {
        live,
        target,
        path: &request.path,
        values: values.iter().map(|(name, value)| ((*name).to_owned(), decode(value).into())).collect(),
        front: Front {
            api: &live.api,
            account: &cx.account,
            route_key: &target.route_key,
            stage: &live.stage,
            path: shown,
            request_id: &cx.request_id,
            trace_id: &trace_id,
            at_ms,
        },
    };
    let caller = match &target.authorizer {
        Some(authorizer) => Some(authorize(needed, cx, authorizer, request, &matched).await?),
        None => None,
    };
    if live.access_log.is_some() {
        trail.caller = caller.as_ref().map(|caller| caller.first.clone());
    }
    // A route without a target has no integration.
    let integration = target.integration.as_ref().ok_or(Refusal::Failed)?;
    let mut seen = Integration::default();
    let reply = invoke(needed, cx, &matched, request, integration, caller, &mut seen).await;
    trail.integration = Some(seen);
    reply
}

async fn invoke(
    needed: &Dependencies<'_>,
    cx: &Context,
    matched: &Matched<'_>,
    request: &Request,
    integration: &IntegrationSettings,
    caller: Option<Caller>,
    seen: &mut Integration,
) -> Result<Reply, Refusal> {
    let is_first = integration.payload_format_version == "1.0";
    let event = if is_first {
        let event = proxy::first_event(request, &matched.front, &matched.target.path);
        matched.complete(event, caller.map(|caller| caller.first))
    } else {
        matched.complete(proxy::event(request, &matched.front), caller.map(|caller| caller.second))
    };
    let payload = event.to_string();
    if payload.len() > EVENT_LIMIT {
        return Err(Refusal::TooLong);
    }
    let function = with_variables(integration.function().ok_or(Refusal::Failed)?, matched.live);
    let invocation = Invocation {
        payload: payload.into(),
        trace_id: Some(matched.front.trace_id.to_owned()),
        gives_way: true,
        ..Invocation::default()
    };
    let inner = region_of(cx, matched.live, &function);
    let limit = Duration::from_millis(integration.timeout_in_millis);
    let api = matched.live.api.as_str();
    let path = matched.front.path;
    let began_ms = needed.clock.now_ms();
    let invoked = needed.functions.invoke(&inner, &function, invocation);
    let outcome = if needed.functions.are_debugged() {
        Ok(invoked.await)
    } else {
        needed.clock.timeout(limit, invoked).await
    };
    seen.latency_ms = needed.clock.now_ms() - began_ms;
    let failed = |seen: &mut Integration, why: String| {
        tracing::warn!(api, path, request_id = seen.request_id, "{why}");
        seen.error = Some(why);
        Refusal::Failed
    };
    match outcome {
        Err(_) => {
            seen.error = Some(format!("the function did not answer within {} ms", limit.as_millis()));
            Err(Refusal::TimedOut)
        }
        Ok(Err(error)) => {
            seen.of_lambda = Some(error.status);
            if error.status == 413 {
                return Err(Refusal::TooLong);
            }
            Err(failed(seen, format!("the function could not be invoked: {error}")))
        }
        Ok(Ok(Outcome { function_error, request_id, payload, .. })) => {
            seen.of_lambda = Some(200);
            seen.request_id = Some(request_id);
            if function_error.is_some() {
                return Err(failed(seen, "the function failed".to_owned()));
            }
            let reply = if is_first { proxy::first_answer(&payload) } else { proxy::answer(&payload) };
            let reply =
                reply.ok_or_else(|| failed(seen, "the function's answer is no response".to_owned()))?;
            seen.of_function = Some(reply.status);
            Ok(reply)
        }
    }
}

/// A function's ARN with the stage variables replaced. A variable that the stage lacks becomes empty.
fn with_variables(arn: &str, live: &Live) -> String {
    let mut parts = arn.split("${stageVariables.");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        out.push_str(live.variables.get(name).map_or("", String::as_str));
        out.push_str(rest);
    }
    out
}

/// The context for invoking a function. A client's request has no region, so it comes from the function's ARN, or else from
/// the API.
pub(super) fn region_of(cx: &Context, live: &Live, function: &str) -> Context {
    let region = Arn::parse(function).map(|arn| arn.region).filter(|region| !region.is_empty());
    Context { region: region.map_or_else(|| Arc::clone(&live.region), Into::into), ..cx.clone() }
}
