//! `DeleteObject` and `DeleteObjects`.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{Call, document};
use crate::{
    error::ApiError,
    http::{Arriving, Reply},
    services::s3::{
        bucket::{Bucket, Versioning},
        conditions,
        content::Content,
        document::{items, read, text},
        error::malformed_xml,
        notify,
        version::Version,
    },
};

/// The result of a deletion.
struct Deleted {
    /// The deleted version, or the new delete marker.
    version: Option<Arc<Version>>,
    /// The type of the event, if there was something to delete.
    event: Option<&'static str>,
}

/// Deletes a key, or one version of it, if its newest version has the entity tag that `expected` names.
async fn delete(
    call: &Call<'_>,
    bucket: &Bucket,
    key: &str,
    id: Option<&str>,
    expected: Option<&str>,
) -> Result<Deleted, ApiError> {
    let versioning = *bucket.versioning.read();
    let (deleted, sequencer) = {
        let mut objects = bucket.objects.write();
        conditions::for_deleting(expected, Bucket::newest(&objects, key).as_deref())?;
        let deleted = match id {
            Some(id) => {
                let versions = objects.get_mut(key);
                let found = versions.and_then(|versions| {
                    let place = versions.iter().position(|version| version.id == id)?;
                    Some(versions.remove(place))
                });
                Deleted { event: found.as_ref().map(|_| "ObjectRemoved:Delete"), version: found }
            }
            None if versioning == Versioning::Off => {
                let found = objects.remove(key).and_then(|mut versions| versions.pop());
                Deleted { event: found.as_ref().map(|_| "ObjectRemoved:Delete"), version: found }
            }
            None => {
                let marker = Version {
                    id: String::new(),
                    etag: String::new(),
                    modified_ms: call.s3.clock.now_ms(),
                    content: Content::default(),
                    is_delete_marker: true,
                    headers: BTreeMap::new(),
                    metadata: BTreeMap::new(),
                    tags: BTreeMap::new(),
                    checksum: None,
                    parts: Vec::new(),
                };
                let marker = bucket.insert(&mut objects, key, marker);
                Deleted { version: Some(marker), event: Some("ObjectRemoved:DeleteMarkerCreated") }
            }
        };
        if objects.get(key).is_some_and(Vec::is_empty) {
            objects.remove(key);
        }
        (deleted, bucket.sequencer())
    };
    if let (Some(version), Some(event)) = (&deleted.version, deleted.event) {
        notify::notify(call, bucket, key, version, event, &sequencer).await;
    }
    Ok(deleted)
}

pub(super) async fn one(call: &Call<'_>) -> Result<Reply, ApiError> {
    let bucket = call.bucket()?;
    for header in ["x-amz-if-match-last-modified-time", "x-amz-if-match-size"] {
        if call.request.headers.contains_key(header) {
            return Err(ApiError::unsupported(format_args!(
                "{header} of S3, which is for directory buckets"
            )));
        }
    }
    let expected = call.request.header("if-match");
    let id = call.parameter("versionId");
    let deleted = delete(call, &bucket, call.key(), id.as_deref(), expected).await?;
    let mut reply = Reply::empty(204);
    if let Some(version) = deleted.version.filter(|version| version.id != "null" || version.is_delete_marker)
    {
        reply = reply.header("x-amz-version-id", &version.id);
        if version.is_delete_marker {
            reply = reply.header("x-amz-delete-marker", "true");
        }
    }
    Ok(reply)
}

/// The most keys in one request [DeleteObjects].
const MOST: usize = 1000;

pub(super) async fn many(call: &Call<'_>, body: Arriving) -> Result<Reply, ApiError> {
    let bucket = call.bucket()?;
    let body = call.document(body).await?;
    let (root, wanted) = read(&body)?;
    let objects = items(&wanted, "Object");
    if root != "Delete" || objects.is_empty() || objects.len() > MOST {
        return Err(malformed_xml());
    }
    let is_quiet = text(&wanted, "Quiet") == Some("true");
    let (mut shown, mut errors) = (Vec::new(), Vec::new());
    for object in objects {
        let key = text(object, "Key").ok_or_else(malformed_xml)?;
        let id = text(object, "VersionId");
        let mut entry = json!({ "Key": key });
        if let Some(id) = id {
            entry["VersionId"] = id.into();
        }
        let deleted = match refuse_unsupported(object) {
            Ok(()) => delete(call, &bucket, key, id, text(object, "ETag")).await,
            Err(error) => Err(error),
        };
        let deleted = match deleted {
            Ok(deleted) => deleted,
            Err(error) => {
                entry["Code"] = error.code.into();
                entry["Message"] = error.message.into();
                errors.push(entry);
                continue;
            }
        };
        if let Some(marker) = deleted.version.filter(|version| version.is_delete_marker) {
            entry["DeleteMarker"] = true.into();
            entry["DeleteMarkerVersionId"] = marker.id.as_str().into();
        }
        shown.push(entry);
    }
    let mut result = if is_quiet { json!({}) } else { json!({ "Deleted": Value::Array(shown) }) };
    if !errors.is_empty() {
        result["Error"] = errors.into();
    }
    Ok(document("DeleteResult", &result))
}

/// Refuses the conditions of an object that are for directory buckets [ObjectIdentifier].
fn refuse_unsupported(object: &Value) -> Result<(), ApiError> {
    match ["LastModifiedTime", "Size"].into_iter().find(|name| text(object, name).is_some()) {
        Some(name) => Err(ApiError::unsupported(format_args!(
            "{name} in DeleteObjects of S3, which is for directory buckets"
        ))),
        None => Ok(()),
    }
}
