//! The operations on schedules.

use std::sync::Arc;

use parking_lot::RwLock;
use serde_json::{Map, Value, json};

use super::{
    service::{Schedule, Scheduler, missing, taken},
    settings::Settings,
};
use crate::{context::Context, error::ApiError, wire};

/// The most schedules of a region.
const MOST: usize = 10_000;

/// `CreateSchedule`.
pub(super) fn create(service: &Scheduler, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    put(service, cx, input, false)
}

/// `UpdateSchedule`: members that the input omits get their defaults.
pub(super) fn update(service: &Scheduler, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    put(service, cx, input, true)
}

fn put(service: &Scheduler, cx: &Context, input: &Value, is_update: bool) -> Result<Value, ApiError> {
    let (settings, checked) = Settings::read(input)?;
    let region = service.regions.of(&cx.region);
    if !region.groups.read().contains_key(&settings.group_name) {
        return Err(missing("Schedule group", &settings.group_name));
    }
    let key = (settings.group_name.clone(), settings.name.clone());
    let mut schedules = region.schedules.write();
    let old = schedules.get(&key).cloned();
    match (&old, is_update) {
        (Some(_), false) => return Err(taken("Schedule", &settings.name)),
        (None, true) => return Err(missing("Schedule", &settings.name)),
        (None, false) if schedules.len() >= MOST => {
            return Err(ApiError::with_status(
                402,
                "ServiceQuotaExceededException",
                format!("there are {MOST} schedules already"),
            ));
        }
        _ => {}
    }
    let now_ms = service.clock.now_ms();
    let arn = cx.arn("scheduler", &format!("schedule/{}/{}", key.0, key.1));
    let schedule = Arc::new(Schedule {
        arn: arn.clone(),
        settings,
        checked,
        created_ms: old.as_ref().map_or(now_ms, |old| old.created_ms),
        updated_ms: now_ms,
        pending: old.map(|old| Arc::clone(&old.pending)).unwrap_or_default(),
        timer: RwLock::default(),
    });
    service.start_timer(cx, &schedule);
    schedules.insert(key, schedule);
    Ok(json!({ "ScheduleArn": arn }))
}

/// Group and name of the schedule in an input.
fn key(input: &Value) -> (String, String) {
    let text = |name: &str| input[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let group = text("groupName").or_else(|| text("GroupName")).unwrap_or_else(|| "default".to_owned());
    (group, text("Name").unwrap_or_default())
}

/// `GetSchedule`.
pub(super) fn get(service: &Scheduler, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let key = key(input);
    let region = service.regions.of(&cx.region);
    let schedules = region.schedules.read();
    let found = schedules.get(&key).ok_or_else(|| missing("Schedule", &key.1))?;
    let mut shown = json!(found.settings);
    // A schedule that was made without a policy shows the defaults, which are the largest values [EventBridge Scheduler API
    // Reference, RetryPolicy]. AWS's page does not say that they are shown; moto shows them.
    shown["Target"]["RetryPolicy"] = found.checked.patience.shown();
    shown["Arn"] = found.arn.as_str().into();
    shown["CreationDate"] = wire::epoch_seconds(found.created_ms);
    shown["LastModificationDate"] = wire::epoch_seconds(found.updated_ms);
    Ok(shown)
}

/// `DeleteSchedule`.
pub(super) fn delete(service: &Scheduler, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let key = key(input);
    let removed = service.regions.of(&cx.region).schedules.write().remove(&key);
    removed.map(|_| Map::new().into()).ok_or_else(|| missing("Schedule", &key.1))
}

/// `ListSchedules`.
pub(super) fn list(service: &Scheduler, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let text = |name: &str| input[name].as_str().unwrap_or_default();
    let (group, prefix, state) = (text("ScheduleGroup"), text("NamePrefix"), text("State"));
    let region = service.regions.of(&cx.region);
    let schedules = region.schedules.read();
    let found = schedules.values().filter(|schedule| {
        let settings = &schedule.settings;
        (group.is_empty() || settings.group_name == group)
            && settings.name.starts_with(prefix)
            && (state.is_empty() || settings.state == state)
    });
    let shown = found.map(|schedule| {
        json!({
            "Arn": schedule.arn,
            "CreationDate": wire::epoch_seconds(schedule.created_ms),
            "GroupName": schedule.settings.group_name,
            "LastModificationDate": wire::epoch_seconds(schedule.updated_ms),
            "Name": schedule.settings.name,
            "State": schedule.settings.state,
            "Target": { "Arn": schedule.settings.target.arn },
        })
    });
    paged(input, "Schedules", shown.collect())
}

/// A page of a list, by `MaxResults` and `NextToken`. The token is the number of items on the pages before it.
pub(super) fn paged(input: &Value, name: &str, items: Vec<Value>) -> Result<Value, ApiError> {
    let number = |name: &str| match &input[name] {
        Value::Null => Ok(None),
        Value::String(text) => text.parse().map(Some),
        other => other.to_string().parse::<usize>().map(Some),
    };
    let invalid = |_| ApiError::validation("MaxResults and NextToken must be what an answer gave");
    let start = number("NextToken").map_err(invalid)?.unwrap_or(0);
    let limit = number("MaxResults").map_err(invalid)?.unwrap_or(100).clamp(1, 100);
    let next = (start + limit < items.len()).then(|| (start + limit).to_string());
    let mut page = json!({ name: items.into_iter().skip(start).take(limit).collect::<Vec<_>>() });
    if let Some(next) = next {
        page["NextToken"] = next.into();
    }
    Ok(page)
}
