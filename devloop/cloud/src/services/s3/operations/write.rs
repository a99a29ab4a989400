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
        conditions,
        error::{invalid_argument, refused},
        names::check_key,
        notify,
        upload::{Stored, store},
        version::{Version, described},
    },
};

pub(super) async fn put(call: &Call<'_>, body: Arriving) -> Result<Reply, ApiError> {
    let (bucket, key) = (call.bucket()?, call.key());
    check_key(key)?;
    let headers = &call.request.headers;
    refuse_unsupported(headers)?;
    let tags = tags_of_header(call.request.header("x-amz-tagging"))?;
    // Checked before the body is read, so that a failing request does not have to send it; checked again when the object is
    // stored.
    conditions::for_writing(headers, Bucket::newest(&bucket.objects.read(), key).as_deref())?;
    let algorithm = Algorithm::wanted(headers).unwrap_or_default();
    let stored = store(&call.s3.folder, headers, body, Some(algorithm)).await?;
    let (kept, metadata) = described(headers);
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
    if let Some(encryption) = version.headers.get("x-amz-server-side-encryption") {
        reply = reply.header("x-amz-server-side-encryption", encryption);
    }
    match &version.checksum {
        Some(checksum) => reply
            .header(checksum.algorithm.header(), &checksum.value)
            .header("x-amz-checksum-type", checksum.kind()),
        None => reply,
    }
}

/// Refuses headers of a write that are not supported.
pub(super) fn refuse_unsupported(headers: &HeaderMap) -> Result<(), ApiError> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if headers.keys().any(|name| name.as_str().starts_with("x-amz-object-lock")) {
        return Err(ApiError::unsupported("object lock of S3"));
    }
    if headers.keys().any(|name| name.as_str().contains("server-side-encryption-customer")) {
        return Err(ApiError::unsupported("encryption with keys of your own (SSE-C) of S3"));
    }
    if header("x-amz-website-redirect-location").is_some() {
        return Err(ApiError::unsupported("websites of S3"));
    }
    if header("x-amz-write-offset-bytes").is_some() {
        return Err(ApiError::unsupported("appending to objects of S3"));
    }
    if let Some(acl) = access_control(headers) {
        // In new buckets access control lists are disabled [Controlling ownership of objects].
        return Err(refused(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
            .detail("AccessControlList", acl));
    }
    Ok(())
}

/// The first header that gives others access: a canned access control list other than the owner's own, or the name of a grant.
pub(super) fn access_control(headers: &HeaderMap) -> Option<&str> {
    let canned = headers.get("x-amz-acl").and_then(|value| value.to_str().ok());
    canned.filter(|acl| !matches!(*acl, "private" | "bucket-owner-full-control")).or_else(|| {
        headers.keys().map(hyper::header::HeaderName::as_str).find(|name| name.starts_with("x-amz-grant-"))
    })
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
