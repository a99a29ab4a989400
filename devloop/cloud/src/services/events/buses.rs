//! Buses, their policies, and the tags of buses and rules.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{
    courier::check_dead_letters,
    rules::paged,
    service::{EventBridge, missing},
    store::{Bus, DEFAULT, MOST_BUSES},
};
use crate::{arn::Arn, context::Context, error::ApiError, wire};

fn name_of(input: &Value) -> Result<&str, ApiError> {
    input["Name"]
        .as_str()
        .filter(|name| !name.is_empty())
        .ok_or_else(|| ApiError::validation("Name must be given"))
}

fn set(bus: &Bus, input: &Value) -> Result<(), ApiError> {
    let dead_letters = input["DeadLetterConfig"]["Arn"].as_str();
    check_dead_letters(dead_letters)?;
    if !input["KmsKeyIdentifier"].is_null() {
        return Err(ApiError::unsupported("customer keys of event buses (KmsKeyIdentifier)"));
    }
    let logging = Some(&input["LogConfig"]).filter(|logging| !logging.is_null());
    logging.map_or(Ok(()), check_logging)?;
    let mut settings = bus.settings.write();
    settings.logging = logging.cloned();
    settings.description = input["Description"].as_str().map(str::to_owned);
    settings.dead_letters = dead_letters.map(str::to_owned);
    Ok(())
}

/// Checks the values of `LogConfig` [LogConfig, EventBridge API reference].
fn check_logging(logging: &Value) -> Result<(), ApiError> {
    let values: [(&str, &str, &[&str]); 2] = [
        ("IncludeDetail", "logConfig.includeDetail", &["NONE", "FULL"]),
        ("Level", "logConfig.level", &["OFF", "ERROR", "INFO", "TRACE"]),
    ];
    for (member, shown, known) in values {
        if let Some(value) = logging[member].as_str().filter(|value| !known.contains(value)) {
            let must = format!("satisfy enum value set: [{}]", known.join(", "));
            return Err(ApiError::constraint(value, shown, &must));
        }
    }
    Ok(())
}

fn shown(cx: &Context, bus: &Bus) -> Value {
    let settings = bus.settings.read();
    let mut shown = json!({
        "Name": bus.name,
        "Arn": bus.arn(cx),
        "CreationTime": wire::epoch_seconds(bus.created_ms),
        "LastModifiedTime": wire::epoch_seconds(bus.created_ms),
    });
    if let Some(text) = &settings.description {
        shown["Description"] = text.as_str().into();
    }
    if let Some(arn) = &settings.dead_letters {
        shown["DeadLetterConfig"] = json!({ "Arn": arn });
    }
    if let Some(logging) = &settings.logging {
        shown["LogConfig"] = logging.clone();
    }
    if !settings.policy.is_empty() {
        let statements: Vec<&Value> = settings.policy.values().collect();
        shown["Policy"] = json!({ "Version": "2012-10-17", "Statement": statements }).to_string().into();
    }
    shown
}

/// `CreateEventBus`.
pub(super) fn create(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let name = name_of(input)?;
    let valid = name.len() <= 256 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"/.-_".contains(&b));
    if !valid {
        return Err(ApiError::validation(format!("`{name}` is no name of an event bus: [/.\\-_A-Za-z0-9]+")));
    }
    if !input["EventSourceName"].is_null() {
        return Err(ApiError::unsupported("partner event sources (events)"));
    }
    let bus = Bus { name: name.to_owned(), created_ms: service.clock.now_ms(), ..Bus::default() };
    set(&bus, input)?;
    bus.settings.write().tags = tags_in(input)?;
    let region = service.regions.of(&cx.region);
    let mut buses = region.buses.write();
    if buses.contains_key(name) {
        return Err(ApiError::client(
            "ResourceAlreadyExistsException",
            format!("Event bus {name} already exists."),
        ));
    }
    if buses.len() >= MOST_BUSES {
        return Err(ApiError::client("LimitExceededException", "You have reached the limit of event buses."));
    }
    let mut output = json!({ "EventBusArn": bus.arn(cx) });
    if !input["LogConfig"].is_null() {
        output["LogConfig"] = input["LogConfig"].clone();
    }
    buses.insert(name.to_owned(), Arc::new(bus));
    Ok(output)
}

/// `UpdateEventBus`.
pub(super) fn update(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let bus = service.bus(cx, name_of(input)?)?;
    set(&bus, input)?;
    Ok(shown(cx, &bus))
}

/// `DescribeEventBus`.
pub(super) fn describe(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    Ok(shown(cx, &*service.bus(cx, input["Name"].as_str().unwrap_or(DEFAULT))?))
}

/// `ListEventBuses`.
pub(super) fn list(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let prefix = input["NamePrefix"].as_str().unwrap_or_default();
    let region = service.regions.of(&cx.region);
    let buses = region.buses.read();
    let found = buses.values().filter(|bus| bus.name.starts_with(prefix)).map(|bus| shown(cx, bus));
    paged(input, "EventBuses", found.collect())
}

