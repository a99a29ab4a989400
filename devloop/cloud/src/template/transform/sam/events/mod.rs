//! `Events` of a function: the sources that invoke it [EventSource, AWS SAM Developer Guide].

mod api;
mod http_api;
mod logs;
mod pull;
mod rule;
mod s3;
mod schedule;
mod sns;

use serde_json::{Map, Value, json};

use super::{Build, Outcome, function::Function, only, value::attribute};

/// One event of a function.
pub(super) struct Event {
    /// The name in the function's `Events`.
    pub(super) name: String,
    /// The function's id and the event's name, with which the ids of its resources start.
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) properties: Map<String, Value>,
}

impl Event {
    fn property(&self, name: &str) -> Option<&Value> {
        self.properties.get(name)
    }

    fn required(&self, name: &str) -> Outcome<&Value> {
        self.property(name).ok_or_else(|| format!("{name} is missing"))
    }

    fn only(&self, known: &[&str]) -> Outcome<()> {
        only(&self.properties, known, "the property")
    }
}

/// Adds what the function's events need, in the order of their paths and names.
pub(super) fn make(build: &mut Build<'_>, function: &mut Function) -> Outcome<()> {
    for event in listed(function.property("Events"), function.id())? {
        let made = match event.kind.as_str() {
            "Api" => api::make(build, function, &event),
            "HttpApi" => http_api::make(build, function, &event),
            "Kinesis" | "DynamoDB" | "SQS" => pull::make(build, function, &event),
            "S3" => s3::make(build, function, &event),
            "SNS" => sns::make(build, function, &event),
            "Schedule" => schedule::rule(build, function, &event),
            "ScheduleV2" => schedule::schedule(build, function, &event),
            "EventBridgeRule" | "CloudWatchEvent" => rule::make(build, function, &event),
            "CloudWatchLogs" => logs::make(build, function, &event),
            other => Err(format!("the type `{other}` is not supported")),
        };
        made.map_err(|why| format!("the event {}: {why}", event.name))?;
    }
    Ok(())
}

/// The events of a function.
pub(super) fn listed(events: Option<&Value>, function: &str) -> Outcome<Vec<Event>> {
    let mut listed = Vec::new();
    for (name, event) in events.and_then(Value::as_object).into_iter().flatten() {
        let kind = event.get("Type").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| format!("the event {name}: it has no Type"))?;
        let properties = match event.get("Properties") {
            None => Map::new(),
            Some(Value::Object(properties)) => properties.clone(),
            Some(_) => return Err(format!("the event {name}: its Properties are no map")),
        };
        listed.push(Event {
            name: name.clone(),
            id: format!("{function}{name}"),
            kind: kind.to_owned(),
            properties,
        });
    }
    listed.sort_by_key(|event| {
        let default = (event.kind == "HttpApi").then_some("$default");
        let path = event.property("Path").and_then(Value::as_str).or(default);
        path.unwrap_or(&event.name).to_owned()
    });
    Ok(listed)
}

/// Permits a service to invoke the function.
fn permit(build: &mut Build<'_>, function: &Function, id: String, principal: &str, source: (&str, Value)) {
    let (name, source) = source;
    let permission = json!({
        "Action": "lambda:InvokeFunction", "FunctionName": function.name(), "Principal": principal, name: source,
    });
    build.add(id, "AWS::Lambda::Permission", &function.of_events(), permission);
}

/// The state of a rule or schedule: `State`, or `Enabled` converted to it.
fn state(event: &Event) -> Outcome<Option<Value>> {
    match (event.property("State"), event.property("Enabled")) {
        (Some(_), Some(_)) => Err("State and Enabled say the same; give one of them".to_owned()),
        (Some(state), None) => Ok(Some(state.clone())),
        (None, Some(Value::Bool(enabled))) => Ok(Some(if *enabled { "ENABLED" } else { "DISABLED" }.into())),
        (None, Some(_)) => Err("Enabled is true or false".to_owned()),
        (None, None) => Ok(None),
    }
}

/// The dead-letter queue: its ARN, and the logical id of the queue if one is created for it.
fn dead_letter_queue(
    build: &mut Build<'_>,
    function: &Function,
    event: &Event,
) -> Outcome<Option<(Value, Option<String>)>> {
    let Some(config) = event.property("DeadLetterConfig") else { return Ok(None) };
    let config = config.as_object().ok_or("DeadLetterConfig is no map")?;
    only(config, &["Arn", "QueueLogicalId", "Type"], "the property of DeadLetterConfig")?;
    match (config.get("Arn"), config.get("Type")) {
        (Some(arn), None) => Ok(Some((arn.clone(), None))),
        (None, Some(kind)) if kind == "SQS" => {
            let id = config.get("QueueLogicalId").and_then(Value::as_str);
            let id = id.map_or_else(|| format!("{}Queue", event.id), str::to_owned);
            build.add(id.clone(), "AWS::SQS::Queue", &function.of_events(), json!({}));
            Ok(Some((attribute(&id, "Arn"), Some(id))))
        }
        _ => Err("DeadLetterConfig needs an Arn, or the Type SQS".to_owned()),
    }
}
