//! Tests of shard-level metrics.

use serde_json::{Value, json};

use super::{Fixture, START_MS};

const FIRST: &str = "shardId-000000000000";

impl Fixture {
    async fn monitor(&self, operation: &str, metrics: &[&str]) -> (Value, Value) {
        let answer = self.ok(operation, json!({ "StreamName": "s", "ShardLevelMetrics": metrics })).await;
        (answer["CurrentShardLevelMetrics"].clone(), answer["DesiredShardLevelMetrics"].clone())
    }

    /// The sum of a metric for the first shard.
    fn sum(&self, metric: &str) -> Option<f64> {
        let dimensions = [("StreamName", "s"), ("ShardId", FIRST)];
        let (from, to) = (START_MS - 60_000, START_MS + 60_000);
        let summary = self.cloudwatch.summary("us-east-1", "AWS/Kinesis", metric, &dimensions, from, to);
        summary.map(|summary| summary.sum)
    }
}

#[tokio::test]
async fn a_shard_records_only_the_enabled_metrics() {
    let fixture = Fixture::with_shards(1).await;
    fixture.put("0", "before").await;
    assert_eq!(fixture.sum("IncomingRecords"), None);
    let both = json!(["IncomingRecords", "OutgoingBytes"]);
    let enabled = fixture.monitor("EnableEnhancedMonitoring", &["OutgoingBytes", "IncomingRecords"]).await;
    assert_eq!(enabled, (json!([]), both.clone()));
    let described = fixture.ok("DescribeStream", json!({ "StreamName": "s" })).await;
    assert_eq!(described["StreamDescription"]["EnhancedMonitoring"], json!([{ "ShardLevelMetrics": both }]));
    fixture.put("0", "abc").await;
    fixture.put("0", "defg").await;
    let read = fixture.texts(FIRST, "TRIM_HORIZON", json!({})).await;
    assert_eq!(read, ["before", "abc", "defg"]);
    // The bytes count the data and the partition key `k`.
    assert_eq!((fixture.sum("IncomingRecords"), fixture.sum("OutgoingBytes")), (Some(2.0), Some(16.0)));
    assert_eq!((fixture.sum("IncomingBytes"), fixture.sum("OutgoingRecords")), (None, None));
    let disabled = fixture.monitor("DisableEnhancedMonitoring", &["OutgoingBytes"]).await;
    assert_eq!(disabled, (both, json!(["IncomingRecords"])));
    fixture.texts(FIRST, "TRIM_HORIZON", json!({})).await;
    assert_eq!(fixture.sum("OutgoingBytes"), Some(16.0));
}

#[tokio::test]
async fn all_stands_for_every_metric_and_an_unknown_one_is_refused() {
    let fixture = Fixture::with_the_limits_of_aws().await;
    let (_, all) = fixture.monitor("EnableEnhancedMonitoring", &["ALL"]).await;
    assert_eq!(all.as_array().unwrap().len(), 7);
    let entries: Vec<Value> = (0..500).map(|_| json!({ "PartitionKey": "k", "Data": "MQ==" })).collect();
    for _ in 0..3 {
        fixture.ok("PutRecords", json!({ "StreamName": "s", "Records": entries })).await;
    }
    assert_eq!(fixture.sum("IncomingRecords"), Some(1_000.0));
    assert_eq!(fixture.sum("WriteProvisionedThroughputExceeded"), Some(500.0));
    fixture.clock.advance(std::time::Duration::from_secs(2));
    fixture.texts(FIRST, "TRIM_HORIZON", json!({})).await;
    assert_eq!(fixture.sum("IteratorAgeMilliseconds"), Some(2_000.0));
    let (_, none) = fixture.monitor("DisableEnhancedMonitoring", &["ALL"]).await;
    assert_eq!(none, json!([]));
    let unknown = json!({ "StreamName": "s", "ShardLevelMetrics": ["Speed"] });
    let error = fixture.error("EnableEnhancedMonitoring", unknown).await;
    assert_eq!(error.code, "ValidationException");
    assert!(
        error.message.contains("Value 'Speed' at 'shardLevelMetrics' failed to satisfy constraint"),
        "{error}"
    );
}
