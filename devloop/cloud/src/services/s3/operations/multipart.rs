//! Multipart uploads: `CreateMultipartUpload`, `UploadPart`, `CompleteMultipartUpload`, `AbortMultipartUpload`.

use std::collections::BTreeMap;

use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use super::{Call, document, write};
use crate::{
    error::ApiError,
    http::{Arriving, Reply},
    services::s3::{
        bucket::{Bucket, Part, Upload},
        checksum::{Algorithm, Checksum},
        content::{Content, hex},
        document::{items, read, text},
        encryption,
        error::{invalid_argument, malformed_xml, refused},
        names::check_key,
        upload::{Stored, store},
        version::{Version, described},
    },
    wire,
};

/// The smallest size of every part except the last, in bytes [Amazon S3 multipart upload limits].
const LEAST: u64 = 5 << 20;

pub(super) fn no_such_upload(id: &str) -> ApiError {
    refused(
        404,
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    )
    .detail("UploadId", id)
}

pub(super) fn upload_id(call: &Call<'_>) -> String {
    call.parameter("uploadId").unwrap_or_default()
}

/// The part's number.
pub(super) fn number(call: &Call<'_>) -> Result<u16, ApiError> {
    let text = call.parameter("partNumber").unwrap_or_default();
    text.parse().ok().filter(|number| (1..=10_000).contains(number)).ok_or_else(|| {
        invalid_argument("partNumber", &text, "Part number must be an integer between 1 and 10000, inclusive")
    })
}

pub(super) fn create(call: &Call<'_>) -> Result<Reply, ApiError> {
    let (bucket, key) = (call.bucket()?, call.key());
    check_key(key)?;
    write::refuse_unsupported(&bucket, &call.request.headers)?;
    let (mut headers, metadata) = described(&call.request.headers);
    encryption::complete(&bucket, &mut headers);
    let algorithm = Algorithm::wanted(&call.request.headers);
    let kind = call.request.header("x-amz-checksum-type");
    let wants_full_checksum = algorithm.map_or(Ok(true), |algorithm| algorithm.is_of_whole(kind))?;
    let upload = Upload {
        key: key.to_owned(),
        begun_ms: call.s3.clock.now_ms(),
        headers,
        metadata,
        tags: write::tags_of_header(call.request.header("x-amz-tagging"))?,
        algorithm,
        wants_full_checksum,
        parts: BTreeMap::new(),
    };
    let encrypted = encryption::show(&upload.headers, Reply::empty(200)).headers;
    // Later uploads have larger ids, so that lists can continue after an id.
    let id = format!("{}{}", bucket.sequencer().to_lowercase(), wire::unique_id().simple());
    bucket.uploads.write().insert(id.clone(), upload);
    let shown = json!({ "Bucket": bucket.name, "Key": key, "UploadId": id });
    let mut reply = document("InitiateMultipartUploadResult", &shown);
    reply.headers.extend(encrypted);
    if let Some(algorithm) = algorithm {
        reply = reply
            .header("x-amz-checksum-algorithm", algorithm.name())
            .header("x-amz-checksum-type", if wants_full_checksum { "FULL_OBJECT" } else { "COMPOSITE" });
    }
    Ok(reply)
}

pub(super) async fn upload(call: &Call<'_>, body: Arriving) -> Result<Reply, ApiError> {
    let (bucket, number) = (call.bucket()?, number(call)?);
    let headers = &call.request.headers;
    encryption::refuse_key(headers)?;
    Algorithm::refuse_unknown(headers)?;
    let algorithm = algorithm(call, &bucket, Algorithm::wanted(headers))?;
    let stored = store(&call.s3.folder, headers, body, Some(algorithm)).await?;
    let part = Part::new(stored, call.s3.clock.now_ms());
    let mut reply = Reply::empty(200).header("etag", &format!("\"{}\"", part.etag));
    if let Some(checksum) = &part.checksum {
        reply = reply.header(checksum.algorithm.header(), &checksum.value);
    }
    keep(call, &bucket, number, part, reply)
}

