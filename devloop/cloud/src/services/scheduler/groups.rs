//! Groups of schedules, and their tags.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    schedules::paged,
    service::{Group, Scheduler, missing, taken},
};
use crate::{context::Context, error::ApiError, rest::texts, wire};

/// The most groups of a region [Quotas for Amazon EventBridge Scheduler].
const MOST: usize = 500;

fn arn(cx: &Context, name: &str) -> String {
    cx.arn("scheduler", &format!("schedule-group/{name}"))
}

fn shown(cx: &Context, name: &str, group: &Group) -> Value {
    json!({
        "Arn": arn(cx, name),
        "Name": name,
        "State": "ACTIVE",
        "CreationDate": wire::epoch_seconds(group.created_ms),
        "LastModificationDate": wire::epoch_seconds(group.created_ms),
    })
}

fn name(input: &Value) -> &str {
    input["Name"].as_str().unwrap_or_default()
}

/// `CreateScheduleGroup`.
pub(super) fn create(service: &Scheduler, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let name = name(input);
    let valid = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if !valid {
        return Err(ApiError::validation(format!(
            "`{name}` is no name of a schedule group: [0-9a-zA-Z-_.]+, 64 at most"
        )));
    }
    let region = service.regions.of(&cx.region);
    let mut groups = region.groups.write();
    if groups.contains_key(name) {
        return Err(taken("Schedule group", name));
    }
    if groups.len() >= MOST {
        return Err(ApiError::with_status(
            402,
            "ServiceQuotaExceededException",
            format!("there are {MOST} groups already"),
        ));
    }
    groups.insert(name.to_owned(), Group { created_ms: service.clock.now_ms(), tags: tags_in(input) });
    Ok(json!({ "ScheduleGroupArn": arn(cx, name) }))
}

/// `GetScheduleGroup`.
pub(super) fn get(service: &Scheduler, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let region = service.regions.of(&cx.region);
    let groups = region.groups.read();
    groups
        .get(name(input))
        .map(|group| shown(cx, name(input), group))
        .ok_or_else(|| missing("Schedule group", name(input)))
}

/// `ListScheduleGroups`.
pub(super) fn list(service: &Scheduler, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let prefix = input["NamePrefix"].as_str().unwrap_or_default();
    let region = service.regions.of(&cx.region);
    let groups = region.groups.read();
    let found = groups.iter().filter(|(name, _)| name.starts_with(prefix));
    paged(input, "ScheduleGroups", found.map(|(name, group)| shown(cx, name, group)).collect())
}

/// `DeleteScheduleGroup`, with all schedules in it.
pub(super) fn delete(service: &Scheduler, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let name = name(input);
    if name == "default" {
        return Err(ApiError::validation("The default schedule group cannot be deleted."));
    }
    let region = service.regions.of(&cx.region);
    region.groups.write().remove(name).ok_or_else(|| missing("Schedule group", name))?;
    region.schedules.write().retain(|(group, _), _| group != name);
    Ok(Map::new().into())
}

fn tags_in(input: &Value) -> BTreeMap<String, String> {
    let tags = input["Tags"].as_array().into_iter().flatten();
    tags.filter_map(|tag| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned())))
        .collect()
}

fn on_tags<R>(
    service: &Scheduler,
    cx: &Context,
    input: &Value,
    work: impl FnOnce(&mut BTreeMap<String, String>) -> R,
) -> Result<R, ApiError> {
    let arn = input["ResourceArn"].as_str().unwrap_or_default();
    let name = arn.rsplit("schedule-group/").next().unwrap_or_default();
    let region = service.regions.of(&cx.region);
    let mut groups = region.groups.write();
    groups.get_mut(name).map(|group| work(&mut group.tags)).ok_or_else(|| missing("Resource", arn))
}

/// `ListTagsForResource`.
pub(super) fn tags(service: &Scheduler, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    on_tags(service, cx, input, |tags| {
        let tags: Vec<Value> =
            tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
        json!({ "Tags": tags })
    })
}

/// `TagResource`.
pub(super) fn tag(service: &Scheduler, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    on_tags(service, cx, input, |tags| tags.extend(tags_in(input)))?;
    Ok(Map::new().into())
}

/// `UntagResource`.
pub(super) fn untag(service: &Scheduler, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let keys = texts(input, "TagKeys");
    on_tags(service, cx, input, |tags| tags.retain(|key, _| !keys.contains(key)))?;
    Ok(Map::new().into())
}
