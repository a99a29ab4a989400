//! The operations on event source mappings [Lambda API reference].

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value, json};

use super::{
    kind::Kind,
    mapping::{Mapping, State},
    mappings::{Filter, Mappings},
    outside::Outside,
    settings::{Options, show_filters},
};
use crate::{
    context::Context,
    error::ApiError,
    rest::{Route, texts},
    shard::Start,
    wire,
};

/// The default number of mappings on one page [`ListEventSourceMappings`, Lambda API reference].
const PAGE: usize = 100;

/// The API's routes. The operations on tags belong to Lambda; their ARN decides who runs them.
pub(crate) const ROUTES: &[Route] = &[
    Route::new("POST", "/2015-03-31/event-source-mappings", "CreateEventSourceMapping", 202),
    Route::new("GET", "/2015-03-31/event-source-mappings", "ListEventSourceMappings", 200),
    Route::new("GET", "/2015-03-31/event-source-mappings/{UUID}", "GetEventSourceMapping", 200),
    Route::new("PUT", "/2015-03-31/event-source-mappings/{UUID}", "UpdateEventSourceMapping", 202),
    Route::new("DELETE", "/2015-03-31/event-source-mappings/{UUID}", "DeleteEventSourceMapping", 202),
];

/// The operations that [`call`] runs; operations on tags only if the ARN is that of a mapping.
pub(crate) const OPERATIONS: &[&str] = &[
    "CreateEventSourceMapping",
    "DeleteEventSourceMapping",
    "GetEventSourceMapping",
    "ListEventSourceMappings",
    "UpdateEventSourceMapping",
];

/// Runs one operation by its API name.
pub(crate) fn call<O: Outside>(
    mappings: &Mappings<O>,
    cx: &Context,
    operation: &str,
    mut input: Value,
) -> Result<Value, ApiError> {
    let uuid = text(&input, "UUID").unwrap_or_default();
    match operation {
        "CreateEventSourceMapping" => {
            let mapping = mappings.create(cx, Options::create(input)?)?;
            Ok(document(&mapping, Some(State::Creating)))
        }
        "ListEventSourceMappings" => list(mappings, cx, &input),
        "GetEventSourceMapping" => Ok(document(&*mappings.get(cx, &uuid)?, None)),
        "UpdateEventSourceMapping" => {
            if let Some(members) = input.as_object_mut() {
                members.remove("UUID");
            }
            let mapping = mappings.update(cx, &uuid, &Options::update(input)?)?;
            Ok(document(&mapping, None))
        }
        "DeleteEventSourceMapping" => Ok(document(&*mappings.delete(cx, &uuid)?, Some(State::Deleting))),
        "ListTags" => Ok(json!({ "Tags": tagged(mappings, cx, &input)?.facts().tags })),
        "TagResource" => {
            let mapping = tagged(mappings, cx, &input)?;
            mapping.retag(tags_given(input)?, &[])?;
            Ok(Value::Null)
        }
        "UntagResource" => {
            tagged(mappings, cx, &input)?.retag(BTreeMap::new(), &texts(&input, "tagKeys"))?;
            Ok(Value::Null)
        }
        _ => Err(ApiError::unknown_operation("lambda", operation)),
    }
}

/// Whether `input` contains the ARN of a mapping, in the member that operations on tags use.
pub(crate) fn names_mapping(input: &Value) -> bool {
    text(input, "Resource").is_some_and(|arn| arn.contains(":event-source-mapping:"))
}

fn tagged<O: Outside>(mappings: &Mappings<O>, cx: &Context, input: &Value) -> Result<Arc<Mapping>, ApiError> {
    let arn = text(input, "Resource").unwrap_or_default();
    let uuid = arn.rsplit_once(":event-source-mapping:").map_or("", |(_, uuid)| uuid);
    mappings.get(cx, uuid)
}

fn tags_given(mut input: Value) -> Result<BTreeMap<String, String>, ApiError> {
    wire::read(input.get_mut("Tags").map_or_else(|| json!({}), Value::take))
}

/// A member that is text in a query, but may be a number from other callers.
fn text(input: &Value, name: &str) -> Option<String> {
    match input.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn list<O: Outside>(mappings: &Mappings<O>, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let number = |name: &str, fallback: u64| match text(input, name) {
        None => Ok(fallback),
        Some(text) => text.parse::<u64>().map_err(|_| {
            ApiError::client("InvalidParameterValueException", format!("`{text}` is not a valid {name}"))
        }),
    };
    let limit = number("MaxItems", PAGE as u64)?;
    if !(1..=10_000).contains(&limit) {
        let (side, bound) = if limit == 0 { ("greater", 1) } else { ("less", 10_000) };
        let must = format!("have value {side} than or equal to {bound}");
        return Err(ApiError::constraint(limit, "maxItems", &must));
    }
    let filter = Filter {
        source_arn: text(input, "EventSourceArn"),
        function: text(input, "FunctionName"),
        from: number("Marker", 0)?,
        limit: (limit as usize).min(PAGE),
    };
    let (page, next) = mappings.list(cx, &filter);
    let documents: Vec<Value> = page.iter().map(|mapping| document(mapping, None)).collect();
    let mut output = json!({ "EventSourceMappings": documents });
    if let Some(next) = next {
        output["NextMarker"] = next.to_string().into();
    }
    Ok(output)
}

/// A mapping in the form of the API. `state` replaces its own state, in answers that announce a change.
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
    insert("BatchSize", settings.batch_size.into());
    insert("MaximumBatchingWindowInSeconds", settings.window.as_secs().into());
    if let Some(filters) = show_filters(&settings.filters) {
        insert("FilterCriteria", filters);
    }
    let types: &[&str] = if settings.partial_answers { &["ReportBatchItemFailures"] } else { &[] };
    insert("FunctionResponseTypes", types.into());
    if mapping.kind == Kind::Sqs {
        if let Some(most) = settings.concurrency {
            insert("ScalingConfig", json!({ "MaximumConcurrency": most }));
        }
        return Value::Object(output);
    }
    insert("LastProcessingResult", facts.last_result.text().into());
    match mapping.start {
        Start::Latest => insert("StartingPosition", "LATEST".into()),
        Start::Timestamp(at) => {
            insert("StartingPositionTimestamp", wire::epoch_seconds(at));
            insert("StartingPosition", "AT_TIMESTAMP".into())
        }
        _ => insert("StartingPosition", "TRIM_HORIZON".into()),
    };
    insert("ParallelizationFactor", settings.factor.into());
    insert("TumblingWindowInSeconds", settings.tumbling.map_or(0, |length| length.as_secs()).into());
    insert("MaximumRetryAttempts", settings.retries.map_or(-1, i64::from).into());
    insert("MaximumRecordAgeInSeconds", settings.record_age.map_or(-1, |age| age.as_secs() as i64).into());
    insert("BisectBatchOnFunctionError", settings.bisect.into());
    let on_failure =
        settings.on_failure.as_ref().map_or_else(|| json!({}), |arn| json!({ "Destination": arn }));
    insert("DestinationConfig", json!({ "OnFailure": on_failure }));
    Value::Object(output)
}
