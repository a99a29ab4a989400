//! Changes of objects as EventBridge events [Using EventBridge, Amazon S3 user guide; EventBridge event message structure].

use serde_json::{Value, json};

use super::{bucket::Bucket, operations::Call, version::Version};

/// The entry of `PutEvents` for an event such as `ObjectCreated:Put`; `None` for an event that S3 does not send to
/// EventBridge.
pub(super) fn entry(
    call: &Call<'_>,
    bucket: &Bucket,
    key: &str,
    version: &Version,
    event: &str,
    sequencer: &str,
) -> Option<Value> {
    let (detail_type, more) = about(event)?;
    let mut object = json!({ "key": key, "sequencer": sequencer });
    if detail_type != "Object Deleted" {
        object["size"] = version.content.length.into();
        object["etag"] = version.etag.as_str().into();
    }
    if version.id != "null" {
        object["version-id"] = version.id.as_str().into();
    }
    let mut detail = json!({
        "version": "0",
        "bucket": { "name": bucket.name },
        "object": object,
        "request-id": &*call.cx.request_id,
        "requester": &*call.cx.account,
        "source-ip-address": call.request.peer.to_string(),
    });
    if let Some((name, value)) = more {
        detail[name] = value.into();
    }
    Some(json!({
        "Source": "aws.s3",
        "DetailType": detail_type,
        "Resources": [format!("arn:aws:s3:::{}", bucket.name)],
        "Detail": detail.to_string(),
    }))
}

/// The detail type of an event, and the additional member of its detail.
fn about(event: &str) -> Option<(&'static str, Option<(&'static str, &'static str)>)> {
    Some(match event {
        "ObjectCreated:Put" => ("Object Created", Some(("reason", "PutObject"))),
        "ObjectCreated:Post" => ("Object Created", Some(("reason", "POST Object"))),
        "ObjectCreated:Copy" => ("Object Created", Some(("reason", "CopyObject"))),
        "ObjectCreated:CompleteMultipartUpload" => {
            ("Object Created", Some(("reason", "CompleteMultipartUpload")))
        }
        "ObjectRemoved:Delete" => ("Object Deleted", Some(("deletion-type", "Permanently Deleted"))),
        "ObjectRemoved:DeleteMarkerCreated" => {
            ("Object Deleted", Some(("deletion-type", "Delete Marker Created")))
        }
        "ObjectTagging:Put" => ("Object Tags Added", None),
        "ObjectTagging:Delete" => ("Object Tags Deleted", None),
        _ => return None,
    })
}
