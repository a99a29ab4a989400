//! `CopyObject` and `UploadPartCopy`. Copies share their bytes with the source.

use std::sync::Arc;

use serde_json::json;

use super::{Call, document, multipart, write};
use crate::{
    error::ApiError,
    http::{Reply, decode},
    services::s3::{
        bucket::{Bucket, Part},
        checksum::Algorithm,
        conditions,
        content::LARGEST,
        digest::digests,
        encryption,
        error::{invalid_argument, no_such_key, refused},
        names::check_key,
        range::{Asked, asked},
        upload::Stored,
        version::{STORAGE_CLASS, Version, described},
    },
    wire,
};

/// The source of a copy (its bucket, key and version), after its conditions were checked.
fn source(call: &Call<'_>) -> Result<(Arc<Bucket>, String, Arc<Version>), ApiError> {
    let header = call.request.header("x-amz-copy-source").unwrap_or_default();
    let (path, id) = match header.split_once("?versionId=") {
        Some((path, id)) => (path, Some(id)),
        None => (header, None),
    };
    let path = decode(path);
    let malformed = || {
        invalid_argument(
            "x-amz-copy-source",
            header,
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
        )
    };
    let (bucket, key) = path.trim_start_matches('/').split_once('/').ok_or_else(malformed)?;
    if bucket.is_empty() || key.is_empty() {
        return Err(malformed());
    }
    let bucket = call.s3.bucket(bucket)?;
    call.check_owner("x-amz-source-expected-bucket-owner")?;
    let objects = bucket.objects.read();
    let found = match id {
        None => Bucket::newest(&objects, key),
        Some(id) => objects
            .get(key)
            .and_then(|versions| {
                versions.iter().find(|version| version.id == id && !version.is_delete_marker)
            })
            .cloned(),
    };
    let version = found.ok_or_else(|| no_such_key(key))?;
    drop(objects);
    conditions::for_copying(&call.request.headers, &version)?;
    Ok((bucket, key.to_owned(), version))
}

pub(super) async fn object(call: &Call<'_>) -> Result<Reply, ApiError> {
    let (target, key) = (call.bucket()?, call.key());
    check_key(key)?;
    write::refuse_unsupported(&target, &call.request.headers)?;
    let (from, from_key, source) = source(call)?;
    let replaces = |name: &str| call.request.header(name).is_some_and(|directive| directive == "REPLACE");
    let changes = replaces("x-amz-metadata-directive")
        || replaces("x-amz-tagging-directive")
        || call.request.header(STORAGE_CLASS).is_some()
        || call.request.header("x-amz-server-side-encryption").is_some();
    if from.name == target.name && from_key == key && !changes {
        return Err(refused(
            400,
            "InvalidRequest",
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's \
             metadata, storage class, website redirect location or encryption attributes.",
        ));
    }
    if source.content.length > LARGEST {
        return Err(refused(
            400,
            "InvalidRequest",
            format!(
                "The specified copy source is larger than the maximum allowable size for a copy source: {LARGEST}"
            ),
        ));
    }
    let (asked, new_metadata) = described(&call.request.headers);
    let (mut headers, metadata) = if replaces("x-amz-metadata-directive") {
        (asked, new_metadata)
    } else {
        // The storage class and the encryption are never the source's.
        let is_own = |name: &str| name == STORAGE_CLASS || encryption::SHOWN.contains(&name);
        let kept = source.headers.iter().filter(|(name, _)| !is_own(name));
        let own = asked.into_iter().filter(|(name, _)| is_own(name));
        (
            kept.map(|(name, value)| (name.clone(), value.clone())).chain(own).collect(),
            source.metadata.clone(),
        )
    };
    encryption::complete(&target, &mut headers);
    let tags = if replaces("x-amz-tagging-directive") {
        write::tags_of_header(call.request.header("x-amz-tagging"))?
    } else {
        source.tags.clone()
    };
    let mut version = Version { headers, metadata, tags, ..Version::clone(&source) };
    version.modified_ms = call.s3.clock.now_ms();
    version.parts.clear();
    // The copy is one piece, even if the source was a multipart upload.
    let asked = call.request.header("x-amz-checksum-algorithm").and_then(Algorithm::of);
    let there = source.checksum.as_ref();
    let algorithm = asked.or(there.map(|checksum| checksum.algorithm)).unwrap_or_default();
    let is_made_anew =
        !source.parts.is_empty() || there.is_none_or(|checksum| checksum.algorithm != algorithm);
    if is_made_anew {
        let (etag, checksum) = digests(&version.content, algorithm).await?;
        (version.etag, version.checksum) = (etag, Some(checksum));
    }
    let version = write::place(call, &target, key, version, "ObjectCreated:Copy").await?;
    let mut shown = json!({
        "ETag": format!("\"{}\"", version.etag),
        "LastModified": wire::iso(version.modified_ms),
    });
    if let Some(checksum) = &version.checksum {
        shown[checksum.algorithm.element()] = checksum.value.as_str().into();
        shown["ChecksumType"] = checksum.kind().into();
    }
    let mut reply = encryption::show(&version.headers, document("CopyObjectResult", &shown));
    if version.id != "null" {
        reply = reply.header("x-amz-version-id", &version.id);
    }
    if source.id != "null" {
        reply = reply.header("x-amz-copy-source-version-id", &source.id);
    }
    Ok(reply)
}

pub(super) async fn part(call: &Call<'_>) -> Result<Reply, ApiError> {
    let (bucket, number) = (call.bucket()?, multipart::number(call)?);
    encryption::refuse_key(&call.request.headers)?;
    let (_, _, source) = source(call)?;
    let length = source.content.length;
    let range = call.request.header("x-amz-copy-source-range");
    let (from, to) = match asked(range, length) {
        Asked::All if range.is_none() => (0, length),
        Asked::Part(from, to) => (from, to),
        _ => {
            let range = range.unwrap_or_default();
            return Err(invalid_argument(
                "x-amz-copy-source-range",
                range,
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the \
                 zero-based offsets of the first and last bytes to copy",
            ));
        }
    };
    let content = source.content.sliced(from, to);
    let (md5, checksum) = digests(&content, multipart::algorithm(call, &bucket, None)?).await?;
    let part = Part::new(Stored { content, md5, checksum: Some(checksum) }, call.s3.clock.now_ms());
    let mut shown =
        json!({ "ETag": format!("\"{}\"", part.etag), "LastModified": wire::iso(part.modified_ms) });
    if let Some(checksum) = &part.checksum {
        shown[checksum.algorithm.element()] = checksum.value.as_str().into();
    }
    multipart::keep(call, &bucket, number, part, document("CopyPartResult", &shown))
}
