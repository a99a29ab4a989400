//! The REST API of event source mappings [Lambda API reference]: requests in, documents out.

use std::collections::BTreeMap;

use hyper::Method;
use serde_json::{Map, Value, json};

use super::{
    mapping::{Mapping, State},
    mappings::{Filter, Mappings},
    outside::Outside,
    settings::Options,
};
use crate::{
    context::Context,
    error::ApiError,
    http::{Reply, Request},
    shard::Start,
    wire,
};

/// Mappings of one page when the caller does not say [`ListEventSourceMappings`, Lambda API reference].
const PAGE: usize = 100;

/// Answers a request below `/2015-03-31/event-source-mappings`, or about the tags of a mapping's ARN below
/// `/2017-03-31/tags`.
pub(crate) fn answer<O: Outside>(
    mappings: &Mappings<O>,
    cx: &Context,
    request: &Request,
) -> Result<Reply, ApiError> {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (&request.method, segments.as_slice()) {
        (&Method::POST, ["2015-03-31", "event-source-mappings"]) => {
            let mapping = mappings.create(cx, Options::create(body(request)?)?)?;
            Ok(show(202, &mapping, Some(State::Creating)))
        }
        (&Method::GET, ["2015-03-31", "event-source-mappings"]) => list(mappings, cx, request),
        (&Method::GET, ["2015-03-31", "event-source-mappings", uuid]) => {
            Ok(show(200, &*mappings.get(cx, uuid)?, None))
        }
        (&Method::PUT, ["2015-03-31", "event-source-mappings", uuid]) => {
            let mapping = mappings.update(cx, uuid, &Options::update(body(request)?)?)?;
            Ok(show(202, &mapping, None))
        }
        (&Method::DELETE, ["2015-03-31", "event-source-mappings", uuid]) => {
            Ok(show(202, &*mappings.delete(cx, uuid)?, Some(State::Deleting)))
        }
        (method, ["2017-03-31", "tags", arn]) => {
            let uuid = arn.rsplit_once(":event-source-mapping:").map_or("", |(_, uuid)| uuid);
            tags(method, &*mappings.get(cx, uuid)?, request)
        }
        _ => Err(unknown(request)),
    }
}

/// `ListTags`, `TagResource` and `UntagResource`.
fn tags(method: &Method, mapping: &Mapping, request: &Request) -> Result<Reply, ApiError> {
    match *method {
        Method::GET => return Ok(Reply::json(200, &json!({ "Tags": mapping.facts().tags }))),
        Method::POST => mapping.retag(tags_given(body(request)?)?, &[])?,
        Method::DELETE => {
            let named = request.parameters().into_iter().filter(|(name, _)| name == "tagKeys");
            mapping.retag(BTreeMap::new(), &named.map(|(_, key)| key).collect::<Vec<_>>())?;
        }
        _ => return Err(unknown(request)),
    }
    Ok(Reply::empty(204))
}

fn tags_given(mut body: Value) -> Result<BTreeMap<String, String>, ApiError> {
    wire::read(body.get_mut("Tags").map_or_else(|| json!({}), Value::take))
}

fn unknown(request: &Request) -> ApiError {
    ApiError::unknown_operation("lambda", &format!("{} {}", request.method, request.path))
}

fn body(request: &Request) -> Result<Value, ApiError> {
    if request.body.is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_slice(&request.body).map_err(|error| {
        ApiError::client(
            "InvalidRequestContentException",
            format!("Could not parse request body into json: {error}"),
        )
    })
}

fn list<O: Outside>(mappings: &Mappings<O>, cx: &Context, request: &Request) -> Result<Reply, ApiError> {
    let number = |name: &str, fallback: u64| match request.parameter(name) {
        None => Ok(fallback),
        Some(text) => text.parse::<u64>().map_err(|_| {
            ApiError::client("InvalidParameterValueException", format!("`{text}` is not a valid {name}"))
        }),
    };
    let limit = number("MaxItems", PAGE as u64)?;
    if !(1..=10_000).contains(&limit) {
        let (side, bound) = if limit == 0 { ("greater", 1) } else { ("less", 10_000) };
        return Err(ApiError::validation(format!(
            "1 validation error detected: Value '{limit}' at 'maxItems' failed to satisfy constraint: Member must have \
             value {side} than or equal to {bound}"
        )));
    }
    let filter = Filter {
        source_arn: request.parameter("EventSourceArn"),
        function: request.parameter("FunctionName"),
        from: number("Marker", 0)?,
        limit: (limit as usize).min(PAGE),
    };
    let (page, next) = mappings.list(cx, &filter);
    let documents: Vec<Value> = page.iter().map(|mapping| document(mapping, None)).collect();
    let mut output = json!({ "EventSourceMappings": documents });
    if let Some(next) = next {
        output["NextMarker"] = next.to_string().into();
    }
    Ok(Reply::json(200, &output))
}

fn show(status: u16, mapping: &Mapping, state: Option<State>) -> Reply {
    Reply::json(status, &document(mapping, state))
}

/// A mapping as the API shows it; `state` overrides its own, for answers that announce what begins.
fn document(mapping: &Mapping, state: Option<State>) -> Value {
    let (facts, plan) = (mapping.facts(), mapping.plan());
    let settings = &plan.settings;
    let mut output = Map::new();
    let mut insert = |name: &str, value: Value| output.insert(name.to_owned(), value);
    insert("UUID", mapping.uuid.clone().into());
    insert("EventSourceMappingArn", mapping.arn().into());
    insert("EventSourceArn", mapping.source_arn.clone().into());
    insert("FunctionArn", plan.function_arn.clone().into());
    insert("State", state.unwrap_or(facts.state).name().into());
    insert("StateTransitionReason", "User action".into());
    insert("LastModified", wire::epoch_seconds(facts.last_modified_ms));
    insert("LastProcessingResult", facts.last_result.text().into());
    match mapping.start {
        Start::Latest => insert("StartingPosition", "LATEST".into()),
        Start::Timestamp(at) => {
            insert("StartingPositionTimestamp", wire::epoch_seconds(at));
            insert("StartingPosition", "AT_TIMESTAMP".into())
        }
        _ => insert("StartingPosition", "TRIM_HORIZON".into()),
    };
    insert("BatchSize", settings.batch_size.into());
    insert("MaximumBatchingWindowInSeconds", settings.window.as_secs().into());
    insert("ParallelizationFactor", 1.into());
    insert("TumblingWindowInSeconds", 0.into());
    insert("MaximumRetryAttempts", settings.retries.map_or(-1, i64::from).into());
    insert("MaximumRecordAgeInSeconds", settings.record_age.map_or(-1, |age| age.as_secs() as i64).into());
    insert("BisectBatchOnFunctionError", settings.bisect.into());
    let types: &[&str] = if settings.partial_answers { &["ReportBatchItemFailures"] } else { &[] };
    insert("FunctionResponseTypes", types.into());
    let on_failure =
        settings.on_failure.as_ref().map_or_else(|| json!({}), |arn| json!({ "Destination": arn }));
    insert("DestinationConfig", json!({ "OnFailure": on_failure }));
    Value::Object(output)
}
