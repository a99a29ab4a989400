//! Lists of multipart uploads: `ListMultipartUploads`, `ListParts`.

use std::ops::Bound::{Excluded, Unbounded};

use serde_json::{Value, json};

use super::{
    Call,
    buckets::owner,
    document,
    list::Wanted,
    multipart::{no_such_upload, upload_id},
};
use crate::{
    error::ApiError,
    http::Reply,
    services::s3::{bucket::Upload, encryption},
    wire,
};

/// An entry of a page of uploads.
enum Entry<'u> {
    Upload(&'u str, &'u Upload),
    /// What the keys of several uploads begin with, up to the delimiter.
    Prefix(&'u str),
}

pub(super) fn uploads(call: &Call<'_>) -> Result<Reply, ApiError> {
    let (bucket, wanted) = (call.bucket()?, Wanted::of(call, "max-uploads")?);
    let text = |name: &str| call.parameter(name).unwrap_or_default();
    let (key_marker, id_marker) = (text("key-marker"), text("upload-id-marker"));
    let is_behind = |key: &str, id: &str| {
        key_marker.is_empty()
            || *key > *key_marker
            || (key == key_marker && !id_marker.is_empty() && *id > *id_marker)
    };
    let uploads = bucket.uploads.read();
    // The ids sort the uploads of a key in the order in which they began.
    let mut found: Vec<(&str, &Upload)> = uploads
        .iter()
        .filter(|(id, upload)| upload.key.starts_with(&wanted.prefix) && is_behind(&upload.key, id))
        .map(|(id, upload)| (id.as_str(), upload))
        .collect();
    found.sort_by_key(|(id, upload)| (upload.key.as_str(), *id));
    let mut entries = Vec::new();
    // A page that ended with a common prefix goes on behind all of its keys.
    let mut group_before = key_marker.as_str();
    for (id, upload) in found {
        match wanted.group(&upload.key) {
            Some(group) if group == group_before => {}
            Some(group) => {
                group_before = group;
                entries.push(Entry::Prefix(group));
            }
            None => entries.push(Entry::Upload(id, upload)),
        }
    }
    let is_truncated = entries.len() > wanted.most;
    entries.truncate(wanted.most);
    let (mut shown_uploads, mut prefixes) = (Vec::<Value>::new(), Vec::<Value>::new());
    for entry in &entries {
        match entry {
            Entry::Upload(id, upload) => shown_uploads.push(json!({
                "Key": wanted.shown(&upload.key), "UploadId": id, "Initiator": owner(call), "Owner": owner(call),
                "StorageClass": "STANDARD", "Initiated": wire::iso(upload.begun_ms),
                "ChecksumAlgorithm": upload.algorithm.unwrap_or_default().name(),
                "ChecksumType": if upload.wants_full_checksum { "FULL_OBJECT" } else { "COMPOSITE" },
            })),
            Entry::Prefix(prefix) => prefixes.push(json!({ "Prefix": wanted.shown(prefix) })),
        }
    }
    let mut shown = json!({
        "Bucket": bucket.name, "KeyMarker": wanted.shown(&key_marker), "UploadIdMarker": id_marker,
        "Prefix": wanted.shown(&wanted.prefix), "MaxUploads": wanted.most, "IsTruncated": is_truncated,
    });
    wanted.show_form(&mut shown);
    match entries.last().filter(|_| is_truncated) {
        Some(Entry::Upload(id, upload)) => {
            shown["NextKeyMarker"] = wanted.shown(&upload.key).into();
            shown["NextUploadIdMarker"] = (*id).into();
        }
        Some(Entry::Prefix(prefix)) => shown["NextKeyMarker"] = wanted.shown(prefix).into(),
        None => {}
    }
    shown["Upload"] = shown_uploads.into();
    shown["CommonPrefixes"] = prefixes.into();
    Ok(document("ListMultipartUploadsResult", &shown))
}

pub(super) fn parts(call: &Call<'_>) -> Result<Reply, ApiError> {
    let (bucket, id) = (call.bucket()?, upload_id(call));
    encryption::refuse_key(&call.request.headers)?;
    let uploads = bucket.uploads.read();
    let upload =
        uploads.get(&id).filter(|upload| upload.key == call.key()).ok_or_else(|| no_such_upload(&id))?;
    let number = |name: &str| call.parameter(name).and_then(|text| text.parse::<u16>().ok());
    let (after, most) =
        (number("part-number-marker").unwrap_or(0), number("max-parts").unwrap_or(1000).min(1000));
    let mut behind = upload.parts.range((Excluded(after), Unbounded));
    let page: Vec<Value> = behind
        .by_ref()
        .take(usize::from(most))
        .map(|(number, part)| {
            let mut shown = json!({
                "PartNumber": number, "LastModified": wire::iso(part.modified_ms),
                "ETag": format!("\"{}\"", part.etag), "Size": part.content.length,
            });
            if let Some(checksum) = &part.checksum {
                shown[checksum.algorithm.element()] = checksum.value.as_str().into();
            }
            shown
        })
        .collect();
    let last = page.last().and_then(|part| part["PartNumber"].as_u64()).unwrap_or(0);
    let shown = json!({
        "Bucket": bucket.name, "Key": upload.key, "UploadId": id, "PartNumberMarker": after,
        "NextPartNumberMarker": last, "MaxParts": most, "IsTruncated": behind.next().is_some(), "Part": page,
        "StorageClass": "STANDARD", "Initiator": owner(call), "Owner": owner(call),
    });
    Ok(document("ListPartsResult", &shown))
}
