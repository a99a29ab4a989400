//! Object ownership, which decides whether access control lists may be given [Controlling ownership of objects and disabling
//! ACLs for your bucket].

use hyper::HeaderMap;
use serde_json::{Value, json};

use super::{
    bucket::Bucket,
    document::{items, text},
    error::{invalid_argument, malformed_xml, refused},
};
use crate::error::ApiError;

/// The header with which a bucket is created.
const HEADER: &str = "x-amz-object-ownership";

/// The ownership that disables access control lists. New buckets have it.
pub(super) const ENFORCED: &str = "BucketOwnerEnforced";

/// Whether this is one of the settings.
fn is_known(ownership: &str) -> bool {
    matches!(ownership, ENFORCED | "BucketOwnerPreferred" | "ObjectWriter")
}

/// The document of a bucket with this setting.
pub(super) fn document(ownership: &str) -> Value {
    json!({ "Rule": [{ "ObjectOwnership": ownership }] })
}

/// The setting that a request gives a new bucket.
pub(super) fn of_header(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(ownership) = headers.get(HEADER).and_then(|value| value.to_str().ok()) else { return Ok(None) };
    if is_known(ownership) {
        return Ok(Some(ownership));
    }
    Err(invalid_argument(HEADER, ownership, format!("Invalid {HEADER} header: {ownership}")))
}

/// Checks a document: it has one rule with one of the settings.
pub(super) fn check(document: &Value) -> Result<(), ApiError> {
    match items(document, "Rule")[..] {
        [rule] if text(rule, "ObjectOwnership").is_some_and(is_known) => Ok(()),
        _ => Err(malformed_xml()),
    }
}

/// Refuses headers that give others access to an object: buckets that allow lists exist, lists do not.
pub(super) fn refuse_lists(bucket: &Bucket, headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(acl) = list(headers) else { return Ok(()) };
    let are_disabled = match bucket.settings.read().get("ownershipControls") {
        None => true,
        // Without controls, the writer owns an object.
        Some(document) => {
            items(document, "Rule").iter().any(|rule| text(rule, "ObjectOwnership") == Some(ENFORCED))
        }
    };
    if are_disabled {
        return Err(refused(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")
            .detail("AccessControlList", acl));
    }
    Err(ApiError::unsupported("access control lists of S3"))
}

/// Refuses headers that give others access to a new bucket with this ownership.
pub(super) fn refuse_lists_of_new(ownership: Option<&str>, headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(acl) = list(headers) else { return Ok(()) };
    if ownership.is_some_and(|ownership| ownership != ENFORCED) {
        return Err(ApiError::unsupported("access control lists of S3"));
    }
    Err(refused(
        400,
        "InvalidBucketAclWithObjectOwnership",
        "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
    )
    .detail("AccessControlList", acl))
}

/// The first header that gives others access: a canned access control list other than the owner's own, or the name of a grant.
fn list(headers: &HeaderMap) -> Option<&str> {
    let canned = headers.get("x-amz-acl").and_then(|value| value.to_str().ok());
    canned.filter(|acl| !matches!(*acl, "private" | "bucket-owner-full-control")).or_else(|| {
        headers.keys().map(hyper::header::HeaderName::as_str).find(|name| name.starts_with("x-amz-grant-"))
    })
}
