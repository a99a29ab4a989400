//! What the function needs of S3: a trait, so that tests run without it.

use std::collections::HashMap;

/// An object, read whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Without quotes.
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

/// What went wrong with a service.
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
    /// Reads an object; one that is larger than `limit` bytes is cut off behind them.
    fn get(&self, bucket: &str, key: &str, limit: usize) -> impl Future<Output = Result<Object, Fault>>;

    /// The user metadata of an object; `None` when there is none of this key.
    fn metadata(
        &self,
        bucket: &str,
        key: &str,
    ) -> impl Future<Output = Result<Option<HashMap<String, String>>, Fault>>;

    /// Writes an object.
    fn put(&self, object: Put) -> impl Future<Output = Result<(), Fault>>;
}
