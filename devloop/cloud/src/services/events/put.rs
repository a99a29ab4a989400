//! `PutEvents`: passes each entry to the rules that match it, and each rule's events to its targets.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    courier::{Courier, Delivery},
    event::{Carried, Event},
    service::{EventBridge, find},
    store::{Bus, Region, Rule},
    targets::{Input, Target},
};
use crate::{
    context::Context,
    error::{ApiError, detected, violation_without_value},
    event_pattern::Pattern,
    regional::Regional,
    wire,
};

/// The most entries in a call, and the largest total size of all entries, in bytes [PutEvents; Calculating event entry
/// size].
const MOST_ENTRIES: usize = 10;
const LARGEST: usize = 256 << 10;

/// How many buses may pass an event on. Without a limit, rules that send to each other's bus would go on forever.
const MOST_HOPS: u32 = 8;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    #[serde(default, deserialize_with = "wire::timestamp")]
    time: Option<i64>,
    source: Option<String>,
    #[serde(default)]
    resources: Vec<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    event_bus_name: Option<String>,
}

/// `PutEvents`.
pub(super) fn put_events(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let given = input["Entries"].as_array().map(Vec::as_slice).unwrap_or_default();
    if given.is_empty() || given.len() > MOST_ENTRIES {
        let must = format!("have length less than or equal to {MOST_ENTRIES} and at least 1");
        return Err(ApiError::validation(detected(&[violation_without_value("entries", must)])));
    }
    let entries: Vec<Entry> = given
        .iter()
        .map(|entry| serde_json::from_value(entry.clone()))
        .collect::<Result<_, _>>()
        .map_err(|error| ApiError::client("SerializationException", error.to_string()))?;
    let size = |entry: &Entry| {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let time = if entry.time.is_some() { 14 } else { 0 };
        time + text(&entry.source)
            + text(&entry.detail_type)
            + text(&entry.detail)
            + entry.resources.iter().map(String::len).sum::<usize>()
    };
    if entries.iter().map(size).sum::<usize>() > LARGEST {
        return Err(ApiError::validation("Total size of the entries in the request is over the limit."));
    }
    let mut failed = 0;
    let answers: Vec<Value> = entries
        .iter()
        .map(|entry| {
            put_one(service, cx, entry).map_or_else(
                |(code, message)| {
                    failed += 1;
                    json!({ "ErrorCode": code, "ErrorMessage": message })
                },
                |id| json!({ "EventId": id }),
            )
        })
        .collect();
    Ok(json!({ "FailedEntryCount": failed, "Entries": answers }))
}

fn put_one(service: &EventBridge, cx: &Context, entry: &Entry) -> Result<String, (&'static str, String)> {
    let required = |name: &str, text: &Option<String>| {
        text.clone().filter(|text| !text.is_empty()).ok_or_else(|| {
            (
                "InvalidArgument",
                format!("Parameter {name} is not valid. Reason: {name} is a required argument."),
            )
        })
    };
    let source = required("Source", &entry.source)?;
    let detail_type = required("DetailType", &entry.detail_type)?;
    let detail = required("Detail", &entry.detail)?;
    let malformed = || ("MalformedDetail", "Detail is malformed.".to_owned());
    let detail = RawValue::from_string(detail.trim().to_owned()).map_err(|_| malformed())?;
    if !detail.get().starts_with('{') {
        return Err(malformed());
    }
    let name = entry.event_bus_name.as_deref().unwrap_or_default();
    // An event for a bus that does not exist is accepted and lost, as on AWS.
    let bus = find(&service.regions, cx, name).ok();
    let at_ms = entry.time.unwrap_or_else(|| service.clock.now_ms());
    let event = Event::new(cx, &source, &detail_type, entry.resources.clone(), &detail, at_ms);
    let id = event.id.clone();
    match bus {
        Some(bus) => pass(&service.courier, &service.regions, cx, &bus, &Carried::new(event.text(), 0)),
        None => tracing::warn!(bus = name, source, "an event for a bus that does not exist is lost"),
    }
    Ok(id)
}

