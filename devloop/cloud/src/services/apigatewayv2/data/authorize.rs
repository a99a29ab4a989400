//! Decides whether a request may pass, by its JWT or by a Lambda authorizer [Control access to HTTP APIs with AWS Lambda
//! authorizers].

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{
    execute::{Dependencies, Matched, region_of},
    jwt,
    refusal::Refusal,
    snapshot::{Authorizer, Live},
};
use crate::{
    aside,
    context::Context,
    functions::Invocation,
    http::Request,
    proxy,
    services::{
        apigateway::{Kept, Policy},
        apigatewayv2::settings::function_of,
    },
};

/// How long a result is cached by default, in seconds: not at all.
const TTL_S: u32 = 0;

/// The result of a Lambda authorizer for one identity.
#[derive(Debug)]
pub(in crate::services::apigatewayv2) enum Verdict {
    /// A simple response: whether the request may pass, and the context.
    Simple(bool, Value),
    /// An IAM policy, the principal's id, and the context.
    Policy(Policy, String, Value),
}

/// Cached results, by authorizer, stage and identity.
pub(in crate::services::apigatewayv2) type Cache = Kept<Verdict>;

/// The authorizer's result in the form of events.
#[derive(Debug)]
pub(super) struct Caller {
    /// `requestContext.authorizer` in payload format 1.0 and 2.0.
    pub(super) first: Value,
    pub(super) second: Value,
}

/// Checks a request with its authorizer; refuses it or returns the caller for the event.
pub(super) async fn authorize(
    needed: &Dependencies<'_>,
    cx: &Context,
    authorizer: &Authorizer,
    request: &Request,
    matched: &Matched<'_>,
) -> Result<Caller, Refusal> {
    let now_ms = matched.front.at_ms;
    let sources = authorizer.settings.identity_source.iter();
    let identity: Option<Vec<String>> = sources.map(|source| identity(source, request, matched)).collect();
    // The authorizer is not invoked for a request that lacks an identity source.
    let identity = identity.ok_or(Refusal::Unauthorized(None))?;
    if let Some(jwt) = &authorizer.settings.jwt_configuration {
        let claims = jwt::check(needed.issuers, jwt, &authorizer.scopes, &identity[0], now_ms).await?;
        return Ok(Caller { first: claims.clone(), second: json!({ "jwt": claims }) });
    }
    let live = matched.live;
    let key = [authorizer.id.clone(), live.stage.clone(), identity.join("\u{1f}")];
    let ttl = authorizer.settings.authorizer_result_ttl_in_seconds.unwrap_or(TTL_S);
    let is_kept = ttl > 0 && !identity.is_empty();
    let kept = if is_kept { needed.api.verdicts.lock().get(&key, now_ms) } else { None };
    let verdict = match kept {
        Some(verdict) => verdict,
        None => {
            let verdict = Arc::new(ask(needed, cx, authorizer, request, matched, &identity).await?);
            if is_kept {
                let until_ms = now_ms + i64::from(ttl) * 1_000;
                needed.api.verdicts.lock().put(key, Arc::clone(&verdict), until_ms, now_ms);
            }
            verdict
        }
    };
    match &*verdict {
        Verdict::Simple(true, context) => Ok(caller(context, None)),
        Verdict::Policy(policy, principal, context) if policy.allows(&arn(cx, live, request, matched)) => {
            Ok(caller(context, Some(principal)))
        }
        Verdict::Simple(false, _) | Verdict::Policy(..) => Err(Refusal::Forbidden(None)),
    }
}

fn caller(context: &Value, principal: Option<&String>) -> Caller {
    let mut first: Map<String, Value> = context.as_object().cloned().unwrap_or_default();
    if let Some(principal) = principal {
        first.insert("principalId".to_owned(), principal.as_str().into());
    }
    Caller { first: first.into(), second: json!({ "lambda": context }) }
}