/// `DeleteEventBus`. A bus that does not exist counts as deleted.
pub(super) fn delete(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let name = name_of(input)?;
    if name == DEFAULT {
        return Err(ApiError::validation("Cannot delete event bus default."));
    }
    let region = service.regions.of(&cx.region);
    let mut buses = region.buses.write();
    if buses.get(name).is_some_and(|bus| !bus.rules.read().is_empty()) {
        return Err(ApiError::validation("Event bus can't be deleted since it has rules."));
    }
    buses.remove(name);
    Ok(json!({}))
}

/// `PutPermission`: adds a statement to the bus's policy, which is kept and shown.
pub(super) fn put_permission(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let bus = service.bus(cx, input["EventBusName"].as_str().unwrap_or(DEFAULT))?;
    let mut settings = bus.settings.write();
    if let Some(policy) = input["Policy"].as_str() {
        let policy: Value = serde_json::from_str(policy)
            .map_err(|error| ApiError::validation(format!("the policy is not JSON: {error}")))?;
        let statements = policy["Statement"].as_array().cloned().unwrap_or_default();
        settings.policy = statements
            .into_iter()
            .enumerate()
            .map(|(at, statement)| {
                (statement["Sid"].as_str().map_or_else(|| at.to_string(), str::to_owned), statement)
            })
            .collect();
        return Ok(json!({}));
    }
    let id =
        input["StatementId"].as_str().ok_or_else(|| ApiError::validation("StatementId must be given"))?;
    let principal = match input["Principal"].as_str() {
        Some("*") => "*".into(),
        Some(account) => json!({ "AWS": format!("arn:aws:iam::{account}:root") }),
        None => return Err(ApiError::validation("Principal must be given")),
    };
    let mut statement = json!({
        "Sid": id, "Effect": "Allow", "Principal": principal, "Action": "events:PutEvents", "Resource": bus.arn(cx),
    });
    if let Some(condition) = input["Condition"].as_object() {
        let (kind, key) = (condition.get("Type"), condition.get("Key"));
        if let (Some(Value::String(kind)), Some(Value::String(key))) = (kind, key) {
            statement["Condition"] = json!({ kind: { key: condition.get("Value") } });
        }
    }
    settings.policy.insert(id.to_owned(), statement);
    Ok(json!({}))
}

/// `RemovePermission`.
pub(super) fn remove_permission(
    service: &EventBridge,
    cx: &Context,
    input: &Value,
) -> Result<Value, ApiError> {
    let bus = service.bus(cx, input["EventBusName"].as_str().unwrap_or(DEFAULT))?;
    let mut settings = bus.settings.write();
    if input["RemoveAllPermissions"] == true {
        settings.policy.clear();
        return Ok(json!({}));
    }
    let id = input["StatementId"].as_str().unwrap_or_default();
    settings
        .policy
        .shift_remove(id)
        .ok_or_else(|| missing("Statement with the provided id does not exist."))?;
    Ok(json!({}))
}

/// Reads the member `Tags`, a list of keys and values.
pub(super) fn tags_in(input: &Value) -> Result<std::collections::BTreeMap<String, String>, ApiError> {
    let read = |tag: &Value| {
        let (key, value) = (tag["Key"].as_str(), tag["Value"].as_str());
        key.zip(value).map(|(key, value)| (key.to_owned(), value.to_owned()))
    };
    let tags = input["Tags"].as_array().into_iter().flatten();
    tags.map(|tag| read(tag).ok_or_else(|| ApiError::validation("a tag has a Key and a Value"))).collect()
}

/// Applies an operation to the tags of the bus or rule that `ResourceARN` names.
fn on_tags<R>(
    service: &EventBridge,
    cx: &Context,
    input: &Value,
    work: impl FnOnce(&mut std::collections::BTreeMap<String, String>) -> R,
) -> Result<R, ApiError> {
    let arn = input["ResourceARN"].as_str().unwrap_or_default();
    let resource = Arn::parse(arn).map_or("", |arn| arn.resource);
    if let Some(name) = resource.strip_prefix("event-bus/") {
        return Ok(work(&mut service.bus(cx, name)?.settings.write().tags));
    }
    let path = resource.strip_prefix("rule/").ok_or_else(|| missing(format!("{arn} does not exist.")))?;
    let (bus, name) = path.split_once('/').unwrap_or((DEFAULT, path));
    let rule = service.bus(cx, bus)?.rules.read().get(name).cloned();
    let rule = rule.ok_or_else(|| missing(format!("Rule {name} does not exist on EventBus {bus}.")))?;
    Ok(work(&mut rule.tags.write()))
}

/// `ListTagsForResource`.
pub(super) fn tags(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    on_tags(service, cx, input, |tags| {
        let tags: Vec<Value> =
            tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        json!({ "Tags": tags })
    })
}

/// `TagResource`.
pub(super) fn tag(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let new = tags_in(input)?;
    on_tags(service, cx, input, |tags| tags.extend(new))?;
    Ok(Map::new().into())
}

/// `UntagResource`.
pub(super) fn untag(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let keys: Vec<&str> =
        input["TagKeys"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    on_tags(service, cx, input, |tags| tags.retain(|key, _| !keys.contains(&key.as_str())))?;
    Ok(Map::new().into())
}
