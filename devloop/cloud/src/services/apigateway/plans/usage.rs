//! `GetUsage` and `UpdateUsage`.

use serde_json::{Map, Value, json};

use super::{
    admit::remaining,
    quota::{date, day, parse},
    store::Store,
};
use crate::{
    error::ApiError,
    services::apigateway::control::{Input, Patch, Verb, bad_request, not_found},
};

/// The longest time span of one answer, in days.
const LONGEST: i64 = 90;

/// How many requests each key of the plan has made on each day, and how many are left now.
pub(super) fn get(store: &Store, now_ms: i64, id: &str, input: &Input) -> Result<Value, ApiError> {
    let plan = store.plans.get(id).ok_or_else(|| not_found("Usage Plan"))?;
    let at = |name: &str| {
        let text = input.get(name).and_then(Value::as_str);
        text.and_then(parse).ok_or_else(|| bad_request(format!("{name} must be a date such as 2026-11-20")))
    };
    let (start, end) = (at("startDate")?, at("endDate")?);
    if end < start || end - start > LONGEST {
        return Err(bad_request("Usage can be requested for at most 90 days, from startDate to endDate"));
    }
    let wanted = input.get("keyId").and_then(Value::as_str);
    let mut items = Map::new();
    for key in plan.keys.iter().filter(|key| wanted.is_none_or(|wanted| wanted == key.as_str())) {
        let place = (id.to_owned(), key.clone());
        let left = remaining(store, plan, &place, now_ms).unwrap_or(0).max(0);
        let used = |at: i64| store.used.get(&place).and_then(|days| days.get(&at)).copied().unwrap_or(0);
        let days: Vec<Value> = (start..=end).map(|at| json!([used(at), left])).collect();
        items.insert(key.clone(), days.into());
    }
    Ok(json!({ "usagePlanId": id, "startDate": date(start), "endDate": date(end), "values": items }))
}

/// Sets how many requests a key has left in the current period.
pub(super) fn update(
    store: &mut Store,
    now_ms: i64,
    id: &str,
    key: &str,
    input: Input,
) -> Result<Value, ApiError> {
    let patches = Patch::read("UpdateUsage", input)?;
    let plan = store.plans.get(id).ok_or_else(|| not_found("Usage Plan"))?.clone();
    if !plan.keys.iter().any(|own| own == key) {
        return Err(not_found("Usage Plan Key"));
    }
    let place = (id.to_owned(), key.to_owned());
    for patch in &patches {
        let steps = patch.steps();
        let (Verb::Replace, Some("remaining"), 1) =
            (patch.verb()?, steps.first().map(String::as_str), steps.len())
        else {
            return Err(patch.refusal());
        };
        let wanted: i64 = patch.value()?.parse().map_err(|_| patch.refusal())?;
        let left = remaining(store, &plan, &place, now_ms)
            .ok_or_else(|| bad_request("The usage plan has no quota"))?;
        *store.used.entry(place.clone()).or_default().entry(day(now_ms)).or_default() += left - wanted;
    }
    let today: Value = date(day(now_ms)).into();
    let span = Input::from_iter([
        ("startDate".to_owned(), today.clone()),
        ("endDate".to_owned(), today),
        ("keyId".to_owned(), key.into()),
    ]);
    get(store, now_ms, id, &span)
}
