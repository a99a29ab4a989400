//! How an object is said to be encrypted: nothing is, but requests and answers are those of S3 [Protecting data with
//! server-side encryption].

use std::collections::BTreeMap;

use hyper::HeaderMap;
use serde_json::Value;

use super::{
    bucket::Bucket,
    document::items,
    error::{invalid_argument, refused},
};
use crate::{error::ApiError, http::Reply};

const METHOD: &str = "x-amz-server-side-encryption";
const KEY: &str = "x-amz-server-side-encryption-aws-kms-key-id";
const BUCKET_KEY: &str = "x-amz-server-side-encryption-bucket-key-enabled";

/// The headers that are stored with an object and shown again.
pub(super) const SHOWN: [&str; 3] = [METHOD, KEY, BUCKET_KEY];

/// Checks the headers of a write. Keys of the client's own are not supported.
pub(super) fn check(headers: &HeaderMap) -> Result<(), ApiError> {
    if has_own_key(headers) {
        return Err(ApiError::unsupported("encryption with keys of your own (SSE-C) of S3"));
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let method = text(METHOD);
    if let Some(other) = method.filter(|name| !matches!(*name, "AES256" | "aws:kms" | "aws:kms:dsse")) {
        return Err(invalid_argument(METHOD, other, "The encryption method specified is not supported"));
    }
    match text(KEY).filter(|_| !method.is_some_and(|method| method.starts_with("aws:kms"))) {
        None => Ok(()),
        Some(key) => Err(invalid_argument(
            KEY,
            key,
            "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
        )),
    }
}

/// Refuses a key of the client's own for something that has none: no object and no upload has one [Using server-side encryption
/// with customer-provided keys].
pub(super) fn refuse_key(headers: &HeaderMap) -> Result<(), ApiError> {
    if has_own_key(headers) {
        let message = "The encryption parameters are not applicable to this object.";
        return Err(refused(400, "InvalidRequest", message));
    }
    Ok(())
}

fn has_own_key(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().contains("server-side-encryption-customer-"))
}

/// Completes the stored headers of an object by the default encryption of its bucket, which is S3's own where none was set
/// [Setting default server-side encryption behavior].
pub(super) fn complete(bucket: &Bucket, kept: &mut BTreeMap<String, String>) {
    if kept.contains_key(METHOD) {
        return;
    }
    let settings = bucket.settings.read();
    let rules = settings.get("encryption").map(|document| items(document, "Rule")).unwrap_or_default();
    let default = rules.iter().find_map(|rule| rule.get("ApplyServerSideEncryptionByDefault"));
    let text = |name: &str| default.and_then(|default| default.get(name)).and_then(Value::as_str);
    kept.insert(METHOD.to_owned(), text("SSEAlgorithm").unwrap_or("AES256").to_owned());
    if let Some(key) = text("KMSMasterKeyID") {
        kept.insert(KEY.to_owned(), key.to_owned());
    }
    let is_on = |rule: &&Value| rule.get("BucketKeyEnabled").is_some_and(|on| *on == true || *on == "true");
    if rules.iter().any(is_on) {
        kept.entry(BUCKET_KEY.to_owned()).or_insert_with(|| "true".to_owned());
    }
}

/// Adds the headers about an object's encryption to the answer to a write.
pub(super) fn show(kept: &BTreeMap<String, String>, mut reply: Reply) -> Reply {
    for name in SHOWN {
        if let Some(value) = kept.get(name) {
            reply = reply.header(name, value);
        }
    }
    reply
}
