//! The operations that the function needs from S3, as a trait, so that tests run without S3.

use std::collections::HashMap;

/// An object, read whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The `ETag` without quotes.
    pub etag: String,
    /// User metadata.
    pub metadata: HashMap<String, String>,
}

/// An object to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Put {
    /// The bucket it goes to.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its JSON document.
    pub body: String,
    /// User metadata.
    pub metadata: HashMap<String, String>,
    /// The `ETag`, without quotes, of the object that it replaces; `None` if it must be the first with its key.
    pub replaces: Option<String>,
}

/// An object without its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The `ETag` without quotes.
    pub etag: String,
    /// User metadata.
    pub metadata: HashMap<String, String>,
}

/// How a write ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The object is stored.
    Stored,
    /// Nothing was stored: there is not the object that was to be replaced.
    Outrun,
}

/// A fault of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is no such object.
    #[error("{0} is not there")]
    Missing(String),
    /// S3 failed; it may work the next time.
    #[error("S3 error: {0}")]
    Objects(String),
    /// The table failed, or has no such rule.
    #[error("DynamoDB error: {0}")]
    Rules(String),
}

/// The objects of all buckets.
pub trait Objects {
    /// Reads an object; a larger one is cut off after `limit` bytes.
    fn get(&self, bucket: &str, key: &str, limit: usize) -> impl Future<Output = Result<Object, Fault>>;

    /// An object without its bytes; `None` if there is no object with this key.
    fn head(&self, bucket: &str, key: &str) -> impl Future<Output = Result<Option<Head>, Fault>>;

    /// Writes an object if it replaces the one that it is to replace.
    fn put(&self, object: Put) -> impl Future<Output = Result<Written, Fault>>;
}
