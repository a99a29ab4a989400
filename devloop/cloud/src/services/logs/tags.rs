//! Tags of log groups, for the newer operations with ARNs and the older ones with names.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    errors::{invalid, missing},
    group::Group,
    service::{Scope, group_of_arn},
};
use crate::{error::ApiError, wire};

/// The most tags of a group.
const TAGS: usize = 50;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    resource_arn: Option<String>,
    log_group_name: Option<String>,
    #[serde(default)]
    tags: Value,
    tag_keys: Option<Vec<String>>,
}

/// Checks tags against AWS's limits.
pub(crate) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > TAGS {
        return Err(ApiError::client("TooManyTagsException", "A resource can have no more than 50 tags."));
    }
    for (key, value) in tags {
        let (key_length, value_length) = (key.chars().count(), value.chars().count());
        if !(1..=128).contains(&key_length) || value_length > 256 || key.starts_with("aws:") {
            return Err(invalid(format!("The tag {key} is invalid.")));
        }
    }
    Ok(())
}

/// [TagResource, CloudWatch Logs API reference]
pub(crate) fn tag(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let group = by_arn(scope, &input)?;
    add(&group, input.tags)
}

/// [TagLogGroup, CloudWatch Logs API reference]
pub(crate) fn tag_group(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let group = scope.group(input.log_group_name.as_deref(), None)?;
    add(&group, input.tags)
}

/// [UntagResource, CloudWatch Logs API reference]
pub(crate) fn untag(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let keys = input.tag_keys.clone().ok_or_else(|| missing("tagKeys"))?;
    let group = by_arn(scope, &input)?;
    remove(&group, &keys);
    Ok(json!({}))
}

/// [UntagLogGroup, CloudWatch Logs API reference]
pub(crate) fn untag_group(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let keys: Vec<String> = wire::read(input.tags)?;
    let group = scope.group(input.log_group_name.as_deref(), None)?;
    remove(&group, &keys);
    Ok(json!({}))
}

/// [ListTagsForResource, CloudWatch Logs API reference]
pub(crate) fn list(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let group = by_arn(scope, &input)?;
    let tags = &group.content.lock().tags;
    Ok(json!({ "tags": tags }))
}

/// [ListTagsLogGroup, CloudWatch Logs API reference]
pub(crate) fn list_group(scope: &Scope<'_>, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let group = scope.group(input.log_group_name.as_deref(), None)?;
    let tags = &group.content.lock().tags;
    Ok(json!({ "tags": tags }))
}

fn by_arn(scope: &Scope<'_>, input: &Input) -> Result<Arc<Group>, ApiError> {
    let arn = input.resource_arn.as_deref().ok_or_else(|| missing("resourceArn"))?;
    if !arn.contains(":log-group:") {
        return Err(ApiError::unsupported(format_args!("tags of {arn}")));
    }
    scope.group(Some(group_of_arn(arn)), None)
}

fn add(group: &Group, tags: Value) -> Result<Value, ApiError> {
    let tags: BTreeMap<String, String> = wire::read(tags)?;
    let mut content = group.content.lock();
    let mut all = content.tags.clone();
    all.extend(tags);
    check_tags(&all)?;
    content.tags = all;
    Ok(json!({}))
}

fn remove(group: &Group, keys: &[String]) {
    group.content.lock().tags.retain(|key, _| !keys.contains(key));
}
