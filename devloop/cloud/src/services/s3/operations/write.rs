//! `PutObject`, and the storing of a new version, which all writes share.

use std::{collections::BTreeMap, sync::Arc};

use hyper::HeaderMap;

use super::Call;
use crate::{
    error::ApiError,
    http::{Arriving, Reply},
    services::s3::{
        bucket::Bucket,
        checksum::Algorithm,
        conditions, encryption,
        error::{invalid_argument, refused},
        names::check_key,
        notify, ownership,
        upload::{Stored, store},
        version::{Version, described},
    },
};

pub(super) async fn put(call: &Call<'_>, body: Arriving) -> Result<Reply, ApiError> {
    let (bucket, key) = (call.bucket()?, call.key());
    check_key(key)?;
    let headers = &call.request.headers;
    refuse_unsupported(&bucket, headers)?;
    let tags = tags_of_header(call.request.header("x-amz-tagging"))?;
    // Checked before the body is read, so that a failing request does not have to send it; checked again when the object is
    // stored.
    conditions::for_writing(headers, Bucket::newest(&bucket.objects.read(), key).as_deref())?;
    let algorithm = Algorithm::wanted(headers).unwrap_or_default();
    let stored = store(&call.s3.folder, headers, body, Some(algorithm)).await?;
    let (mut kept, metadata) = described(headers);
    encryption::complete(&bucket, &mut kept);
    let version = version_of(call, stored, kept, metadata, tags);
    let version = place(call, &bucket, key, version, "ObjectCreated:Put").await?;
    Ok(answer(&version))
}

/// A version with the stored bytes, which has no id yet.
pub(super) fn version_of(
    call: &Call<'_>,
    stored: Stored,
    headers: BTreeMap<String, String>,
    metadata: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
) -> Version {
    Version {
        id: String::new(),
        etag: stored.md5,
        modified_ms: call.s3.clock.now_ms(),
        content: stored.content,
        is_delete_marker: false,
        headers,
        metadata,
        tags,
        checksum: stored.checksum,
        parts: Vec::new(),
    }
}

/// Stores a version if the request's conditions are met at that moment, and sends the notifications.
pub(super) async fn place(
    call: &Call<'_>,
    bucket: &Bucket,
    key: &str,
    version: Version,
    event: &'static str,
) -> Result<Arc<Version>, ApiError> {
    let (version, sequencer) = {
        let mut objects = bucket.objects.write();
        conditions::for_writing(&call.request.headers, Bucket::newest(&objects, key).as_deref())?;
        let version = bucket.insert(&mut objects, key, version);
        // Taken under the lock, so that sequencers have the order of the writes.
        (version, bucket.sequencer())
    };
    notify::notify(call, bucket, key, &version, event, &sequencer).await;
    Ok(version)
}

/// The response to a write.
pub(super) fn answer(version: &Version) -> Reply {
    let mut reply = Reply::empty(200).header("etag", &format!("\"{}\"", version.etag));
    if version.id != "null" {
        reply = reply.header("x-amz-version-id", &version.id);
    }
    reply = encryption::show(&version.headers, reply);
    match &version.checksum {
        Some(checksum) => reply
            .header(checksum.algorithm.header(), &checksum.value)
            .header("x-amz-checksum-type", checksum.kind()),
        None => reply,
    }
}

/// The storage classes [PutObject, `x-amz-storage-class`].
const CLASSES: [&str; 12] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "OUTPOSTS",
    "GLACIER_IR",
    "SNOW",
    "EXPRESS_ONEZONE",
    "FSX_OPENZFS",
];

/// Refuses headers of a write to the bucket that are not supported, or whose values S3 does not know.
pub(super) fn refuse_unsupported(bucket: &Bucket, headers: &HeaderMap) -> Result<(), ApiError> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if headers.keys().any(|name| name.as_str().starts_with("x-amz-object-lock")) {
        return Err(ApiError::unsupported("object lock of S3"));
    }
    encryption::check(headers)?;
    if header("x-amz-website-redirect-location").is_some() {
        return Err(ApiError::unsupported("websites of S3"));
    }
    if header("x-amz-write-offset-bytes").is_some() {
        return Err(ApiError::unsupported("appending to objects of S3"));
    }
    if let Some(class) = header("x-amz-storage-class").filter(|class| !CLASSES.contains(class)) {
        return Err(refused(400, "InvalidStorageClass", "The storage class you specified is not valid")
            .detail("StorageClassRequested", class));
    }
    Algorithm::refuse_unknown(headers)?;
    ownership::refuse_lists(bucket, headers)
}

/// Parses tags in the form of a query string: `a=1&b=2`.
pub(super) fn tags_of_header(header: Option<&str>) -> Result<BTreeMap<String, String>, ApiError> {
    let mut tags = BTreeMap::new();
    for pair in header.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        tags.insert(crate::http::decode_form(key), crate::http::decode_form(value));
    }
    check_tags(&tags)?;
    Ok(tags)
}

/// Checks tags: at most ten, with keys of up to 128 and values of up to 256 characters [Categorizing your objects using
/// tags].
pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    if tags.len() > 10 {
        return Err(refused(400, "BadRequest", "Object tags cannot be greater than 10"));
    }
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 {
            return Err(invalid_argument("TagKey", key, "The TagKey you have provided is invalid"));
        }
        if value.chars().count() > 256 {
            return Err(invalid_argument("TagValue", value, "The TagValue you have provided is invalid"));
        }
    }
    Ok(())
}
