//! Finds the operation of a request, by its method, its parameters and whether it names a key [Amazon S3 API reference].

use super::settings::SETTINGS;
use crate::{error::ApiError, http::Request, services::s3::address::Address};

/// Parameters of operations that are not supported.
const ABSENT: [(&str, &str); 18] = [
    ("accelerate", "transfer acceleration"),
    ("analytics", "analytics"),
    ("intelligent-tiering", "intelligent tiering"),
    ("inventory", "inventories"),
    ("legal-hold", "object lock"),
    ("logging", "server access logs"),
    ("metadataTable", "metadata tables"),
    ("metrics", "request metrics"),
    ("object-lock", "object lock"),
    ("policyStatus", "policy status"),
    ("replication", "replication"),
    ("requestPayment", "requester pays"),
    ("restore", "restoring from archives"),
    ("retention", "object lock"),
    ("select", "S3 Select"),
    ("session", "directory buckets"),
    ("torrent", "torrents"),
    ("website", "websites"),
];

/// The names of all operations, in alphabetical order.
pub(in crate::services::s3) const NAMES: &[&str] = &[
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateBucket",
    "CreateMultipartUpload",
    "DeleteBucket",
    "DeleteBucketCors",
    "DeleteBucketEncryption",
    "DeleteBucketLifecycle",
    "DeleteBucketOwnershipControls",
    "DeleteBucketPolicy",
    "DeleteBucketTagging",
    "DeleteObject",
    "DeleteObjectTagging",
    "DeleteObjects",
    "DeletePublicAccessBlock",
    "GetBucketAcl",
    "GetBucketCors",
    "GetBucketEncryption",
    "GetBucketLifecycleConfiguration",
    "GetBucketLocation",
    "GetBucketNotificationConfiguration",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetObject",
    "GetObjectAcl",
    "GetObjectAttributes",
    "GetObjectTagging",
    "GetPublicAccessBlock",
    "HeadBucket",
    "HeadObject",
    "ListBuckets",
    "ListMultipartUploads",
    "ListObjectVersions",
    "ListObjects",
    "ListObjectsV2",
    "ListParts",
    "PostObject",
    "PutBucketCors",
    "PutBucketEncryption",
    "PutBucketLifecycleConfiguration",
    "PutBucketNotificationConfiguration",
    "PutBucketOwnershipControls",
    "PutBucketPolicy",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutObject",
    "PutObjectTagging",
    "PutPublicAccessBlock",
    "UploadPart",
    "UploadPartCopy",
];

/// The operation of a request.
pub(in crate::services::s3) fn which(request: &Request, address: &Address) -> Result<&'static str, ApiError> {
    let names: Vec<String> = request.parameters().into_iter().map(|(name, _)| name).collect();
    let has = |name: &str| names.iter().any(|given| given == name);
    if let Some((_, what)) = ABSENT.iter().find(|(name, _)| has(name)) {
        return Err(ApiError::unsupported(format_args!("{what} of S3")));
    }
    let copies = request.headers.contains_key("x-amz-copy-source");
    let found = match (request.method.as_str(), &address.bucket, &address.key) {
        ("GET", None, _) => Some("ListBuckets"),
        (method, Some(_), None) => on_bucket(method, &has),
        (method, Some(_), Some(_)) => on_object(method, &has, copies),
        _ => None,
    };
    found.ok_or_else(|| {
        let what = format!("{} {}?{}", request.method, request.path, request.query);
        ApiError::unknown_operation("s3", what.trim_end_matches('?'))
    })
}

fn on_bucket(method: &str, has: &impl Fn(&str) -> bool) -> Option<&'static str> {
    if let Some(setting) = SETTINGS.iter().find(|setting| has(setting.parameter)) {
        return match method {
            "GET" => Some(setting.get),
            "PUT" => Some(setting.put),
            "DELETE" => setting.delete,
            _ => None,
        };
    }
    Some(match method {
        "GET" if has("acl") => "GetBucketAcl",
        "GET" if has("location") => "GetBucketLocation",
        "GET" if has("versioning") => "GetBucketVersioning",
        "PUT" if has("versioning") => "PutBucketVersioning",
        "GET" if has("versions") => "ListObjectVersions",
        "GET" if has("uploads") => "ListMultipartUploads",
        "GET" if has("list-type") => "ListObjectsV2",
        "POST" if has("delete") => "DeleteObjects",
        _ if has("acl") || has("versioning") => return None,
        "GET" => "ListObjects",
        "HEAD" => "HeadBucket",
        "PUT" => "CreateBucket",
        "DELETE" => "DeleteBucket",
        "POST" => "PostObject",
        _ => return None,
    })
}

fn on_object(method: &str, has: &impl Fn(&str) -> bool, copies: bool) -> Option<&'static str> {
    Some(match method {
        "GET" if has("tagging") => "GetObjectTagging",
        "PUT" if has("tagging") => "PutObjectTagging",
        "DELETE" if has("tagging") => "DeleteObjectTagging",
        "GET" if has("acl") => "GetObjectAcl",
        "GET" if has("attributes") => "GetObjectAttributes",
        _ if has("acl") => return None,
        "POST" if has("uploads") => "CreateMultipartUpload",
        "POST" if has("uploadId") => "CompleteMultipartUpload",
        "PUT" if has("uploadId") && copies => "UploadPartCopy",
        "PUT" if has("uploadId") => "UploadPart",
        "DELETE" if has("uploadId") => "AbortMultipartUpload",
        "GET" if has("uploadId") => "ListParts",
        "PUT" if copies => "CopyObject",
        "PUT" => "PutObject",
        "GET" => "GetObject",
        "HEAD" => "HeadObject",
        "DELETE" => "DeleteObject",
        _ => return None,
    })
}
