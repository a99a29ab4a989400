//! `GetObjectTagging`, `PutObjectTagging`, `DeleteObjectTagging`.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{Call, document, read::version, write::check_tags};
use crate::{
    error::ApiError,
    http::{Arriving, Reply},
    services::s3::{
        document::{items, read, text},
        error::malformed_xml,
        version::Version,
    },
};

pub(super) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let version = version(call, &*call.bucket()?, call.key())?;
    let tags: Vec<Value> =
        version.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Ok(answered(document("Tagging", &json!({ "TagSet": { "Tag": tags } })), &version))
}

pub(super) async fn put(call: &Call<'_>, body: Arriving) -> Result<Reply, ApiError> {
    let tags = tags_of(&call.document(body).await?)?;
    Ok(answered(Reply::empty(200), &*change(call, tags)?))
}

/// Reads the document `Tagging`.
pub(super) fn tags_of(document: &[u8]) -> Result<BTreeMap<String, String>, ApiError> {
    let (root, value) = read(document)?;
    if root != "Tagging" {
        return Err(malformed_xml());
    }
    let set = value.get("TagSet").cloned().unwrap_or_default();
    let mut tags = BTreeMap::new();
    for tag in items(&set, "Tag") {
        let key = text(tag, "Key").ok_or_else(malformed_xml)?;
        tags.insert(key.to_owned(), text(tag, "Value").unwrap_or_default().to_owned());
    }
    check_tags(&tags)?;
    Ok(tags)
}

pub(super) fn delete(call: &Call<'_>) -> Result<Reply, ApiError> {
    Ok(answered(Reply::empty(204), &*change(call, BTreeMap::new())?))
}

/// Replaces the tags of a version; nothing else of it changes.
fn change(call: &Call<'_>, tags: BTreeMap<String, String>) -> Result<Arc<Version>, ApiError> {
    let bucket = call.bucket()?;
    let before = version(call, &bucket, call.key())?;
    let after = Arc::new(Version { tags, ..Version::clone(&before) });
    let mut objects = bucket.objects.write();
    for version in objects.get_mut(call.key()).into_iter().flatten() {
        if Arc::ptr_eq(version, &before) {
            *version = Arc::clone(&after);
        }
    }
    Ok(after)
}

fn answered(reply: Reply, version: &Version) -> Reply {
    if version.id == "null" { reply } else { reply.header("x-amz-version-id", &version.id) }
}
