//! The tags of a stream, for the older operations on streams and the newer ones on resources.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Kinesis, target,
    validate::{Constraints, invalid_argument, required},
};
use crate::{context::Context, error::ApiError, wire};

/// The most tags of one stream [`AddTagsToStream`, Kinesis API reference].
const MOST: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    tags: Option<BTreeMap<String, String>>,
    tag_keys: Option<Vec<String>>,
    exclusive_start_tag_key: Option<String>,
    limit: Option<i64>,
}

/// Checks the tags of an input.
pub(super) fn check(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let mut constraints = Constraints::default();
    for (key, value) in tags {
        constraints = constraints.length("tags.key", key, 1..=128).length("tags.value", value, 0..=256);
    }
    constraints.finish()?;
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_./=+-@:".contains(c);
    if tags.iter().any(|(key, value)| !key.chars().chain(value.chars()).all(allowed)) {
        return Err(invalid_argument(
            "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % \
             @ :.",
        ));
    }
    Ok(())
}

/// [`AddTagsToStream`, Kinesis API reference].
pub(super) fn add(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    let name = target::take(cx, &mut input)?;
    let given = required(wire::read::<Input>(input)?.tags, "tags")?;
    check(&given)?;
    let stream = kinesis.stream(cx, &name)?;
    let mut tags = stream.tags.lock();
    let added = given.keys().filter(|key| !tags.contains_key(*key)).count();
    if tags.len() + added > MOST {
        return Err(invalid_argument(format!(
            "Failed to add tags to stream {name} under account {} because a given stream cannot have more than {MOST} \
             tags associated with it.",
            cx.account
        )));
    }
    tags.extend(given);
    Ok(json!({}))
}

/// [`RemoveTagsFromStream`, Kinesis API reference].
pub(super) fn remove(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    let name = target::take(cx, &mut input)?;
    let keys = required(wire::read::<Input>(input)?.tag_keys, "tagKeys")?;
    let stream = kinesis.stream(cx, &name)?;
    stream.tags.lock().retain(|key, _| !keys.contains(key));
    Ok(json!({}))
}

/// [`ListTagsForStream`, Kinesis API reference].
pub(super) fn list(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    let name = target::take(cx, &mut input)?;
    let input: Input = wire::read(input)?;
    Constraints::default().number("limit", input.limit, 1..=50).finish()?;
    let stream = kinesis.stream(cx, &name)?;
    let tags = stream.tags.lock();
    let after = input.exclusive_start_tag_key;
    let mut rest = tags
        .iter()
        .filter(|(key, _)| after.as_ref().is_none_or(|after| *key > after))
        .map(|(key, value)| json!({ "Key": key, "Value": value }));
    let page: Vec<_> = rest.by_ref().take(input.limit.unwrap_or(50) as usize).collect();
    Ok(json!({ "Tags": page, "HasMoreTags": rest.next().is_some() }))
}

/// [`TagResource`, Kinesis API reference].
pub(super) fn add_to_resource(kinesis: &Kinesis, cx: &Context, input: Value) -> Result<Value, ApiError> {
    add(kinesis, cx, resource(input)?)
}

/// [`UntagResource`, Kinesis API reference].
pub(super) fn remove_from_resource(kinesis: &Kinesis, cx: &Context, input: Value) -> Result<Value, ApiError> {
    remove(kinesis, cx, resource(input)?)
}

/// [`ListTagsForResource`, Kinesis API reference].
pub(super) fn list_of_resource(kinesis: &Kinesis, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let listed = list(kinesis, cx, resource(input)?)?;
    Ok(json!({ "Tags": listed["Tags"] }))
}

/// Renames the members of an operation on resources; only streams have tags.
fn resource(mut input: Value) -> Result<Value, ApiError> {
    let arn = input.as_object_mut().and_then(|object| object.remove("ResourceARN"));
    input["StreamARN"] = required(arn, "resourceARN")?;
    Ok(input)
}
