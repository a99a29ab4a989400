//! Lambda authorizers: a function returns a policy, which decides whether a request may pass [Input to and output from an
//! API Gateway Lambda authorizer].

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{
    event::{self, Arrival},
    execute::region_of,
    integration::Uri,
    refusal::Refusal,
};
use crate::{
    aside,
    context::Context,
    functions::{Functions, Invocation},
    http::Request,
    services::apigateway::{authorizers::Policy, model::Authorizer},
};

/// The result of an authorizer for one identity.
#[derive(Debug)]
pub(in crate::services::apigateway) struct Verdict {
    policy: Policy,
    /// `requestContext.authorizer` of the event.
    caller: Value,
}

/// Checks a request with its authorizer; returns the event's `requestContext.authorizer`, or refuses the request.
pub(super) async fn authorize(
    functions: &dyn Functions,
    cx: &Context,
    authorizer: &Authorizer,
    request: &Request,
    arrival: &Arrival<'_>,
) -> Result<Value, Refusal> {
    let live = arrival.live;
    let identity: Option<Vec<String>> =
        authorizer.sources().map(|source| identity(source, request, arrival)).collect();
    // The authorizer is not invoked for a request that lacks an identity source.
    let identity = identity.ok_or(Refusal::Unauthorized)?;
    if let Some(pattern) = &authorizer.identity_validation_expression
        && let Ok(pattern) = regex::Regex::new(&format!("^(?:{pattern})$"))
        && identity.first().is_some_and(|token| !pattern.is_match(token))
    {
        return Err(Refusal::Unauthorized);
    }
    let ttl = authorizer.authorizer_result_ttl_in_seconds;
    let key = [authorizer.id.clone(), live.stage.clone(), identity.join("\u{1f}")];
    let kept = if ttl > 0 { live.verdicts.lock().get(&key, arrival.at_ms) } else { None };
    let method = format!(
        "arn:aws:execute-api:{}:{}:{}/{}/{}{}",
        live.region, cx.account, live.api, live.stage, request.method, request.path
    );
    let verdict = match kept {
        Some(verdict) => verdict,
        None => {
            let verdict =
                Arc::new(ask(functions, cx, authorizer, request, arrival, (&method, &identity)).await?);
            let until_ms = arrival.at_ms + i64::from(ttl) * 1_000;
            live.verdicts.lock().put(key, Arc::clone(&verdict), until_ms, arrival.at_ms);
            verdict
        }
    };
    if verdict.policy.allows(&method) { Ok(verdict.caller.clone()) } else { Err(Refusal::Denied) }
}

/// The value of an identity source such as `method.request.header.Authorization`; `None` when the request has none.
fn identity(source: &str, request: &Request, arrival: &Arrival<'_>) -> Option<String> {
    let found = if let Some(name) = source.strip_prefix("method.request.header.") {
        request.header(name).map(str::to_owned)
    } else if let Some(name) = source.strip_prefix("method.request.querystring.") {
        request.parameter(name)
    } else if let Some(name) = source.strip_prefix("stageVariables.") {
        arrival.live.variables.get(name).cloned()
    } else {
        match source.strip_prefix("context.")? {
            "httpMethod" => Some(request.method.to_string()),
            "identity.sourceIp" => Some(request.peer.to_string()),
            "identity.userAgent" => request.header("user-agent").map(str::to_owned),
            "path" => Some(format!("/{}{}", arrival.live.stage, request.path)),
            "resourcePath" => Some(arrival.target.resource_path.clone()),
            "stage" => Some(arrival.live.stage.clone()),
            _ => None,
        }
    };
    found.filter(|text| !text.is_empty())
}

async fn ask(
    functions: &dyn Functions,
    cx: &Context,
    authorizer: &Authorizer,
    request: &Request,
    arrival: &Arrival<'_>,
    (method, identity): (&str, &[String]),
) -> Result<Verdict, Refusal> {
    let live = arrival.live;
    let failed = |why: &dyn std::fmt::Display| {
        tracing::warn!(
            api = live.api,
            authorizer = authorizer.name,
            "a Lambda authorizer gave no valid answer: {why}"
        );
        Refusal::NoVerdict
    };
    let event = if authorizer.kind == "TOKEN" {
        json!({ "type": "TOKEN", "methodArn": method, "authorizationToken": identity.first() })
    } else {
        // The authorizer does not get the body.
        let request = Request { body: Bytes::new(), ..request.clone() };
        let event = event::write(&request, arrival).map_err(|error| failed(&error))?;
        let mut event: Map<String, Value> = aside::from_json(&event).map_err(|error| failed(&error))?;
        event.remove("body");
        event.remove("isBase64Encoded");
        event.insert("type".to_owned(), "REQUEST".into());
        event.insert("methodArn".to_owned(), method.into());
        event.into()
    };
    let uri = Uri::parse(&authorizer.authorizer_uri).ok_or_else(|| failed(&"its URI names no function"))?;
    let function = uri.function(&live.variables).into_owned();
    let invocation = Invocation {
        payload: event.to_string().into(),
        trace_id: Some(arrival.trace_id.to_owned()),
        ..Invocation::default()
    };
    let outcome = functions.invoke(&region_of(cx, live, &function), &function, invocation).await;
    let outcome = outcome.map_err(|error| failed(&error))?;
    let answer: Value = aside::from_json(&outcome.payload).unwrap_or_default();
    if outcome.function_error.is_some() {
        // A function that fails with exactly this message denies the caller.
        return Err(match answer["errorMessage"].as_str() {
            Some("Unauthorized") => Refusal::Unauthorized,
            _ => failed(&"the function failed"),
        });
    }
    let policy = answer.get("policyDocument").and_then(Policy::read);
    let policy = policy.ok_or_else(|| failed(&"its answer has no policyDocument that can be evaluated"))?;
    let principal = answer["principalId"].as_str().ok_or_else(|| failed(&"its answer has no principalId"))?;
    let mut caller: Map<String, Value> = Map::new();
    for (name, value) in answer["context"].as_object().into_iter().flatten() {
        // All values in the context become texts in the event.
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            Value::Null => continue,
            _ => {
                return Err(failed(&format_args!(
                    "the member {name} of its context is no text, number or boolean"
                )));
            }
        };
        caller.insert(name.clone(), text.into());
    }
    caller.insert("principalId".to_owned(), principal.into());
    Ok(Verdict { policy, caller: caller.into() })
}
