use std::time::Duration;

use serde_json::{Value, json};

use super::{Fixture, START_MS, simple_table, with};
use crate::{
    aside,
    shard::Start,
    source::{Source as _, SourceShard as _},
};

impl Fixture {
    async fn stream(&self, table: &str) -> String {
        let table = self.ok("DescribeTable", json!({"TableName": table})).await;
        table["Table"]["LatestStreamArn"].as_str().unwrap().to_owned()
    }

    async fn shard(&self, arn: &str) -> String {
        let stream = self.ok("DescribeStream", json!({"StreamArn": arn})).await;
        stream["StreamDescription"]["Shards"][0]["ShardId"].as_str().unwrap().to_owned()
    }

    async fn iterator(
        &self,
        arn: &str,
        kind: &str,
        number: Option<&str>,
    ) -> Result<Value, crate::error::ApiError> {
        let mut input =
            json!({"StreamArn": arn, "ShardId": self.shard(arn).await, "ShardIteratorType": kind});
        if let Some(number) = number {
            input["SequenceNumber"] = number.into();
        }
        Ok(self.call("GetShardIterator", input).await?["ShardIterator"].take())
    }

    async fn records(&self, arn: &str) -> Vec<Value> {
        let iterator = self.iterator(arn, "TRIM_HORIZON", None).await.unwrap();
        let output = self.ok("GetRecords", json!({"ShardIterator": iterator})).await;
        output["Records"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn each_change_writes_a_record_and_an_equal_item_writes_none() {
    let db = Fixture::with_table().await;
    let arn = db.stream("events").await;
    let item = |message: &str| json!({"Id": {"N": "101"}, "id": {"S": "1"}, "Message": {"S": message}});
    let key = json!({"id": {"S": "1"}});
    db.put("events", item("New item!")).await;
    db.put("events", item("New item!")).await;
    db.put("events", item("This item has changed")).await;
    db.ok("UpdateItem", json!({"TableName": "events", "Key": key, "UpdateExpression": "REMOVE absent"}))
        .await;
    db.ok("DeleteItem", json!({"TableName": "events", "Key": key})).await;
    db.ok("DeleteItem", json!({"TableName": "events", "Key": key})).await;

    let records = db.records(&arn).await;
    let names: Vec<&str> = records.iter().map(|record| record["eventName"].as_str().unwrap()).collect();
    assert_eq!(names, ["INSERT", "MODIFY", "REMOVE"]);
    let sizes: Vec<u64> = records.iter().map(|r| r["dynamodb"]["SizeBytes"].as_u64().unwrap()).collect();
    // The sizes in AWS's own example of a stream record, plus the three bytes of `id` in keys and images.
    assert_eq!(sizes, [3 + 21 + 3, 3 + 54 + 6, 3 + 33 + 3]);
    let change = &records[1]["dynamodb"];
    assert_eq!(change["ApproximateCreationDateTime"], START_MS / 1000);
    assert_eq!(change["Keys"], key);
    assert_eq!(change["OldImage"], item("New item!"));
    assert_eq!(change["NewImage"], item("This item has changed"));
    assert_eq!(change["StreamViewType"], "NEW_AND_OLD_IMAGES");
    assert_eq!(
        (records[0]["dynamodb"].get("OldImage"), records[2]["dynamodb"].get("NewImage")),
        (None, None)
    );
    let numbers: Vec<&str> =
        records.iter().map(|r| r["dynamodb"]["SequenceNumber"].as_str().unwrap()).collect();
    assert!(numbers.is_sorted() && numbers.iter().all(|number| number.len() == 21), "{numbers:?}");
    assert_eq!(db.records(&arn).await, records, "event ids do not change from read to read");
}

#[tokio::test]
async fn each_view_type_has_its_images() {
    let db = Fixture::new();
    for (view, new, old) in [
        ("KEYS_ONLY", false, false),
        ("NEW_IMAGE", true, false),
        ("OLD_IMAGE", false, true),
        ("NEW_AND_OLD_IMAGES", true, true),
    ] {
        let specification = json!({"StreamEnabled": true, "StreamViewType": view});
        db.ok("CreateTable", with(&simple_table(view), json!({"StreamSpecification": specification}))).await;
        db.put(view, json!({"id": {"S": "1"}})).await;
        db.put(view, json!({"id": {"S": "1"}, "n": {"N": "1"}})).await;
        let change = db.records(&db.stream(view).await).await[1]["dynamodb"].clone();
        let shown = (change.get("NewImage").is_some(), change.get("OldImage").is_some());
        assert_eq!(shown, (new, old), "{view}");
    }
}

#[tokio::test]
async fn iterators_start_where_their_type_says_and_continue() {
    let db = Fixture::with_table().await;
    let arn = db.stream("events").await;
    for n in 0..4 {
        db.put("events", json!({"id": {"S": n.to_string()}})).await;
    }
    let latest = db.iterator(&arn, "LATEST", None).await.unwrap();
    let records = db.records(&arn).await;
    let second = records[1]["dynamodb"]["SequenceNumber"].as_str().unwrap();
    let check = async |iterator: Value, expected: &[&str]| {
        let output = db.ok("GetRecords", json!({"ShardIterator": iterator, "Limit": 2})).await;
        let ids: Vec<&str> = output["Records"]
            .as_array()
            .unwrap()
            .iter()
            .map(|record| record["dynamodb"]["Keys"]["id"]["S"].as_str().unwrap())
            .collect();
        assert_eq!(ids, expected);
        output["NextShardIterator"].clone()
    };
    let next = check(db.iterator(&arn, "TRIM_HORIZON", None).await.unwrap(), &["0", "1"]).await;
    let next = check(next, &["2", "3"]).await;
    check(next, &[]).await;
    check(db.iterator(&arn, "AT_SEQUENCE_NUMBER", Some(second)).await.unwrap(), &["1", "2"]).await;
    check(db.iterator(&arn, "AFTER_SEQUENCE_NUMBER", Some(second)).await.unwrap(), &["2", "3"]).await;
    check(latest.clone(), &[]).await;
    db.put("events", json!({"id": {"S": "later"}})).await;
    check(latest, &["later"]).await;
}

#[tokio::test]
async fn records_are_kept_for_a_day() {
    let db = Fixture::with_table().await;
    let arn = db.stream("events").await;
    db.put("events", json!({"id": {"S": "1"}})).await;
    let first = db.records(&arn).await[0]["dynamodb"]["SequenceNumber"].as_str().unwrap().to_owned();
    let iterator = db.iterator(&arn, "TRIM_HORIZON", None).await.unwrap();
    db.clock.advance(Duration::from_secs(24 * 3600 - 1));
    assert_eq!(db.records(&arn).await.len(), 1);
    let expired = db.error("GetRecords", json!({"ShardIterator": iterator})).await;
    assert_eq!(expired.code, "ExpiredIteratorException");
    let iterator = db.iterator(&arn, "TRIM_HORIZON", None).await.unwrap();
    db.clock.advance(Duration::from_secs(2));
    let trimmed = db.error("GetRecords", json!({"ShardIterator": iterator})).await;
    assert_eq!(trimmed.code, "TrimmedDataAccessException");
    let trimmed = db.iterator(&arn, "AT_SEQUENCE_NUMBER", Some(&first)).await.unwrap_err();
    assert_eq!(trimmed.code, "TrimmedDataAccessException");
    assert_eq!(db.records(&arn).await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_disabled_stream_can_be_read_to_its_end_for_a_day() {
    let db = Fixture::with_table().await;
    let arn = db.stream("events").await;
    db.put("events", json!({"id": {"S": "1"}})).await;
    let disable = json!({"TableName": "events", "StreamSpecification": {"StreamEnabled": false}});
    let table = db.ok("UpdateTable", disable.clone()).await;
    assert_eq!(table["TableDescription"].get("StreamSpecification"), None);
    assert_eq!(table["TableDescription"]["LatestStreamArn"], arn.as_str());
    db.put("events", json!({"id": {"S": "2"}})).await;
    let iterator = db.iterator(&arn, "TRIM_HORIZON", None).await.unwrap();
    let output = db.ok("GetRecords", json!({"ShardIterator": iterator})).await;
    assert_eq!((output["Records"].as_array().unwrap().len(), output.get("NextShardIterator")), (1, None));
    db.invalid("UpdateTable", disable, "Table has no stream to disable: TableName: events").await;

    let enable = json!({
        "TableName": "events", "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"},
    });
    db.ok("UpdateTable", enable.clone()).await;
    let error = db.error("UpdateTable", enable).await;
    assert_eq!(
        (&*error.code, &*error.message),
        ("ValidationException", "Table already has an enabled stream: TableName: events")
    );
    let second = db.stream("events").await;
    assert_ne!(second, arn);
    let listed = db.ok("ListStreams", json!({"TableName": "events"})).await;
    assert_eq!(listed["Streams"].as_array().unwrap().len(), 2);
    db.ok("DeleteTable", json!({"TableName": "events"})).await;
    db.clock.advance(Duration::from_hours(25));
    assert_eq!(db.ok("ListStreams", json!({})).await["Streams"], json!([]));
    let error = db.error("DescribeStream", json!({"StreamArn": second})).await;
    assert_eq!(error.code, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_mapping_reads_the_log_and_is_woken_by_the_write() {
    let db = Fixture::with_table().await;
    let arn = db.stream("events").await;
    let source = db.db.source("us-east-1", &arn).unwrap();
    assert_eq!(source.arn(), arn);
    let shard = source.shards().remove(0);
    let from = shard.log().position(Start::Latest);
    let reader = tokio::spawn({
        let shard = std::sync::Arc::clone(&shard);
        async move {
            shard.log().wait(from).await;
            shard.event(&shard.log().read(from, 10, 1000).entries[0])
        }
    });
    tokio::task::yield_now().await;
    db.put("events", json!({"id": {"S": "1"}})).await;
    let event = reader.await.unwrap();
    let number = event["dynamodb"]["SequenceNumber"].as_str().unwrap();
    assert!(super::super::stream::StreamShard::parse_sequence(number).is_some_and(|parsed| parsed == from));
    let expected = json!({
        "eventID": event["eventID"], "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
        "awsRegion": "us-east-1", "eventSourceARN": arn,
        "dynamodb": {
            "ApproximateCreationDateTime": START_MS / 1000, "Keys": {"id": {"S": "1"}}, "NewImage": {"id": {"S": "1"}},
            "SequenceNumber": number, "SizeBytes": 6, "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    });
    assert_eq!(event, expected);
    assert_eq!(event["eventID"].as_str().unwrap().len(), 32);

    let mut changes = source.changes();
    db.ok("DeleteTable", json!({"TableName": "events"})).await;
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    assert!(!source.is_deleted(), "the record is still to be delivered");
    assert!(shard.log().read(from + 1, 10, 1000).finished);
    db.clock.advance(Duration::from_secs(24 * 3600 + 1));
    assert!(db.db.source("us-east-1", &arn).is_err());
}

#[tokio::test]
async fn many_records_are_written_aside_and_few_are_not() {
    let db = Fixture::with_table().await;
    for n in 0..10 {
        let item = json!({"id": {"S": n.to_string()}, "t": {"S": "x".repeat(30 << 10)}});
        db.put("events", item).await;
    }
    let arn = db.stream("events").await;
    for (limit, expected) in [(1000, 1), (1, 0)] {
        let iterator = db.iterator(&arn, "TRIM_HORIZON", None).await.unwrap();
        let before = aside::tests::times();
        db.ok("GetRecords", json!({"ShardIterator": iterator, "Limit": limit})).await;
        assert_eq!(aside::tests::times() - before, expected, "{limit} records");
    }
}
