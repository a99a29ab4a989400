//! What `devloop status` shows about a mapping.

use serde::Serialize;

/// One mapping and how far it is behind its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct MappingStatus {
    pub(crate) uuid: String,
    /// The function's name, without a qualifier.
    pub(crate) function: String,
    /// The stream's ARN.
    pub(crate) source: String,
    /// `Enabled`, `Disabled`, or the state between them, such as `Enabling`.
    pub(crate) state: &'static str,
    /// The API's `LastProcessingResult`.
    pub(crate) last_result: &'static str,
    /// How many responses named failed items and were ignored because the mapping lacks `ReportBatchItemFailures`. The
    /// items that they named are lost.
    pub(crate) ignored_failures: u64,
    /// Records in the stream that are not settled yet, over all shards.
    pub(crate) lag_records: usize,
    /// The age of the oldest of these records, in ms.
    pub(crate) oldest_unprocessed_ms: Option<i64>,
    pub(crate) shards: Vec<ShardStatus>,
}

/// One shard of a mapping's stream, or a mapping's queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ShardStatus {
    pub(crate) id: String,
    /// The smallest sequence number that is not settled yet.
    pub(crate) checkpoint: String,
    pub(crate) lag_records: usize,
    /// The age of the oldest record that is not settled yet, in ms.
    pub(crate) oldest_unprocessed_ms: Option<i64>,
    /// Whether the shard was read to its end.
    pub(crate) finished: bool,
    /// Records in the invocation that is running.
    pub(crate) in_flight: u64,
    /// Invocations that retried a failed one.
    pub(crate) retried: u64,
    /// Batches that were split in two after a failure.
    pub(crate) bisected: u64,
    /// Batches of which a response settled the first part.
    pub(crate) checkpointed: u64,
    /// Records that were discarded.
    pub(crate) discarded: u64,
    /// Records that matched no filter.
    pub(crate) filtered: u64,
    /// The open tumbling window.
    pub(crate) window: Option<OpenWindow>,
}

/// A tumbling window that has received records and has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct OpenWindow {
    /// In ms since the epoch.
    pub(crate) start_ms: i64,
    /// In ms since the epoch; the window ends before this time.
    pub(crate) end_ms: i64,
    /// How many records its state contains.
    pub(crate) records: usize,
    /// The state's size as JSON, in bytes.
    pub(crate) state_bytes: usize,
}
