//! `DeleteObject` and `DeleteObjects`.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{Call, document};
use crate::{
    error::ApiError,
    http::{Arriving, Reply},
    services::s3::{
        bucket::{Bucket, Versioning},
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

/// Deletes a key, or one version of it.
async fn delete(call: &Call<'_>, bucket: &Bucket, key: &str, id: Option<&str>) -> Deleted {
    let versioning = *bucket.versioning.read();
    let (deleted, sequencer) = {
        let mut objects = bucket.objects.write();
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
    deleted
}

pub(super) async fn one(call: &Call<'_>) -> Result<Reply, ApiError> {
    let bucket = call.bucket()?;
    let deleted = delete(call, &bucket, call.key(), call.parameter("versionId").as_deref()).await;
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
    let mut shown = Vec::new();
    for object in objects {
        let key = text(object, "Key").ok_or_else(malformed_xml)?;
        let id = text(object, "VersionId");
        let deleted = delete(call, &bucket, key, id).await;
        let mut entry = json!({ "Key": key });
        if let Some(id) = id {
            entry["VersionId"] = id.into();
        }
        if let Some(marker) = deleted.version.filter(|version| version.is_delete_marker) {
            entry["DeleteMarker"] = true.into();
            entry["DeleteMarkerVersionId"] = marker.id.as_str().into();
        }
        shown.push(entry);
    }
    let shown = if is_quiet { json!({}) } else { json!({ "Deleted": Value::Array(shown) }) };
    Ok(document("DeleteResult", &shown))
}