/// The checksum algorithm of a part. If the upload names one, a part with another one is refused, because the parts' checksums make
/// that of the object. If it names none, as boto3's do, the part's own counts.
pub(super) fn algorithm(
    call: &Call<'_>,
    bucket: &Bucket,
    of_part: Option<Algorithm>,
) -> Result<Algorithm, ApiError> {
    let id = upload_id(call);
    let uploads = bucket.uploads.read();
    let upload = uploads.get(&id).filter(|upload| upload.key == call.key());
    let of_upload = upload.ok_or_else(|| no_such_upload(&id))?.algorithm;
    match (of_upload, of_part) {
        (Some(expected), Some(actual)) if actual != expected => {
            let message = format!(
                "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                expected.name().to_ascii_lowercase(),
                actual.name().to_ascii_lowercase()
            );
            Err(refused(400, "InvalidRequest", message))
        }
        _ => Ok(of_upload.or(of_part).unwrap_or_default()),
    }
}

/// Stores a part of the upload that the request names; replaces a part with the same number. Returns the answer with the
/// upload's encryption.
pub(super) fn keep(
    call: &Call<'_>,
    bucket: &Bucket,
    number: u16,
    part: Part,
    reply: Reply,
) -> Result<Reply, ApiError> {
    let id = upload_id(call);
    let mut uploads = bucket.uploads.write();
    let upload = uploads.get_mut(&id).filter(|upload| upload.key == call.key());
    let upload = upload.ok_or_else(|| no_such_upload(&id))?;
    upload.parts.insert(number, part);
    Ok(encryption::show(&upload.headers, reply))
}

pub(super) async fn complete(call: &Call<'_>, body: Arriving) -> Result<Reply, ApiError> {
    let (bucket, id, key) = (call.bucket()?, upload_id(call), call.key());
    encryption::refuse_key(&call.request.headers)?;
    Algorithm::refuse_unknown(&call.request.headers)?;
    let body = call.document(body).await?;
    let (root, wanted) = read(&body)?;
    let wanted = items(&wanted, "Part");
    if root != "CompleteMultipartUpload" || wanted.is_empty() {
        return Err(malformed_xml());
    }
    let version = {
        let uploads = bucket.uploads.read();
        let upload =
            uploads.get(&id).filter(|upload| upload.key == key).ok_or_else(|| no_such_upload(&id))?;
        assembled(call, upload, &wanted)?
    };
    let version = write::place(call, &bucket, key, version, "ObjectCreated:CompleteMultipartUpload").await?;
    bucket.uploads.write().remove(&id);
    let mut shown = json!({
        "Location": format!("{}/{}/{}", call.cx.endpoint, bucket.name, key),
        "Bucket": bucket.name,
        "Key": key,
        "ETag": format!("\"{}\"", version.etag),
    });
    if let Some(checksum) = &version.checksum {
        shown[checksum.algorithm.element()] = checksum.value.as_str().into();
        shown["ChecksumType"] = checksum.kind().into();
    }
    let reply = document("CompleteMultipartUploadResult", &shown);
    let reply = encryption::show(&version.headers, reply);
    Ok(if version.id == "null" { reply } else { reply.header("x-amz-version-id", &version.id) })
}

