//! `CreateApiKey`, `GetApiKey`, `GetApiKeys`, `UpdateApiKey`, `DeleteApiKey`.

use serde_json::{Value, json};

use super::store::{ApiKey, MOST_KEYS, Store};
use crate::{
    error::ApiError,
    services::apigateway::{
        control::{Input, Members, Patch, Verb, bad_request, conflict, not_found, page},
        model::new_id,
    },
};

/// The shortest and the longest value of a key.
const LENGTHS: std::ops::RangeInclusive<usize> = 20..=128;

pub(super) fn create(store: &mut Store, now_ms: i64, input: Input) -> Result<Value, ApiError> {
    let mut members = Members::read("CreateApiKey", input);
    let value = members.take::<String>("value")?.filter(|value| !value.is_empty());
    let value = value.unwrap_or_else(|| new_id(40));
    let now = now_ms / 1000;
    let key = ApiKey {
        id: new_id(10),
        value,
        name: members.take("name")?,
        customer_id: members.take("customerId")?,
        description: members.take("description")?,
        enabled: members.take("enabled")?.unwrap_or(false),
        created_date: now,
        last_updated_date: now,
        // The stages of a key from before there were usage plans; shown and without effect, as on AWS.
        stage_keys: stage_keys(members.take("stageKeys")?.unwrap_or_default()),
        tags: members.map("tags")?,
    };
    members.take::<bool>("generateDistinctId")?;
    members.finish()?;
    if !LENGTHS.contains(&key.value.len()) {
        return Err(bad_request("API Key value should be at least 20 characters and at most 128"));
    }
    if store.keys.values().any(|other| other.value == key.value) {
        return Err(conflict("API Key already exists"));
    }
    if store.keys.len() >= MOST_KEYS {
        return Err(ApiError::with_status(
            429,
            "LimitExceededException",
            "Maximum number of API keys reached",
        ));
    }
    let shown = json!(key);
    store.keys.insert(key.id.clone(), key);
    Ok(shown)
}

fn stage_keys(given: Vec<Value>) -> Vec<String> {
    let name = |stage: &Value, member: &str| stage[member].as_str().unwrap_or_default().to_owned();
    given.iter().map(|stage| format!("{}/{}", name(stage, "restApiId"), name(stage, "stageName"))).collect()
}

/// A key in the form of the API's output; its value appears only if the request asks for it.
fn shown(key: &ApiKey, with_value: bool) -> Value {
    let mut shown = json!(key);
    if !with_value && let Some(members) = shown.as_object_mut() {
        members.remove("value");
    }
    shown
}

fn asks(input: &Input, name: &str) -> bool {
    input.get(name).is_some_and(|value| value == true || value == "true")
}

pub(super) fn get(store: &Store, id: &str, input: &Input) -> Result<Value, ApiError> {
    let key = store.keys.get(id).ok_or_else(|| not_found("API Key"))?;
    Ok(shown(key, asks(input, "includeValue")))
}

pub(super) fn list(store: &Store, input: &Input) -> Result<Value, ApiError> {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let name = text("name").or_else(|| text("nameQuery"));
    let customer = text("customerId");
    let fits = |key: &&ApiKey| {
        name.is_none_or(|wanted| key.name.as_deref().is_some_and(|name| name.starts_with(wanted)))
            && customer.is_none_or(|wanted| key.customer_id.as_deref() == Some(wanted))
    };
    let with_value = asks(input, "includeValues");
    page(input, store.keys.values().filter(fits).map(|key| shown(key, with_value)).collect())
}

pub(super) fn update(store: &mut Store, now_ms: i64, id: &str, input: Input) -> Result<Value, ApiError> {
    let patches = Patch::read("UpdateApiKey", input)?;
    let place = store.keys.get_mut(id).ok_or_else(|| not_found("API Key"))?;
    let mut key = place.clone();
    for patch in &patches {
        let steps = patch.steps();
        match (patch.verb()?, steps.first().map(String::as_str)) {
            (Verb::Replace, Some("name")) => key.name = Some(patch.value()?),
            (Verb::Replace, Some("description")) => key.description = Some(patch.value()?),
            (Verb::Replace, Some("customerId")) => key.customer_id = Some(patch.value()?),
            (Verb::Replace, Some("enabled")) => {
                key.enabled = patch.value()?.parse().map_err(|_| patch.refusal())?;
            }
            _ => return Err(patch.refusal()),
        }
    }
    key.last_updated_date = now_ms / 1000;
    *place = key;
    Ok(shown(place, false))
}

pub(super) fn delete(store: &mut Store, id: &str) -> Result<Value, ApiError> {
    store.keys.shift_remove(id).ok_or_else(|| not_found("API Key"))?;
    store.forget(id);
    Ok(Value::Null)
}
