//! What devloop's own cloud keeps for its clients, and how much it may be: a part of the report.

use serde::{Deserialize, Serialize};

/// The bounds of what devloop's own cloud keeps. A table keeps its items until they are deleted. The limits called memory apply to all
/// owners of a kind together, and include what each thing takes besides its own bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Limits {
    /// The most bytes of one shard, of a stream or of a table's stream.
    pub(crate) shard_bytes: u64,
    /// How long a table's stream keeps a change.
    pub(crate) table_stream_retention_ms: u64,
    /// The most bytes of one log group.
    pub(crate) log_group_bytes: u64,
    /// The most metrics of one region.
    pub(crate) metrics_per_region: u64,
    /// How long a metric's values are kept by the second.
    pub(crate) metric_seconds_retention_ms: u64,
    /// How long they are kept by the minute.
    pub(crate) metric_minutes_retention_ms: u64,
    pub(crate) metric_memory: u64,
    pub(crate) secret_bytes: u64,
    pub(crate) parameter_bytes: u64,
    pub(crate) stream_memory: u64,
    pub(crate) table_memory: u64,
    pub(crate) table_stream_memory: u64,
    pub(crate) log_memory: u64,
    /// The most bytes of one queue.
    pub(crate) queue_bytes: u64,
    pub(crate) queue_memory: u64,
    /// The most messages of topics that are on their way.
    pub(crate) topic_memory: u64,
    /// The most events of rules and schedules that are on their way.
    pub(crate) event_memory: u64,
    /// The most asynchronous events of functions that wait.
    pub(crate) asynchronous_event_bytes: u64,
    /// The most events of running invocations.
    pub(crate) invocation_bytes: u64,
    pub(crate) object_bytes_in_memory: u64,
    pub(crate) object_bytes_on_disk: u64,
    /// The most code of functions and layers, unpacked.
    pub(crate) code_bytes_on_disk: u64,
}

/// What devloop's own cloud keeps now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Retained {
    /// Records of Kinesis streams.
    pub(crate) stream_records: u64,
    pub(crate) stream_bytes: u64,
    /// Items of tables.
    pub(crate) table_items: u64,
    pub(crate) table_bytes: u64,
    /// Changes in tables' streams.
    pub(crate) table_stream_records: u64,
    pub(crate) table_stream_bytes: u64,
    /// Lines of log groups.
    pub(crate) log_events: u64,
    pub(crate) log_bytes: u64,
    pub(crate) metrics: u64,
    pub(crate) metric_memory: u64,
    pub(crate) secrets: u64,
    pub(crate) secret_bytes: u64,
    pub(crate) parameters: u64,
    pub(crate) parameter_bytes: u64,
    /// Messages of queues.
    pub(crate) queue_messages: u64,
    pub(crate) queue_bytes: u64,
    /// Messages of topics that are on their way.
    pub(crate) topic_deliveries_pending: u64,
    pub(crate) topic_memory: u64,
    /// Events of rules that are on their way.
    pub(crate) events_on_their_way: u64,
    pub(crate) event_memory: u64,
    /// Asynchronous events of functions that wait or are being tried.
    pub(crate) asynchronous_events: u64,
    pub(crate) asynchronous_event_bytes: u64,
    /// Invocations that run or wait for their turn.
    pub(crate) invocations_running: u64,
    pub(crate) invocation_bytes: u64,
    pub(crate) objects: u64,
    pub(crate) object_bytes_in_memory: u64,
    pub(crate) object_bytes_on_disk: u64,
    /// Packages of functions and layers that are unpacked.
    pub(crate) code_packages: u64,
    pub(crate) code_bytes_on_disk: u64,
}
