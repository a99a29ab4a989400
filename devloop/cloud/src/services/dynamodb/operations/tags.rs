//! Tags of tables.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{store::table_name, table::Table},
    Request,
    input::Input,
};
use crate::{error::ApiError, wire};

/// [Tagging restrictions in `DynamoDB`]
const MAX_TAGS: usize = 50;

/// The API's `Tag`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TagResource {
    resource_arn: String,
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct UntagResource {
    resource_arn: String,
    tag_keys: Vec<String>,
}

/// `TagResource`.
pub(in super::super) fn tag_resource(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let input: TagResource = wire::read(input)?;
    check_tags(&input.tags)?;
    let table = tagged(request, &input.resource_arn)?;
    let mut settings = table.settings.write();
    let added = input.tags.iter().filter(|tag| !settings.tags.contains_key(&tag.key)).count();
    if settings.tags.len() + added > MAX_TAGS {
        return Err(too_many());
    }
    settings.tags.extend(input.tags.into_iter().map(|tag| (tag.key, tag.value)));
    Ok(json!({}))
}

/// `UntagResource`.
pub(in super::super) fn untag_resource(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let input: UntagResource = wire::read(input)?;
    let table = tagged(request, &input.resource_arn)?;
    table.settings.write().tags.retain(|key, _| !input.tag_keys.contains(key));
    Ok(json!({}))
}

/// `ListTagsOfResource`.
pub(in super::super) fn list_tags_of_resource(
    request: &Request<'_>,
    input: Value,
) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let arn = input.required_text("ResourceArn")?;
    input.checked()?;
    let table = tagged(request, &arn)?;
    let settings = table.settings.read();
    let tags: Vec<Value> =
        settings.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Ok(json!({ "Tags": tags }))
}

/// Refuses tags that AWS does not accept.
pub(super) fn check_tags(tags: &[Tag]) -> Result<(), ApiError> {
    if tags.len() > MAX_TAGS {
        return Err(too_many());
    }
    // Letters, spaces and numbers of any language, and these signs [Tagging restrictions in DynamoDB].
    let allowed =
        |letter: char| letter.is_alphanumeric() || letter.is_whitespace() || "+-=._:/@".contains(letter);
    let bad = |tag: &&Tag| {
        !(1..=128).contains(&tag.key.chars().count())
            || tag.value.chars().count() > 256
            || !tag.key.chars().chain(tag.value.chars()).all(allowed)
            || tag.key.to_ascii_lowercase().starts_with("aws:")
    };
    match tags.iter().find(bad) {
        Some(tag) => Err(ApiError::validation(format!("Tag key or value is not valid: {}", tag.key))),
        None => Ok(()),
    }
}

fn too_many() -> ApiError {
    ApiError::validation("Number of tags exceeds resource tag limit.")
}

fn tagged(request: &Request<'_>, arn: &str) -> Result<Arc<Table>, ApiError> {
    if table_name(arn) == arn {
        return Err(ApiError::validation(format!(
            "Invalid TableArn: Invalid ResourceArn provided as input {arn}"
        )));
    }
    request.store.table(arn).map_err(|mut error| {
        error.message = format!("Requested resource not found: ResourcArn: {arn} not found");
        error
    })
}