/// Passes an event to every rule of a bus that matches it.
fn pass(courier: &Arc<Courier>, regions: &Regional<Region>, cx: &Context, bus: &Bus, event: &Carried) {
    let rules: Vec<Arc<Rule>> = bus.rules.read().values().filter(|rule| fits(rule, event)).cloned().collect();
    for rule in rules {
        let targets: Vec<Arc<Target>> = rule.targets.read().values().cloned().collect();
        for target in targets {
            let to = &target.settings.arn;
            if !to.contains(":event-bus/") {
                courier.send(delivery(cx, &rule, &target, event));
                continue;
            }
            // A bus gets the event itself, with its id and whatever the input settings of the target are.
            let hops = event.hops + 1;
            let next = find(regions, cx, to).ok().filter(|_| hops <= MOST_HOPS);
            match next {
                Some(next) => pass(courier, regions, cx, &next, &Carried::new(event.text.clone(), hops)),
                None => tracing::warn!(
                    rule = rule.arn,
                    target = to,
                    hops,
                    "an event was not passed on: the bus does not exist, or rules of buses send to each other"
                ),
            }
        }
    }
}

fn fits(rule: &Rule, event: &Carried) -> bool {
    rule.is_enabled && rule.pattern.as_ref().is_some_and(|(_, pattern)| pattern.accepts(&event.value))
}

/// Delivers an event to every target of a rule.
pub(super) fn deliver(courier: &Arc<Courier>, cx: &Context, rule: &Rule, event: &Carried) {
    let targets: Vec<Arc<Target>> = rule.targets.read().values().cloned().collect();
    for target in targets {
        courier.send(delivery(cx, rule, &target, event));
    }
}

fn delivery(cx: &Context, rule: &Rule, target: &Target, event: &Carried) -> Delivery {
    let value = &event.value;
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let body = match &target.input {
        Input::Event => event.text.clone(),
        Input::Constant(text) => text.clone(),
        Input::Part(path) => path.of(value).map_or_else(|| "null".to_owned(), Value::to_string),
        Input::Made(template) => template.made(value, |name| match name {
            "aws.events.rule-arn" => Some(rule.arn.as_str().into()),
            "aws.events.rule-name" => Some(rule.name.as_str().into()),
            "aws.events.event.ingestion-time" => Some(value["time"].clone()),
            "aws.events.event" => {
                let mut bare = value.clone();
                if let Some(members) = bare.as_object_mut() {
                    members.remove("detail");
                }
                Some(bare)
            }
            "aws.events.event.json" => Some(value.clone()),
            _ => None,
        }),
    };
    let partition = target.partition.as_ref().and_then(|path| path.of(value));
    Delivery {
        cx: cx.clone(),
        from: rule.arn.clone(),
        target: target.settings.arn.clone(),
        body,
        partition: match partition {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => text("id"),
        },
        group: target.group.clone(),
        kind: (text("source"), text("detail-type")),
        patience: target.patience,
        dead_letters: target.dead_letters.clone(),
        pending: Arc::clone(&rule.pending),
    }
}

/// `TestEventPattern`.
pub(super) fn test_pattern(_: &EventBridge, _: &Context, input: &Value) -> Result<Value, ApiError> {
    let text = |name: &str| {
        input[name].as_str().ok_or_else(|| ApiError::validation(format!("{name} must be given")))
    };
    let pattern = Pattern::parse(text("EventPattern")?).map_err(|error| {
        ApiError::client(
            "InvalidEventPatternException",
            format!("Event pattern is not valid. Reason: {error}"),
        )
    })?;
    let event: Value = serde_json::from_str(text("Event")?)
        .map_err(|error| ApiError::validation(format!("Parameter Event is not valid. Reason: {error}")))?;
    for member in ["id", "account", "source", "time", "region", "resources", "detail-type"] {
        if event.get(member).is_none() {
            return Err(ApiError::validation(format!(
                "Parameter Event is not valid. Reason: {member} is a required argument."
            )));
        }
    }
    Ok(json!({ "Result": pattern.accepts(&event) }))
}
