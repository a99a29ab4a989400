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
    /// Records that are in the stream and not settled, over all shards.
    pub(crate) lag_records: usize,
    /// How long the oldest of them has waited, in ms.
    pub(crate) oldest_unprocessed_ms: Option<i64>,
    pub(crate) shards: Vec<ShardStatus>,
}

/// One shard of a mapping's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ShardStatus {
    pub(crate) id: String,
    /// The smallest sequence number that is not settled.
    pub(crate) checkpoint: String,
    pub(crate) lag_records: usize,
    /// How long the oldest record that is not settled has waited, in ms.
    pub(crate) oldest_unprocessed_ms: Option<i64>,
    /// Whether the shard was read to its end.
    pub(crate) finished: bool,
}
