//! The documents that a bucket keeps: CORS, lifecycle, policy, notifications and others; and versioning.

use serde_json::{Value, json};

use super::{Call, buckets::owner, document};
use crate::{
    error::ApiError,
    http::{Arriving, Reply},
    services::s3::{
        access,
        bucket::{Bucket, Versioning},
        document::{items, read, text},
        error::{malformed_xml, refused},
        notify, ownership,
        service::S3,
    },
};

/// A document that a bucket keeps, with the operations on it.
pub(in crate::services::s3) struct Setting {
    /// The query parameter that selects it.
    pub(in crate::services::s3) parameter: &'static str,
    /// The name of the document's root element; empty for JSON.
    root: &'static str,
    pub(in crate::services::s3) get: &'static str,
    pub(in crate::services::s3) put: &'static str,
    pub(in crate::services::s3) delete: Option<&'static str>,
    /// Code and message of the error when it was never set; `None` when the answer is an empty document.
    missing: Option<(&'static str, &'static str)>,
    /// The status of a successful put.
    status: u16,
}

/// All documents.
pub(in crate::services::s3) const SETTINGS: [Setting; 8] = [
    Setting {
        parameter: "cors",
        root: "CORSConfiguration",
        get: "GetBucketCors",
        put: "PutBucketCors",
        delete: Some("DeleteBucketCors"),
        missing: Some(("NoSuchCORSConfiguration", "The CORS configuration does not exist")),
        status: 200,
    },
    Setting {
        parameter: "encryption",
        root: "ServerSideEncryptionConfiguration",
        get: "GetBucketEncryption",
        put: "PutBucketEncryption",
        delete: Some("DeleteBucketEncryption"),
        missing: None,
        status: 200,
    },
    Setting {
        parameter: "lifecycle",
        root: "LifecycleConfiguration",
        get: "GetBucketLifecycleConfiguration",
        put: "PutBucketLifecycleConfiguration",
        delete: Some("DeleteBucketLifecycle"),
        missing: Some(("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist")),
        status: 200,
    },
    Setting {
        parameter: "notification",
        root: "NotificationConfiguration",
        get: "GetBucketNotificationConfiguration",
        put: "PutBucketNotificationConfiguration",
        delete: None,
        missing: None,
        status: 200,
    },
    Setting {
        parameter: "ownershipControls",
        root: "OwnershipControls",
        get: "GetBucketOwnershipControls",
        put: "PutBucketOwnershipControls",
        delete: Some("DeleteBucketOwnershipControls"),
        missing: None,
        status: 200,
    },
    Setting {
        parameter: "policy",
        root: "",
        get: "GetBucketPolicy",
        put: "PutBucketPolicy",
        delete: Some("DeleteBucketPolicy"),
        missing: Some(("NoSuchBucketPolicy", "The bucket policy does not exist")),
        status: 204,
    },
    Setting {
        parameter: "publicAccessBlock",
        root: "PublicAccessBlockConfiguration",
        get: "GetPublicAccessBlock",
        put: "PutPublicAccessBlock",
        delete: Some("DeletePublicAccessBlock"),
        missing: None,
        status: 200,
    },
    Setting {
        parameter: "tagging",
        root: "Tagging",
        get: "GetBucketTagging",
        put: "PutBucketTagging",
        delete: Some("DeleteBucketTagging"),
        missing: Some(("NoSuchTagSet", "The TagSet does not exist")),
        status: 204,
    },
];

/// The document of a new bucket.
fn initial(parameter: &str) -> Value {
    match parameter {
        "encryption" => json!({ "Rule": [{
            "ApplyServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" }, "BucketKeyEnabled": false,
        }] }),
        "ownershipControls" => ownership::document(ownership::ENFORCED),
        // All of these are on in every new bucket [Blocking public access to your Amazon S3 storage].
        "publicAccessBlock" => json!({
            "BlockPublicAcls": true, "IgnorePublicAcls": true, "BlockPublicPolicy": true, "RestrictPublicBuckets": true,
        }),
        _ => json!({}),
    }
}

/// The header that goes with lifecycle rules, and is kept like a document [PutBucketLifecycleConfiguration].
const LEAST_TRANSITION: &str = "x-amz-transition-default-minimum-object-size";

/// Code and message of the error for a document that new buckets have, after it was deleted.
fn absent(parameter: &str) -> Option<(&'static str, &'static str)> {
    match parameter {
        "ownershipControls" => {
            Some(("OwnershipControlsNotFoundError", "The bucket ownership controls were not found"))
        }
        "publicAccessBlock" => Some((
            "NoSuchPublicAccessBlockConfiguration",
            "The public access block configuration was not found",
        )),
        _ => None,
    }
}

/// Checks the tags of a bucket.
pub(super) fn check_tagging(value: &Value) -> Result<(), ApiError> {
    let set = value.get("TagSet").cloned().unwrap_or_default();
    if items(&set, "Tag").iter().any(|tag| text(tag, "Key").is_none_or(str::is_empty)) {
        return Err(refused(400, "InvalidTag", "The TagKey you have provided is invalid"));
    }
    Ok(())
}

