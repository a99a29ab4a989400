//! The operations on usage plans and on their keys.

use serde_json::{Value, json};

use super::{
    bucket::Throttle,
    quota::{Period, Quota, day},
    store::{ApiKey, ApiStage, MOST_PLANS, Store, UsagePlan},
};
use crate::{
    error::ApiError,
    services::apigateway::{
        control::{Input, Members, Patch, Verb, bad_request, conflict, not_found, page},
        model::new_id,
    },
};

pub(super) fn create(store: &mut Store, now_ms: i64, input: Input) -> Result<Value, ApiError> {
    let mut members = Members::read("CreateUsagePlan", input);
    let plan = UsagePlan {
        id: new_id(6),
        name: members.required("name")?,
        description: members.take("description")?,
        api_stages: members.take("apiStages")?.unwrap_or_default(),
        throttle: members.take("throttle")?,
        quota: members.take("quota")?,
        product_code: members.take("productCode")?,
        tags: members.map("tags")?,
        made_day: day(now_ms),
        keys: Vec::new(),
    };
    members.finish()?;
    check(&plan)?;
    if store.plans.len() >= MOST_PLANS {
        return Err(ApiError::with_status(
            429,
            "LimitExceededException",
            "Maximum number of usage plans reached",
        ));
    }
    let shown = json!(plan);
    store.plans.insert(plan.id.clone(), plan);
    Ok(shown)
}

fn check(plan: &UsagePlan) -> Result<(), ApiError> {
    if let Some(quota) = &plan.quota
        && (quota.limit < 1 || quota.offset < 0 || quota.offset >= quota.limit)
    {
        return Err(bad_request("Usage Plan quota limit must be at least 1 and above its offset"));
    }
    let throttles =
        plan.throttle.iter().chain(plan.api_stages.iter().flat_map(|stage| stage.throttle.values()));
    for Throttle { burst_limit, rate_limit } in throttles {
        if *burst_limit < 0 || *rate_limit < 0.0 {
            return Err(bad_request("Usage Plan throttle rate limit and burst limit must not be negative"));
        }
    }
    Ok(())
}

pub(super) fn get(store: &Store, id: &str) -> Result<Value, ApiError> {
    Ok(json!(store.plans.get(id).ok_or_else(|| not_found("Usage Plan"))?))
}

pub(super) fn list(store: &Store, input: &Input) -> Result<Value, ApiError> {
    let key = input.get("keyId").and_then(Value::as_str);
    let fits = |plan: &&UsagePlan| key.is_none_or(|key| plan.keys.iter().any(|own| own == key));
    page(input, store.plans.values().filter(fits).map(|plan| json!(plan)).collect())
}

pub(super) fn update(store: &mut Store, id: &str, input: Input) -> Result<Value, ApiError> {
    let patches = Patch::read("UpdateUsagePlan", input)?;
    let place = store.plans.get_mut(id).ok_or_else(|| not_found("Usage Plan"))?;
    let mut plan = place.clone();
    for patch in &patches {
        change(&mut plan, patch)?;
    }
    check(&plan)?;
    let shown = json!(plan);
    *place = plan;
    store.buckets.retain(|(plan, _, _), _| plan != id);
    Ok(shown)
}

