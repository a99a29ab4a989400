//! `GetObject`, `HeadObject`, `GetObjectAttributes`.

use std::sync::Arc;

use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::{Call, document};
use crate::{
    error::ApiError,
    http::Reply,
    services::s3::{
        bucket::Bucket,
        conditions, encryption,
        error::{invalid_argument, no_such_key, refused},
        range::{Asked, asked},
        version::Version,
    },
};

/// Parameters of a signed request that override headers of the response.
const OVERRIDES: [(&str, &str); 6] = [
    ("response-cache-control", "cache-control"),
    ("response-content-disposition", "content-disposition"),
    ("response-content-encoding", "content-encoding"),
    ("response-content-language", "content-language"),
    ("response-content-type", "content-type"),
    ("response-expires", "expires"),
];

/// The version that the request names with `versionId`, or else the newest one.
pub(super) fn version(call: &Call<'_>, bucket: &Bucket, key: &str) -> Result<Arc<Version>, ApiError> {
    let objects = bucket.objects.read();
    let Some(id) = call.parameter("versionId") else {
        return Bucket::newest(&objects, key).ok_or_else(|| {
            let marker =
                objects.get(key).and_then(|versions| versions.last()).map(|version| version.id.clone());
            match marker {
                Some(id) => no_such_key(key).detail("DeleteMarker", id),
                None => no_such_key(key),
            }
        });
    };
    let found =
        objects.get(key).and_then(|versions| versions.iter().find(|version| version.id == id)).cloned();
    let found = found.ok_or_else(|| {
        refused(404, "NoSuchVersion", "The specified version does not exist.").detail("VersionId", id.clone())
    })?;
    if found.is_delete_marker {
        return Err(refused(
            405,
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
        )
        .detail("ResourceType", "DeleteMarker"));
    }
    Ok(found)
}

/// Fails if the object does not exist.
pub(super) fn exists(call: &Call<'_>) -> Result<(), ApiError> {
    version(call, &*call.bucket()?, call.key()).map(|_| ())
}

fn set(reply: &mut Reply, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
        reply.headers.insert(name, value);
    }
}

/// A response with the headers of a version.
fn about(call: &Call<'_>, version: &Version, status: u16) -> Reply {
    let mut reply = Reply::empty(status);
    for (name, value) in &version.headers {
        set(&mut reply, name, value);
    }
    for (name, value) in &version.metadata {
        set(&mut reply, &format!("x-amz-meta-{name}"), value);
    }
    set(&mut reply, "etag", &format!("\"{}\"", version.etag));
    set(&mut reply, "last-modified", &conditions::http_date(version.modified_ms));
    set(&mut reply, "accept-ranges", "bytes");
    if version.id != "null" {
        set(&mut reply, "x-amz-version-id", &version.id);
    }
    if !version.tags.is_empty() {
        set(&mut reply, "x-amz-tagging-count", &version.tags.len().to_string());
    }
    let wants_checksum =
        call.request.header("x-amz-checksum-mode").is_some_and(|mode| mode.eq_ignore_ascii_case("enabled"));
    if let Some(checksum) = version.checksum.as_ref().filter(|_| wants_checksum && status != 206) {
        set(&mut reply, checksum.algorithm.header(), &checksum.value);
        set(&mut reply, "x-amz-checksum-type", checksum.kind());
    }
    for (parameter, header) in OVERRIDES {
        if let Some(value) = call.parameter(parameter) {
            set(&mut reply, header, &value);
        }
    }
    reply
}

/// The version that is read. No object has a key of the client's own, so a request that sends one is refused.
fn readable(call: &Call<'_>) -> Result<Arc<Version>, ApiError> {
    let version = version(call, &*call.bucket()?, call.key())?;
    encryption::refuse_key(&call.request.headers)?;
    Ok(version)
}

pub(super) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    let version = readable(call)?;
    conditions::for_reading(&call.request.headers, &version)?;
    let length = version.content.length;
    let (from, to, status) = part(call, &version)?;
    let mut reply = about(call, &version, status);
    if status == 206 {
        set(&mut reply, "content-range", &format!("bytes {from}-{}/{length}", to - 1));
    }
    if call.parameter("partNumber").is_some() && !version.parts.is_empty() {
        set(&mut reply, "x-amz-mp-parts-count", &version.parts.len().to_string());
    }
    set(&mut reply, "content-length", &(to - from).to_string());
    match version.content.in_memory() {
        Some(bytes) => reply.body = bytes.slice(from as usize..to as usize),
        None => reply.stream = Some(version.content.stream(from, to)),
    }
    Ok(reply)
}

