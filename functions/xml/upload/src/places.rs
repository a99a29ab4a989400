//! What the function needs of S3 and of the table: a trait, so that tests run without them.

/// An object that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Without quotes.
    pub etag: String,
}

/// A service failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

/// Where files go, and where rules are.
pub trait Places {
    /// Stores an XML file; `rule` is the rule that it wants to be converted by.
    fn put(
        &self,
        bucket: &str,
        key: &str,
        file: Vec<u8>,
        rule: Option<u64>,
    ) -> impl Future<Output = Result<Stored, Failure>>;

    /// Whether there is such a rule.
    fn has_rule(&self, rule: u64) -> impl Future<Output = Result<bool, Failure>>;

    /// An address that takes one file by PUT for some minutes, without going through this function.
    fn presigned(
        &self,
        bucket: &str,
        key: &str,
        rule: Option<u64>,
    ) -> impl Future<Output = Result<String, Failure>>;
}