/// The value of an identity source such as `$request.header.Authorization`; `None` when the request has none.
fn identity(source: &str, request: &Request, matched: &Matched<'_>) -> Option<String> {
    let found = if let Some(name) = source.strip_prefix("$request.header.") {
        request.header(name).map(str::to_owned)
    } else if let Some(name) = source.strip_prefix("$request.querystring.") {
        request.parameter(name)
    } else if let Some(name) = source.strip_prefix("$stageVariables.") {
        matched.live.variables.get(name).cloned()
    } else {
        match source.strip_prefix("$context.")? {
            "routeKey" => Some(matched.front.route_key.to_owned()),
            "httpMethod" => Some(request.method.to_string()),
            "path" => Some(matched.front.path.to_owned()),
            "stage" => Some(matched.live.stage.clone()),
            "identity.sourceIp" => Some(request.peer.to_string()),
            "identity.userAgent" => request.header("user-agent").map(str::to_owned),
            _ => None,
        }
    };
    found.filter(|text| !text.is_empty())
}

/// `arn:aws:execute-api:<region>:<account>:<api>/<stage>/<method>/<path>`.
fn arn(cx: &Context, live: &Live, request: &Request, matched: &Matched<'_>) -> String {
    format!(
        "arn:aws:execute-api:{}:{}:{}/{}/{}{}",
        live.region, cx.account, live.api, live.stage, request.method, matched.path
    )
}

async fn ask(
    needed: &Dependencies<'_>,
    cx: &Context,
    authorizer: &Authorizer,
    request: &Request,
    matched: &Matched<'_>,
    identity: &[String],
) -> Result<Verdict, Refusal> {
    let settings = &authorizer.settings;
    let function = settings.authorizer_uri.as_deref().and_then(function_of).ok_or(Refusal::Failed)?;
    let arn = arn(cx, matched.live, request, matched);
    // The authorizer does not get the body.
    let request = Request { body: Bytes::new(), ..request.clone() };
    let mut event = if settings.authorizer_payload_format_version.as_deref() == Some("2.0") {
        let mut event = matched.complete(proxy::event(&request, &matched.front), None);
        event["routeArn"] = arn.into();
        event["identitySource"] = json!(identity);
        event
    } else {
        let mut event =
            matched.complete(proxy::first_event(&request, &matched.front, &matched.target.path), None);
        event["methodArn"] = arn.into();
        event["identitySource"] = identity.join(",").into();
        event["authorizationToken"] = identity.join(",").into();
        event
    };
    event["type"] = "REQUEST".into();
    if let Some(members) = event.as_object_mut() {
        members.remove("body");
        members.remove("isBase64Encoded");
    }
    let invocation = Invocation {
        payload: event.to_string().into(),
        trace_id: Some(matched.front.trace_id.to_owned()),
        ..Invocation::default()
    };
    let cx = region_of(cx, matched.live, function);
    let outcome = needed.functions.invoke(&cx, function, invocation).await;
    let read = match outcome {
        Ok(outcome) if outcome.function_error.is_none() => {
            let answer: Value = aside::from_json(&outcome.payload).unwrap_or_default();
            parse_verdict(&answer, settings.enable_simple_responses == Some(true))
        }
        Ok(_) => Err("the function failed".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    read.map_err(|why| {
        tracing::warn!(
            api = matched.live.api,
            authorizer = settings.name,
            "a Lambda authorizer gave no valid answer: {why}"
        );
        Refusal::Failed
    })
}

/// Reads the answer of an authorizer.
fn parse_verdict(answer: &Value, simple: bool) -> Result<Verdict, String> {
    let context = answer.get("context").cloned().unwrap_or_else(|| json!({}));
    if simple {
        let may = answer.get("isAuthorized").and_then(Value::as_bool);
        return may.map(|may| Verdict::Simple(may, context)).ok_or_else(|| {
            format!(
                "the simple form needs the member isAuthorized, true or false, and the answer was {answer}"
            )
        });
    }
    let policy = answer.get("policyDocument").and_then(Policy::read);
    let principal = answer.get("principalId").and_then(Value::as_str).unwrap_or_default().to_owned();
    policy
        .map(|policy| Verdict::Policy(policy, principal, context))
        .ok_or_else(|| format!("the answer has no policyDocument that can be evaluated: {answer}"))
}
