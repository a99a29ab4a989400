//! The needed part of a `DynamoDB` stream batch.
//!
//! `aws_lambda_events`' types are not used: they cannot distinguish a missing image from an empty one, and they decode every image
//! with the event, so that one bad item would fail the whole batch.

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
    /// The new item; `None` for a removal.
    pub new_image: Option<Box<RawValue>>,
    /// The old item; `None` for an insertion.
    pub old_image: Option<Box<RawValue>>,
}
