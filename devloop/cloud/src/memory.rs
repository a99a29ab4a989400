//! What the cloud keeps in memory and what bounds it, for the status page. A table keeps its items until they are deleted,
//! as on AWS; everything else has a limit.

use serde_json::{Value, json};

use crate::{
    cloud::Services,
    services::{cloudwatch, dynamodb, logs},
    shard,
};

/// The bounds. Bytes are counted as AWS counts them: names and values, not what surrounds them in memory.
pub(crate) fn limits() -> Value {
    json!({
        // Of every shard, a table's stream included; a stream's own retention is on the stream.
        "shard_bytes": shard::KEPT_BYTES,
        "table_stream_retention_ms": dynamodb::RETENTION_MS,
        "log_group_bytes": logs::GROUP_BYTES,
        "metrics_per_region": cloudwatch::METRICS,
        "metric_seconds_retention_ms": cloudwatch::SECONDS_KEPT * 1000,
        "metric_minutes_retention_ms": cloudwatch::MINUTES_KEPT * 1000,
    })
}

/// What is kept now.
pub(crate) fn retained(services: &Services) -> Value {
    let streams = services.kinesis.status();
    let tables = services.dynamodb.status();
    let (log_groups, log_events, log_bytes) = services.logs.kept();
    json!({
        "stream_records": streams.iter().map(|stream| stream.records).sum::<usize>(),
        "stream_bytes": streams.iter().map(|stream| stream.bytes).sum::<usize>(),
        "table_items": tables.iter().map(|table| table.items).sum::<usize>(),
        "table_bytes": tables.iter().map(|table| table.bytes).sum::<usize>(),
        "table_stream_records": tables.iter().map(|table| table.stream_records).sum::<usize>(),
        "table_stream_bytes": tables.iter().map(|table| table.stream_bytes).sum::<usize>(),
        "log_groups": log_groups,
        "log_events": log_events,
        "log_bytes": log_bytes,
        "metrics": services.cloudwatch.kept(),
    })
}
