//! A bucket: its objects with their versions, its multipart uploads, and its settings.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::RwLock;
use serde_json::Value;

use super::{checksum::Algorithm, upload::Stored, version::Version};

/// Whether a bucket keeps versions of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Versioning {
    /// Versioning was never enabled.
    #[default]
    Off,
    Enabled,
    Suspended,
}

/// The objects by key, each with its versions; the newest version is the last.
pub(super) type Objects = BTreeMap<String, Vec<Arc<Version>>>;

/// A multipart upload.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) key: String,
    pub(super) begun_ms: i64,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) algorithm: Option<Algorithm>,
    pub(super) wants_full_checksum: bool,
    pub(super) parts: BTreeMap<u16, Part>,
}

/// One part of an upload.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) etag: String,
    pub(super) modified_ms: i64,
    pub(super) content: super::content::Content,
    pub(super) checksum: Option<super::checksum::Checksum>,
}

impl Part {
    /// A part that was stored at `now_ms`.
    pub(super) fn new(stored: Stored, now_ms: i64) -> Self {
        Self { etag: stored.md5, modified_ms: now_ms, content: stored.content, checksum: stored.checksum }
    }
}

#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) name: String,
    pub(super) region: Arc<str>,
    pub(super) created_ms: i64,
    pub(super) versioning: RwLock<Versioning>,
    pub(super) objects: RwLock<Objects>,
    pub(super) uploads: RwLock<BTreeMap<String, Upload>>,
    /// Documents, by the query parameter with which they are set, such as `cors`.
    pub(super) settings: RwLock<BTreeMap<&'static str, Value>>,
    /// Counts the changes of objects, for the sequencers of events.
    sequence: AtomicU64,
}

impl Bucket {
    /// An empty bucket.
    pub(super) fn new(name: &str, region: Arc<str>, now_ms: i64) -> Self {
        Self {
            name: name.to_owned(),
            region,
            created_ms: now_ms,
            versioning: RwLock::default(),
            objects: RwLock::default(),
            uploads: RwLock::default(),
            settings: RwLock::default(),
            sequence: AtomicU64::new((now_ms.max(0) as u64) << 20),
        }
    }

    /// The next sequencer: a hexadecimal number that increases with every change of an object.
    pub(super) fn sequencer(&self) -> String {
        format!("{:018X}", self.sequence.fetch_add(1, Ordering::Relaxed))
    }

    /// Stores a version as the newest one and sets its id. The caller holds the lock of the objects.
    pub(super) fn insert(&self, objects: &mut Objects, key: &str, mut version: Version) -> Arc<Version> {
        let versioning = *self.versioning.read();
        let versions = objects.entry(key.to_owned()).or_default();
        if versioning == Versioning::Enabled {
            version.id = new_version_id();
        } else {
            "null".clone_into(&mut version.id);
            versions.retain(|other| other.id != "null");
        }
        let version = Arc::new(version);
        versions.push(Arc::clone(&version));
        version
    }

    /// The newest version of a key; `None` if it is a delete marker.
    pub(super) fn newest(objects: &Objects, key: &str) -> Option<Arc<Version>> {
        objects.get(key)?.last().filter(|version| !version.is_delete_marker).cloned()
    }
}

/// A version id in S3's form: 32 characters.
fn new_version_id() -> String {
    use rand::Rng as _;
    rand::rng().sample_iter(rand::distr::Alphanumeric).take(32).map(char::from).collect()
}
