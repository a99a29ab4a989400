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

    /// The user metadata of an object; `None` if there is no object with this key.
    fn metadata(
        &self,
        bucket: &str,
        key: &str,
    ) -> impl Future<Output = Result<Option<HashMap<String, String>>, Fault>>;

    /// Writes an object.
    fn put(&self, object: Put) -> impl Future<Output = Result<(), Fault>>;
}