/// The object made from an upload's parts, in the order that the request lists them.
fn assembled(call: &Call<'_>, upload: &Upload, wanted: &[&Value]) -> Result<Version, ApiError> {
    let invalid = || {
        refused(
            400,
            "InvalidPart",
            "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified \
             entity tag may not match the part's entity tag.",
        )
    };
    let mut parts: Vec<(u16, &Part)> = Vec::with_capacity(wanted.len());
    let mut before = 0;
    for one in wanted {
        let number: u16 = text(one, "PartNumber")
            .and_then(|number| number.trim().parse().ok())
            .ok_or_else(malformed_xml)?;
        if number <= before {
            return Err(refused(
                400,
                "InvalidPartOrder",
                "The list of parts was not in ascending order. The parts list must be specified in order by part number.",
            ));
        }
        before = number;
        let part = upload.parts.get(&number).ok_or_else(invalid)?;
        let etag = text(one, "ETag").unwrap_or_default().trim_matches('"');
        let differs = part.checksum.as_ref().is_some_and(|checksum| {
            text(one, &checksum.algorithm.element()).is_some_and(|value| value != checksum.value)
        });
        if etag != part.etag || differs {
            return Err(invalid());
        }
        parts.push((number, part));
    }
    // Only the last part may be small.
    if let Some((_, all_but_last)) = parts.split_last()
        && let Some((number, part)) = all_but_last.iter().find(|(_, part)| part.content.length < LEAST)
    {
        return Err(refused(
            400,
            "EntityTooSmall",
            "Your proposed upload is smaller than the minimum allowed size",
        )
        .detail("ProposedSize", part.content.length.to_string())
        .detail("MinSizeAllowed", LEAST.to_string())
        .detail("PartNumber", number.to_string()));
    }
    let parts: Vec<&Part> = parts.into_iter().map(|(_, part)| part).collect();
    let mut md5 = Md5::new();
    for part in &parts {
        md5.update(from_hex(&part.etag));
    }
    let etag = format!("{}-{}", hex(&md5.finalize()), parts.len());
    let content = Content::joined(parts.iter().map(|part| &part.content));
    let checksum = checksum_of(upload, &parts);
    check_whole(call, &content, checksum.as_ref())?;
    let stored = Stored { content, md5: etag, checksum };
    let mut version =
        write::version_of(call, stored, upload.headers.clone(), upload.metadata.clone(), upload.tags.clone());
    version.parts = parts.iter().map(|part| part.content.length).collect();
    Ok(version)
}

/// The checksum of an upload's object: of the whole object, or a composite one of its parts' checksums. Parts with different algorithms
/// make none.
fn checksum_of(upload: &Upload, parts: &[&Part]) -> Option<Checksum> {
    let sums: Option<Vec<(&Checksum, u64)>> =
        parts.iter().map(|part| Some((part.checksum.as_ref()?, part.content.length))).collect();
    let sums = sums?;
    let algorithm = sums.first()?.0.algorithm;
    if sums.iter().any(|(sum, _)| sum.algorithm != algorithm) {
        return None;
    }
    let is_full = match upload.algorithm {
        Some(_) => upload.wants_full_checksum,
        None => matches!(algorithm.is_of_whole(None), Ok(true)),
    };
    if is_full {
        return Checksum::joined(algorithm, &sums);
    }
    Some(Checksum::of_parts(algorithm, &sums.iter().map(|(sum, _)| *sum).collect::<Vec<_>>()))
}

/// Checks the size and the checksum of the whole object that the completing request gives.
fn check_whole(call: &Call<'_>, content: &Content, checksum: Option<&Checksum>) -> Result<(), ApiError> {
    let size = call.request.header("x-amz-mp-object-size");
    if size.is_some_and(|size| size.parse() != Ok(content.length)) {
        let message = "The provided 'x-amz-mp-object-size' header value does not match what was computed.";
        return Err(refused(400, "InvalidRequest", message));
    }
    let Some(checksum) = checksum else { return Ok(()) };
    let promised = call.request.header(checksum.algorithm.header());
    if promised.is_some_and(|promised| promised != checksum.value) {
        let message =
            format!("The {} you specified did not match the calculated checksum.", checksum.algorithm.name());
        return Err(refused(400, "BadDigest", message));
    }
    Ok(())
}

fn from_hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).filter_map(|at| u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()).collect()
}

pub(super) fn abort(call: &Call<'_>) -> Result<Reply, ApiError> {
    let (bucket, id) = (call.bucket()?, upload_id(call));
    if call.request.header("x-amz-if-match-initiated-time").is_some() {
        return Err(ApiError::unsupported(
            "x-amz-if-match-initiated-time, which is for directory buckets of S3",
        ));
    }
    bucket.uploads.write().remove(&id).ok_or_else(|| no_such_upload(&id))?;
    Ok(Reply::empty(204))
}
