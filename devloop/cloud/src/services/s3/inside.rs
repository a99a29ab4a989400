//! Reads and writes objects for other services of the cloud, with the same operations that requests run, but without a
//! connection.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{HeaderMap, Method, header::HeaderValue};
use serde_json::{Value, json};

use super::{
    address::Address,
    bucket::Bucket,
    document::text,
    error::{disk, refused},
    operations::{self, Call},
    service::S3,
};
use crate::{
    context::Context,
    error::ApiError,
    http::{Arriving, Reply, Request, encode},
};

/// The largest object that can be read this way, in bytes: the largest code package of Lambda, unpacked [Lambda quotas].
const LARGEST: u64 = 250 << 20;

/// Every version and delete marker of a bucket, by `Key` and `VersionId`.
pub(super) fn versions(bucket: &Bucket) -> Value {
    let objects = bucket.objects.read();
    let all = objects.iter().flat_map(|(key, versions)| {
        versions.iter().map(move |version| json!({ "Key": key, "VersionId": version.id }))
    });
    json!({ "Versions": all.collect::<Vec<Value>>() })
}

/// Runs `GetObject` or `DeleteObject` (members `Bucket`, `Key`, `VersionId`), or `PutObject` (`Bucket`, `Key`, `ContentType`). `Body`
/// is in base64, as in JSON protocols.
pub(super) async fn call(
    s3: &S3,
    cx: &Context,
    operation: &'static str,
    input: &Value,
) -> Result<Value, ApiError> {
    let member = |name: &str| text(input, name).unwrap_or_default();
    let (bucket, key) = (member("Bucket"), member("Key"));
    let mut request = Request {
        method: match operation {
            "GetObject" => Method::GET,
            "DeleteObject" => Method::DELETE,
            _ => Method::PUT,
        },
        path: format!("/{bucket}/{}", encode(key)),
        query: String::new(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        peer: [127, 0, 0, 1].into(),
    };
    if let Some(version) = text(input, "VersionId") {
        request.query = format!("versionId={}", encode(version));
    }
    if let Some(kind) = text(input, "ContentType").and_then(|kind| HeaderValue::from_str(kind).ok()) {
        request.headers.insert("content-type", kind);
    }
    let body = BASE64_STANDARD
        .decode(member("Body"))
        .map_err(|error| refused(400, "InvalidArgument", format!("Body is not base64: {error}")))?;
    let address = Address { bucket: Some(bucket.to_owned()), key: Some(key.to_owned()) };
    let call = Call { s3, cx, request: &request, address };
    let reply = operations::run(operation, &call, Arriving::new(Full::new(Bytes::from(body)))).await?;
    let header =
        |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut output = json!({ "ETag": header("etag") });
    if let Some(version) = header("x-amz-version-id") {
        output["VersionId"] = version.into();
    }
    if operation == "GetObject" {
        let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        if length > LARGEST {
            return Err(refused(
                400,
                "EntityTooLarge",
                format!("the object has {length} bytes; at most {LARGEST} are read from inside the cloud"),
            ));
        }
        output["ContentType"] = header("content-type").into();
        output["ContentLength"] = length.into();
        output["Body"] = BASE64_STANDARD.encode(bytes_of(reply).await?).into();
    }
    Ok(output)
}

async fn bytes_of(reply: Reply) -> Result<Bytes, ApiError> {
    match reply.stream {
        Some(stream) => {
            let collected = stream.collect().await.map_err(|error| disk(&error))?;
            Ok(collected.to_bytes())
        }
        None => Ok(reply.body),
    }
}
