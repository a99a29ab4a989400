//! A `DynamoDB` stream batch, as far as it is needed.
//!
//! Not `aws_lambda_events`' types: they cannot tell a missing image from an empty one, and decode every image with the
//! event, so that one bad item would fail the whole batch.

use serde::Deserialize;
use serde_json::value::RawValue;

/// The event.
#[derive(Debug, Deserialize)]
pub struct Batch {
    /// Changes of one shard, in order.
    #[serde(rename = "Records")]
    pub records: Vec<StreamRecord>,
}

/// One change.
#[derive(Debug, Deserialize)]
pub struct StreamRecord {
    /// The record's identity.
    #[serde(rename = "eventID", default)]
    pub event_id: String,
    /// Place in the shard, and what changed.
    pub dynamodb: Images,
}

/// The item before and after.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Images {
    /// Place in the shard.
    #[serde(default)]
    pub sequence_number: String,
    /// The item as it is now; none for a removal.
    pub new_image: Option<Box<RawValue>>,
    /// The item as it was; none for an insertion.
    pub old_image: Option<Box<RawValue>>,
}
