//! Tags of parameters.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::store::{Store, split};
use crate::{error::ApiError, wire};

/// A tag in the form of the API.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    resource_type: String,
    resource_id: String,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default)]
    tag_keys: Vec<String>,
}

/// [AddTagsToResource, Systems Manager API reference]
pub(crate) fn add(store: &Store, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    on(store, &input.resource_type, &input.resource_id, |tags| {
        tags.extend(input.tags.into_iter().map(|tag| (tag.key, tag.value)));
        json!({})
    })
}

/// [RemoveTagsFromResource, Systems Manager API reference]
pub(crate) fn remove(store: &Store, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    on(store, &input.resource_type, &input.resource_id, |tags| {
        tags.retain(|key, _| !input.tag_keys.contains(key));
        json!({})
    })
}

/// [ListTagsForResource, Systems Manager API reference]
pub(crate) fn list(store: &Store, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    on(store, &input.resource_type, &input.resource_id, |tags| {
        let list: Vec<_> = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
        json!({ "TagList": list })
    })
}

fn on(
    store: &Store,
    kind: &str,
    id: &str,
    change: impl FnOnce(&mut BTreeMap<String, String>) -> Value,
) -> Result<Value, ApiError> {
    if kind != "Parameter" {
        return Err(ApiError::unsupported(format_args!("tags of the resource type {kind}")));
    }
    match store.0.write().get_mut(&split(id).0) {
        Some(parameter) => Ok(change(&mut parameter.tags)),
        None => Err(ApiError::client(
            "InvalidResourceId",
            "The resource ID isn't valid. Verify that you entered the correct ID and try again.",
        )),
    }
}