pub(super) fn head(call: &Call<'_>) -> Result<Reply, ApiError> {
    let version = readable(call)?;
    conditions::for_reading(&call.request.headers, &version)?;
    let (from, to, status) = part(call, &version)?;
    let mut reply = about(call, &version, status);
    if status == 206 {
        set(&mut reply, "content-range", &format!("bytes {from}-{}/{}", to - 1, version.content.length));
    }
    if call.parameter("partNumber").is_some() && !version.parts.is_empty() {
        set(&mut reply, "x-amz-mp-parts-count", &version.parts.len().to_string());
    }
    set(&mut reply, "content-length", &(to - from).to_string());
    Ok(reply)
}

/// The requested bytes of the object (a part by its number, a range, or everything), and the status of the response.
fn part(call: &Call<'_>, version: &Version) -> Result<(u64, u64, u16), ApiError> {
    let length = version.content.length;
    let unsatisfiable = || {
        refused(416, "InvalidRange", "The requested range is not satisfiable")
            .detail("ActualObjectSize", length.to_string())
    };
    if let Some(number) = call.parameter("partNumber") {
        let number: usize =
            number.parse().ok().filter(|number| (1..=10_000).contains(number)).ok_or_else(|| {
                refused(
                    400,
                    "InvalidArgument",
                    "Part number must be an integer between 1 and 10000, inclusive",
                )
            })?;
        if version.parts.is_empty() && number == 1 {
            return Ok((0, length, 206)).map(|part| if length == 0 { (0, 0, 200) } else { part });
        }
        let size = *version.parts.get(number - 1).ok_or_else(|| {
            refused(416, "InvalidPartNumber", "The requested partnumber is not satisfiable")
        })?;
        let from: u64 = version.parts[..number - 1].iter().sum();
        return Ok((from, from + size, 206));
    }
    let range = call.request.header("range");
    let range = range.filter(|_| conditions::range_holds(&call.request.headers, version));
    match asked(range, length) {
        Asked::All => Ok((0, length, 200)),
        Asked::Part(from, to) => Ok((from, to, 206)),
        Asked::Nothing => Err(unsatisfiable()),
    }
}

pub(super) fn attributes(call: &Call<'_>) -> Result<Reply, ApiError> {
    let version = readable(call)?;
    let wanted = call.request.header("x-amz-object-attributes").unwrap_or_default().to_owned();
    let wants = |name: &str| wanted.split(',').any(|wanted| wanted.trim() == name);
    let mut shown = json!({});
    if wants("ETag") {
        shown["ETag"] = version.etag.as_str().into();
    }
    if let Some(checksum) = version.checksum.as_ref().filter(|_| wants("Checksum")) {
        shown["Checksum"] =
            json!({ checksum.algorithm.element(): checksum.value, "ChecksumType": checksum.kind() });
    }
    if wants("ObjectParts") && !version.parts.is_empty() {
        shown["ObjectParts"] = parts_of(call, &version)?;
    }
    if wants("StorageClass") {
        shown["StorageClass"] = version.storage_class().into();
    }
    if wants("ObjectSize") {
        shown["ObjectSize"] = version.content.length.into();
    }
    let mut reply = document("GetObjectAttributesResponse", &shown);
    set(&mut reply, "last-modified", &conditions::http_date(version.modified_ms));
    if version.id != "null" {
        set(&mut reply, "x-amz-version-id", &version.id);
    }
    Ok(reply)
}

/// A page of the version's parts: at most `x-amz-max-parts` of those behind `x-amz-part-number-marker`
/// [GetObjectAttributes].
fn parts_of(call: &Call<'_>, version: &Version) -> Result<Value, ApiError> {
    let number = |name: &str, default: usize| match call.request.header(name) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| {
            invalid_argument(name, text, format!("{name} must be an integer between 0 and 2147483647"))
        }),
    };
    let (most, marker) = (number("x-amz-max-parts", 1000)?.min(1000), number("x-amz-part-number-marker", 0)?);
    let behind = version.parts.iter().enumerate().skip(marker);
    let parts: Vec<Value> =
        behind.take(most).map(|(index, size)| json!({ "PartNumber": index + 1, "Size": size })).collect();
    let last = marker + parts.len();
    Ok(json!({
        "PartsCount": version.parts.len(), "IsTruncated": last < version.parts.len(), "MaxParts": most,
        "PartNumberMarker": marker, "NextPartNumberMarker": last, "Part": parts,
    }))
}