fn change(plan: &mut UsagePlan, patch: &Patch) -> Result<(), ApiError> {
    let steps = patch.steps();
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    let whole = || patch.value().and_then(|text| text.parse::<i64>().map_err(|_| patch.refusal()));
    let decimal = || patch.value().and_then(|text| text.parse::<f64>().map_err(|_| patch.refusal()));
    match (patch.verb()?, steps.as_slice()) {
        (Verb::Replace, ["name"]) => plan.name = patch.value()?,
        (Verb::Replace, ["description"]) => plan.description = Some(patch.value()?),
        (Verb::Replace, ["productCode"]) => plan.product_code = Some(patch.value()?),
        (Verb::Remove, ["productCode"]) => plan.product_code = None,
        (Verb::Add, ["apiStages"]) => {
            let value = patch.value()?;
            let (api_id, stage) = value.split_once(':').ok_or_else(|| patch.refusal())?;
            let stage = ApiStage { api_id: api_id.to_owned(), stage: stage.to_owned(), throttle: [].into() };
            if !plan.api_stages.iter().any(|own| own.api_id == stage.api_id && own.stage == stage.stage) {
                plan.api_stages.push(stage);
            }
        }
        (Verb::Remove, ["apiStages"]) => {
            let value = patch.value()?;
            plan.api_stages.retain(|own| format!("{}:{}", own.api_id, own.stage) != value);
        }
        (Verb::Remove, ["throttle"]) => plan.throttle = None,
        (Verb::Replace | Verb::Add, ["throttle", "rateLimit"]) => {
            throttle(&mut plan.throttle).rate_limit = decimal()?;
        }
        (Verb::Replace | Verb::Add, ["throttle", "burstLimit"]) => {
            throttle(&mut plan.throttle).burst_limit = whole()?;
        }
        (Verb::Remove, ["quota"]) => plan.quota = None,
        (Verb::Replace | Verb::Add, ["quota", "limit"]) => quota(&mut plan.quota).limit = whole()?,
        (Verb::Replace | Verb::Add, ["quota", "offset"]) => quota(&mut plan.quota).offset = whole()?,
        (Verb::Replace | Verb::Add, ["quota", "period"]) => {
            let period = serde_json::from_value(patch.value()?.into());
            quota(&mut plan.quota).period = period.map_err(|_| patch.refusal())?;
        }
        _ => return Err(patch.refusal()),
    }
    Ok(())
}

fn throttle(place: &mut Option<Throttle>) -> &mut Throttle {
    place.get_or_insert(Throttle { burst_limit: 0, rate_limit: 0.0 })
}

fn quota(place: &mut Option<Quota>) -> &mut Quota {
    place.get_or_insert(Quota { limit: 1, offset: 0, period: Period::Month })
}

pub(super) fn delete(store: &mut Store, id: &str) -> Result<Value, ApiError> {
    let plan = store.plans.get(id).ok_or_else(|| not_found("Usage Plan"))?;
    if !plan.api_stages.is_empty() {
        let stages: Vec<_> =
            plan.api_stages.iter().map(|own| format!("{}:{}", own.api_id, own.stage)).collect();
        return Err(bad_request(format!(
            "Cannot delete a usage plan that has stages: remove {} first",
            stages.join(", ")
        )));
    }
    store.plans.shift_remove(id);
    store.forget(id);
    Ok(Value::Null)
}

fn key_shown(key: &ApiKey) -> Value {
    json!({ "id": key.id, "type": "API_KEY", "value": key.value, "name": key.name })
}

pub(super) fn add_key(store: &mut Store, id: &str, input: Input) -> Result<Value, ApiError> {
    let mut members = Members::read("CreateUsagePlanKey", input);
    let key = members.required("keyId")?;
    members.only("keyType", "API_KEY")?;
    members.finish()?;
    let key = store.keys.get(&key).ok_or_else(|| not_found("API Key"))?.clone();
    let plan = store.plans.get_mut(id).ok_or_else(|| not_found("Usage Plan"))?;
    if plan.keys.contains(&key.id) {
        return Err(conflict(format!("Usage Plan {id} already has the API key {}", key.id)));
    }
    plan.keys.push(key.id.clone());
    Ok(key_shown(&key))
}

pub(super) fn list_keys(store: &Store, id: &str, input: &Input) -> Result<Value, ApiError> {
    let plan = store.plans.get(id).ok_or_else(|| not_found("Usage Plan"))?;
    page(input, plan.keys.iter().filter_map(|key| store.keys.get(key)).map(key_shown).collect())
}

pub(super) fn get_key(store: &Store, id: &str, key: &str) -> Result<Value, ApiError> {
    let plan = store.plans.get(id).ok_or_else(|| not_found("Usage Plan"))?;
    let key = plan.keys.iter().find(|own| *own == key).and_then(|key| store.keys.get(key));
    Ok(key_shown(key.ok_or_else(|| not_found("Usage Plan Key"))?))
}

pub(super) fn remove_key(store: &mut Store, id: &str, key: &str) -> Result<Value, ApiError> {
    let plan = store.plans.get_mut(id).ok_or_else(|| not_found("Usage Plan"))?;
    let before = plan.keys.len();
    plan.keys.retain(|own| own != key);
    if plan.keys.len() == before { Err(not_found("Usage Plan Key")) } else { Ok(Value::Null) }
}
