//! Tags of topics.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    input::{self, invalid, required},
    service::Sns,
    store::Topic,
};
use crate::{context::Context, error::ApiError, wire};

/// The most tags of a topic.
const MOST: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    resource_arn: Option<String>,
    #[serde(default, deserialize_with = "input::map")]
    tags: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "wire::list")]
    tag_keys: Vec<String>,
}

/// Refuses too many tags and keys that are too long.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > MOST {
        return Err(ApiError::client(
            "TagLimitExceeded",
            "Could not complete request: tag quota of per resource exceeded",
        ));
    }
    let fits = |(key, value): (&String, &String)| (1..=128).contains(&key.len()) && value.len() <= 256;
    if tags.iter().all(fits) { Ok(()) } else { Err(invalid("Tags")) }
}

/// [`TagResource`, Amazon SNS API reference].
pub(super) fn add(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let (topic, input) = topic(sns, cx, input)?;
    let mut tags = topic.tags.write();
    let mut changed = tags.clone();
    changed.extend(input.tags);
    check(&changed)?;
    *tags = changed;
    Ok(json!({}))
}

/// [`UntagResource`, Amazon SNS API reference].
pub(super) fn remove(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let (topic, input) = topic(sns, cx, input)?;
    topic.tags.write().retain(|key, _| !input.tag_keys.contains(key));
    Ok(json!({}))
}

/// [`ListTagsForResource`, Amazon SNS API reference].
pub(super) fn list(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let (topic, _) = topic(sns, cx, input)?;
    let tags: Vec<_> =
        topic.tags.read().iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Ok(json!({ "Tags": tags }))
}

fn topic(sns: &Sns, cx: &Context, input: Value) -> Result<(std::sync::Arc<Topic>, Input), ApiError> {
    let input: Input = input::read(input)?;
    let arn = required(input.resource_arn.clone(), "ResourceArn")?;
    let topic = sns
        .topic(cx, Some(&arn))
        .map_err(|_| ApiError::with_status(404, "ResourceNotFound", "Resource does not exist"))?;
    Ok((topic, input))
}
