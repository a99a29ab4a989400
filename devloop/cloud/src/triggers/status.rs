//! What `devloop status` shows of a mapping.

use serde::Serialize;

/// One mapping and how far it is behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct MappingStatus {
    pub(crate) uuid: String,
    /// The function's name, without qualifier.
    pub(crate) function: String,
    /// The stream's ARN.
    pub(crate) source: String,
    /// `Enabled`, `Disabled`, or what is on the way there.
    pub(crate) state: &'static str,
    /// The API's `LastProcessingResult`.
    pub(crate) last_result: &'static str,
    /// Answers that named failed items and were not read, because the mapping lacks `ReportBatchItemFailures`: what they
    /// named is lost.
    pub(crate) ignored_failures: u64,
    /// Records that are in the stream and not settled, over all shards.
    pub(crate) lag_records: usize,
    /// How long the oldest of them has waited, in ms.
    pub(crate) oldest_unprocessed_ms: Option<i64>,
    pub(crate) shards: Vec<ShardStatus>,
}

/// One shard of a mapping's stream, or its queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ShardStatus {
    pub(crate) id: String,
    /// The smallest sequence number that is not settled.
    pub(crate) checkpoint: String,
    pub(crate) lag_records: usize,
    /// How long the oldest record that is not settled has waited, in ms.
    pub(crate) oldest_unprocessed_ms: Option<i64>,
    /// Whether the shard was read to its end.
    pub(crate) finished: bool,
    /// Records that the function has now.
    pub(crate) in_flight: u64,
    /// Calls that repeated a failed one.
    pub(crate) retried: u64,
    /// Batches that were split in two after a failure.
    pub(crate) bisected: u64,
    /// Batches of which the answer settled a part.
    pub(crate) checkpointed: u64,
    /// Records that were given up.
    pub(crate) discarded: u64,
    /// Records that no filter let through.
    pub(crate) filtered: u64,
    /// The tumbling window that is open.
    pub(crate) window: Option<OpenWindow>,
}

/// A tumbling window that records have gone into and that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct OpenWindow {
    /// In ms since the epoch.
    pub(crate) start_ms: i64,
    /// In ms since the epoch; the window ends before it.
    pub(crate) end_ms: i64,
    /// Records that have gone into its state.
    pub(crate) records: usize,
    /// The state's size as JSON, in bytes.
    pub(crate) state_bytes: usize,
}
