//! One version of an object.

use std::collections::BTreeMap;

use hyper::HeaderMap;
use serde_json::{Value, json};

use super::{checksum::Checksum, content::Content, encryption::SHOWN};
use crate::wire;

/// Headers that are stored with an object and returned with it.
const KEPT: [&str; 7] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
    STORAGE_CLASS,
];

/// The header of the storage class.
pub(super) const STORAGE_CLASS: &str = "x-amz-storage-class";

/// A version of an object, or a delete marker.
#[derive(Debug, Clone)]
pub(super) struct Version {
    /// The version id; `null` while the bucket keeps no versions.
    pub(super) id: String,
    /// The entity tag, without quotes.
    pub(super) etag: String,
    /// When it was stored, in ms since the epoch.
    pub(super) modified_ms: i64,
    pub(super) content: Content,
    pub(super) is_delete_marker: bool,
    /// Headers such as `content-type`, by lower-case name.
    pub(super) headers: BTreeMap<String, String>,
    /// The metadata of `x-amz-meta-…` headers, by the rest of the name.
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) checksum: Option<Checksum>,
    /// The sizes of its parts, if it was a multipart upload.
    pub(super) parts: Vec<u64>,
}

/// The stored headers and the metadata in a request.
pub(super) fn described(headers: &HeaderMap) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let mut kept = BTreeMap::new();
    let mut metadata = BTreeMap::new();
    for (name, value) in headers {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        if let Some(name) = name.as_str().strip_prefix("x-amz-meta-") {
            metadata.insert(name.to_owned(), text);
        } else if name.as_str() == "content-encoding" {
            let encodings: Vec<&str> =
                text.split(',').map(str::trim).filter(|encoding| *encoding != "aws-chunked").collect();
            if !encodings.is_empty() {
                kept.insert(name.as_str().to_owned(), encodings.join(","));
            }
        } else if KEPT.contains(&name.as_str()) || SHOWN.contains(&name.as_str()) {
            kept.insert(name.as_str().to_owned(), text);
        }
    }
    kept.entry("content-type".to_owned()).or_insert_with(|| "binary/octet-stream".to_owned());
    (kept, metadata)
}

impl Version {
    /// The storage class; `STANDARD` by default.
    pub(super) fn storage_class(&self) -> &str {
        self.headers.get(STORAGE_CLASS).map_or("STANDARD", String::as_str)
    }

    /// The object as an entry of a list.
    pub(super) fn entry(&self, key: &str) -> Value {
        let mut entry = json!({
            "Key": key,
            "LastModified": wire::iso(self.modified_ms),
            "ETag": format!("\"{}\"", self.etag),
            "Size": self.content.length,
            "StorageClass": self.storage_class(),
        });
        if let Some(checksum) = &self.checksum {
            entry["ChecksumAlgorithm"] = checksum.algorithm.name().into();
            entry["ChecksumType"] = checksum.kind().into();
        }
        entry
    }
}
