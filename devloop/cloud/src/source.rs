//! What an event source mapping needs of a stream, whoever keeps it: Kinesis and DynamoDB Streams implement these traits.

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

    /// Every shard that still has something to read, closed ones included, parents before their children.
    fn shards(&self) -> Vec<Arc<Self::Shard>>;

    /// Changes whenever the set of shards does, and when the stream is deleted.
    fn changes(&self) -> watch::Receiver<u64>;

    /// Whether the stream is gone for good.
    fn is_deleted(&self) -> bool;
}

/// One shard of a [`Source`].
pub(crate) trait SourceShard: std::fmt::Debug + Send + Sync + 'static {
    /// What the shard's log keeps.
    type Record: Send + Sync + 'static;

    /// The shard's id, such as `shardId-000000000000`.
    fn id(&self) -> &str;

    /// The ids of the shards that must be read to their end before this one is.
    fn parents(&self) -> &[String];

    /// The shard's records.
    fn log(&self) -> &ShardLog<Self::Record>;

    /// A record as an element of the `Records` list of a Lambda event.
    fn event(&self, entry: &Entry<Self::Record>) -> Value;

    /// Appends a record's JSON, as [`SourceShard::event`] has it.
    fn write_event(&self, entry: &Entry<Self::Record>, json: &mut Vec<u8>) {
        // A `Value` has string keys only and a vector takes every write, so this cannot fail.
        let _ = serde_json::to_writer(json, &self.event(entry));
    }

    /// What a mapping's filters look at. A service whose records carry data of the user's own decodes it here.
    fn filterable(&self, entry: &Entry<Self::Record>) -> Value {
        self.event(entry)
    }

    /// A hash of the key whose records keep their order: the partition key, or the item's key.
    fn key(&self, entry: &Entry<Self::Record>) -> u64;

    /// Notes that a mapping took records in hand, for the shard's own metrics.
    fn handed_over(&self, entries: &[Entry<Self::Record>], now_ms: i64) {
        let (_, _) = (entries, now_ms);
    }

    /// The printed form of a sequence number.
    fn sequence(number: u128) -> String;

    /// The number behind a printed form; `None` when the text is none of this service's sequence numbers.
    fn parse_sequence(text: &str) -> Option<u128>;
}
