//! What the cloud keeps in memory and what bounds it, for the status page. A table keeps its items until they are deleted,
//! as on AWS; everything else has a limit.

use serde_json::{Value, json};

use crate::{
    cloud::Services,
    services::{cloudwatch, dynamodb, logs, sqs},
    shard,
};

/// The bounds. Bytes are counted as AWS counts them: names and values, not what surrounds them in memory.
pub(crate) fn limits() -> Value {
    json!({
        // Of every shard, a table's stream included; a stream's own retention is on the stream.
        "shard_bytes": shard::KEPT_BYTES,
        // Of every queue: bodies, attributes, and the ids by which a FIFO queue tells copies.
        "queue_bytes": sqs::KEPT_BYTES,
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
    let queues = services.sqs.status();
    let (log_groups, log_events, log_bytes) = services.logs.kept();
    json!({
        "stream_records": streams.iter().map(|stream| stream.records).sum::<usize>(),
        "stream_bytes": streams.iter().map(|stream| stream.bytes).sum::<usize>(),
        "queue_messages": queues.iter().map(|queue| queue.counts.total()).sum::<usize>(),
        "queue_bytes": queues.iter().map(|queue| queue.bytes).sum::<usize>(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::{Cloud, Options};

    #[tokio::test]
    async fn what_is_kept_is_counted_beside_its_bounds() {
        let cloud = Cloud::new(Options::default());
        let cx = cloud.context("us-east-1");
        let call = async |service, operation, input| {
            cloud.call(&cx, service, operation, input).await.unwrap();
        };
        call("kinesis", "CreateStream", json!({ "StreamName": "s", "ShardCount": 1 })).await;
        let record = json!({ "StreamName": "s", "PartitionKey": "key", "Data": "MTIzNDU=" });
        call("kinesis", "PutRecord", record).await;
        let table = json!({
            "TableName": "tab", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "KEYS_ONLY" },
        });
        call("dynamodb", "CreateTable", table).await;
        let item = json!({ "TableName": "tab", "Item": { "id": { "S": "12345" } } });
        call("dynamodb", "PutItem", item.clone()).await;
        call("dynamodb", "PutItem", item).await;
        let data = json!({ "Namespace": "n", "MetricData": [{ "MetricName": "m", "Value": 1.0 }] });
        call("monitoring", "PutMetricData", data).await;
        call("logs", "CreateLogGroup", json!({ "logGroupName": "g" })).await;
        call("logs", "CreateLogStream", json!({ "logGroupName": "g", "logStreamName": "l" })).await;
        let event = json!([{ "timestamp": cloud.status().await["at"], "message": "1234" }]);
        let events = json!({ "logGroupName": "g", "logStreamName": "l", "logEvents": event });
        call("logs", "PutLogEvents", events).await;

        let status = cloud.status().await;
        let expected = json!({
            "stream_records": 1, "stream_bytes": 8, "table_items": 1, "table_bytes": 7, "table_stream_records": 1,
            "table_stream_bytes": 7, "log_groups": 1, "log_events": 1, "log_bytes": 30, "metrics": 1, "queue_messages": 0, "queue_bytes": 0,
        });
        assert_eq!(status["retained"], expected);
        assert_eq!(status["tables"][0]["name"], "tab");
        let limits = status["limits"].as_object().unwrap();
        assert!(limits.values().all(|limit| limit.as_i64().is_some_and(|limit| limit > 0)), "{limits:?}");
        assert_eq!(limits.len(), 7);
    }
}
