//! The operations that the function needs from S3 and the table, as a trait, so that tests run without them.

use std::collections::BTreeMap;

/// An object that was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The `ETag` without quotes.
    pub etag: String,
}

/// A presigned request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presigned {
    /// Its address.
    pub url: String,
    /// The headers that must be sent with it, because they are signed too.
    pub headers: BTreeMap<String, String>,
}

/// A service failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

/// The bucket for files and the table of rules.
pub trait Places {
    /// Stores an XML file; `rule` is the rule for its conversion.
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
    ) -> impl Future<Output = Result<Presigned, Failure>>;
}
