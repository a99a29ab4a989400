//! What event source mappings need of a stream. Kinesis and DynamoDB Streams implement these traits.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;

use crate::shard::{Entry, ShardLog};

/// A stream of sharded records.
pub(crate) trait Source: std::fmt::Debug + Send + Sync + 'static {
    /// The stream's shards.
    type Shard: SourceShard;

    /// The stream's ARN.
    fn arn(&self) -> &str;

    /// Every shard that has records left to read, including closed ones; parents come before their children.
    fn shards(&self) -> Vec<Arc<Self::Shard>>;

    /// Notifies when the set of shards changes, and when the stream is deleted.
    fn changes(&self) -> watch::Receiver<u64>;

    /// Whether the stream was deleted.
    fn is_deleted(&self) -> bool;
}

/// One shard of a [`Source`].
pub(crate) trait SourceShard: std::fmt::Debug + Send + Sync + 'static {
    /// The records in the shard's log.
    type Record: Send + Sync + 'static;

    /// The shard's id, such as `shardId-000000000000`.
    fn id(&self) -> &str;

    /// The ids of the shards that must be read to their end before this one.
    fn parents(&self) -> &[String];

    /// The shard's records.
    fn log(&self) -> &ShardLog<Self::Record>;

    /// A record as an element of the `Records` list of a Lambda event.
    fn event(&self, entry: &Entry<Self::Record>) -> Value;

    /// Appends the JSON of a record in the form of [`SourceShard::event`].
    fn write_event(&self, entry: &Entry<Self::Record>, json: &mut Vec<u8>) {
        // A `Value` has string keys only and a vector takes every write, so this cannot fail.
        let _ = serde_json::to_writer(json, &self.event(entry));
    }

    /// The form of a record that a mapping's filters see. A service whose records contain user data decodes it here.
    fn filterable(&self, entry: &Entry<Self::Record>) -> Value {
        self.event(entry)
    }

    /// A hash of the partition key or of the item's key. Records with the same key stay in order.
    fn key(&self, entry: &Entry<Self::Record>) -> u64;

    /// Records in the shard's own metrics that a mapping took these records.
    fn handed_over(&self, entries: &[Entry<Self::Record>], now_ms: i64) {
        let (_, _) = (entries, now_ms);
    }

    /// The printed form of a sequence number.
    fn sequence(number: u128) -> String;

    /// Parses the printed form of a sequence number; `None` if the text is not one of this service's.
    fn parse_sequence(text: &str) -> Option<u128>;
}