/// Runs an operation on one of the documents.
pub(super) async fn run(name: &str, call: &Call<'_>, body: Arriving) -> Result<Reply, ApiError> {
    let found = SETTINGS
        .iter()
        .find(|setting| setting.get == name || setting.put == name || setting.delete == Some(name));
    let setting = found.ok_or_else(|| ApiError::unknown_operation("s3", name))?;
    let bucket = call.bucket()?;
    if setting.get == name {
        return get(setting, &bucket);
    }
    if setting.put == name {
        let body = call.document(body).await?;
        let value = if setting.root.is_empty() {
            serde_json::from_slice(&body).map_err(|error| {
                refused(400, "MalformedPolicy", format!("Policies must be valid JSON: {error}"))
            })?
        } else {
            let (root, value) = read(&body)?;
            if root != setting.root {
                return Err(malformed_xml());
            }
            if value.is_object() { value } else { json!({}) }
        };
        let skips = call.request.header("x-amz-skip-destination-validation") == Some("true");
        put_setting(call.s3, call.cx, &bucket, setting.parameter, value, !skips).await?;
        let reply = Reply::empty(setting.status);
        if setting.parameter != "lifecycle" {
            return Ok(reply);
        }
        let least = call.request.header(LEAST_TRANSITION).unwrap_or("all_storage_classes_128K");
        bucket.settings.write().insert(LEAST_TRANSITION, least.into());
        return Ok(reply.header(LEAST_TRANSITION, least));
    }
    bucket.settings.write().remove(setting.parameter);
    if absent(setting.parameter).is_some() {
        // A deleted document differs from a new bucket's: now nothing is blocked, and writers own their objects.
        bucket.settings.write().insert(setting.parameter, json!({}));
    }
    Ok(Reply::empty(204))
}

fn get(setting: &Setting, bucket: &Bucket) -> Result<Reply, ApiError> {
    let value = bucket.settings.read().get(setting.parameter).cloned();
    let value = match (value, setting.missing) {
        (Some(value), _) => value,
        (None, Some((code, message))) => {
            return Err(refused(404, code, message).detail("BucketName", bucket.name.clone()));
        }
        (None, None) => initial(setting.parameter),
    };
    if let Some((code, message)) = absent(setting.parameter).filter(|_| value == json!({})) {
        return Err(refused(404, code, message).detail("BucketName", bucket.name.clone()));
    }
    if setting.root.is_empty() {
        return Ok(Reply::new(200, "application/json", value.to_string()));
    }
    let reply = document(setting.root, &value);
    let settings = bucket.settings.read();
    let least = settings.get(LEAST_TRANSITION).filter(|_| setting.parameter == "lifecycle");
    Ok(match least.and_then(Value::as_str) {
        Some(least) => reply.header(LEAST_TRANSITION, least),
        None => reply,
    })
}

/// Checks and stores a document; `value` is its parsed form. The destinations of notifications are tried on request.
pub(in crate::services::s3) async fn put_setting(
    s3: &S3,
    cx: &crate::context::Context,
    bucket: &Bucket,
    parameter: &'static str,
    mut value: Value,
    tries_destinations: bool,
) -> Result<(), ApiError> {
    match parameter {
        "notification" => {
            notify::check(&value)?;
            if tries_destinations {
                notify::try_destinations(s3, cx, bucket, &value).await?;
            }
            notify::give_ids(&mut value);
        }
        "policy" if access::is_public(&value) && access::blocks(bucket, "BlockPublicPolicy") => {
            return Err(refused(
                403,
                "AccessDenied",
                "The bucket policy is public, which the BlockPublicPolicy setting of the bucket's public access block prevents",
            ));
        }
        "tagging" => check_tagging(&value)?,
        "ownershipControls" => ownership::check(&value)?,
        "cors" if items(&value, "CORSRule").is_empty() => return Err(malformed_xml()),
        "lifecycle" if items(&value, "Rule").is_empty() => return Err(malformed_xml()),
        _ => {}
    }
    bucket.settings.write().insert(parameter, value);
    Ok(())
}

pub(super) fn versioning(call: &Call<'_>) -> Result<Reply, ApiError> {
    let status = match *call.bucket()?.versioning.read() {
        Versioning::Off => json!({}),
        Versioning::Enabled => json!({ "Status": "Enabled" }),
        Versioning::Suspended => json!({ "Status": "Suspended" }),
    };
    Ok(document("VersioningConfiguration", &status))
}

pub(super) async fn put_versioning(call: &Call<'_>, body: Arriving) -> Result<Reply, ApiError> {
    let bucket = call.bucket()?;
    let body = call.document(body).await?;
    let (root, value) = read(&body)?;
    if root != "VersioningConfiguration" {
        return Err(malformed_xml());
    }
    if text(&value, "MfaDelete") == Some("Enabled") {
        return Err(ApiError::unsupported("MFA delete of S3"));
    }
    *bucket.versioning.write() = match text(&value, "Status") {
        Some("Enabled") => Versioning::Enabled,
        Some("Suspended") => Versioning::Suspended,
        _ => {
            return Err(refused(
                400,
                "IllegalVersioningConfigurationException",
                "The Versioning element must be specified",
            ));
        }
    };
    Ok(Reply::empty(200))
}

/// The access control list of every bucket and object: full control for the owner.
pub(super) fn acl(call: &Call<'_>) -> Reply {
    let owner = owner(call);
    let grant = json!({ "Grantee": owner.clone(), "Permission": "FULL_CONTROL" });
    let xml = crate::services::s3::document::write(
        "AccessControlPolicy",
        &json!({ "AccessControlList": { "Grant": [grant] }, "Owner": owner }),
    );
    // The grantee's type is an attribute of its element.
    let kind = "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\">";
    Reply::new(200, "application/xml", xml.replace("<Grantee>", kind))
}
