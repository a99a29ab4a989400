//! Tests of the service through its operations, with a clock that the tests drive.

mod metrics;
mod subscriptions;

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{Kinesis, Shard};
use crate::{
    aside,
    clock::Clock,
    context::Context,
    error::ApiError,
    limits::Limits,
    services::cloudwatch::CloudWatch,
    shard::Start,
    source::{Source as _, SourceShard as _},
};

const START_MS: i64 = 1_700_000_000_000;
const MAX_KEY: &str = "340282366920938463463374607431768211455";

struct Fixture {
    clock: Clock,
    cloudwatch: Arc<CloudWatch>,
    kinesis: Kinesis,
    cx: Context,
}

impl Fixture {
    /// A service with the stream `s`.
    async fn with_shards(shards: u32) -> Self {
        let clock = Clock::manual(START_MS);
        let cloudwatch = Arc::new(CloudWatch::new(clock.clone()));
        let fixture = Self {
            kinesis: Kinesis::new(clock.clone(), Limits::Machine, Arc::clone(&cloudwatch)),
            clock,
            cloudwatch,
            cx: Context {
                region: "us-east-1".into(),
                account: "000000000000".into(),
                endpoint: "http://127.0.0.1:4566".into(),
                request_id: "r".into(),
                access_key: None,
            },
        };
        fixture.ok("CreateStream", json!({ "StreamName": "s", "ShardCount": shards })).await;
        fixture
    }

    /// A service with AWS's limits and the stream `s` of one shard.
    async fn with_the_limits_of_aws() -> Self {
        let mut fixture = Self::with_shards(1).await;
        let cloudwatch = Arc::clone(&fixture.cloudwatch);
        fixture.kinesis = Kinesis::new(fixture.clock.clone(), Limits::Aws, cloudwatch);
        fixture.ok("CreateStream", json!({ "StreamName": "s", "ShardCount": 1 })).await;
        fixture
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        self.kinesis.call(&self.cx, operation, input).await
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    async fn error(&self, operation: &str, input: Value) -> ApiError {
        self.call(operation, input).await.expect_err(operation)
    }

    /// Puts `text` with the hash key `hash`; returns the shard and the sequence number.
    async fn put(&self, hash: &str, text: &str) -> (String, String) {
        let put =
            json!({ "StreamName": "s", "PartitionKey": "k", "ExplicitHashKey": hash, "Data": base64(text) });
        let answer = self.ok("PutRecord", put).await;
        (string(&answer["ShardId"]), string(&answer["SequenceNumber"]))
    }

    async fn iterator(&self, shard: &str, kind: &str, more: Value) -> String {
        let mut input = json!({ "StreamName": "s", "ShardId": shard, "ShardIteratorType": kind });
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        string(&self.ok("GetShardIterator", input).await["ShardIterator"])
    }

    async fn read(&self, iterator: &str) -> Value {
        self.ok("GetRecords", json!({ "ShardIterator": iterator })).await
    }

    /// What a new iterator over a shard of `s` reads.
    async fn texts(&self, shard: &str, kind: &str, more: Value) -> Vec<String> {
        let iterator = self.iterator(shard, kind, more).await;
        texts(&self.read(&iterator).await)
    }

    async fn shards(&self, filter: Value) -> Vec<String> {
        let input = json!({ "StreamName": "s", "ShardFilter": filter });
        ids(&self.ok("ListShards", input).await["Shards"])
    }
}

fn base64(text: &str) -> String {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(text)
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn texts(answer: &Value) -> Vec<String> {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let text = |record: &Value| BASE64_STANDARD.decode(record["Data"].as_str().unwrap()).unwrap();
    answer["Records"].as_array().unwrap().iter().map(|r| String::from_utf8(text(r)).unwrap()).collect()
}

fn ids(shards: &Value) -> Vec<String> {
    shards.as_array().unwrap().iter().map(|shard| string(&shard["ShardId"])).collect()
}

const SHARDS: [&str; 4] =
    ["shardId-000000000000", "shardId-000000000001", "shardId-000000000002", "shardId-000000000003"];

#[tokio::test]
async fn a_record_lands_in_the_shard_of_its_hash() {
    let fixture = Fixture::with_shards(2).await;
    assert_eq!(fixture.put("0", "a").await.0, SHARDS[0]);
    assert_eq!(fixture.put(MAX_KEY, "b").await.0, SHARDS[1]);
    // The MD5 of "a" starts with 0x0c, that of "k" with 0x8c.
    for (key, shard) in [("a", SHARDS[0]), ("k", SHARDS[1])] {
        let put = json!({ "StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/s", "PartitionKey": key, "Data": "" });
        assert_eq!(fixture.ok("PutRecord", put).await["ShardId"], shard, "{key}");
    }
}

#[tokio::test]
async fn every_iterator_type_starts_where_its_name_says() {
    let fixture = Fixture::with_shards(1).await;
    let mut numbers = Vec::new();
    for text in ["a", "b", "c"] {
        numbers.push(fixture.put("0", text).await.1);
        fixture.clock.advance(Duration::from_secs(10));
    }
    assert!(numbers.is_sorted() && numbers.iter().all(|number| number.len() == 56), "{numbers:?}");
    let check = async |kind: &str, more: Value, expected: &[&str]| {
        assert_eq!(fixture.texts(SHARDS[0], kind, more).await, expected, "{kind}");
    };
    check("TRIM_HORIZON", json!({}), &["a", "b", "c"]).await;
    check("LATEST", json!({}), &[]).await;
    check("AT_SEQUENCE_NUMBER", json!({ "StartingSequenceNumber": numbers[1] }), &["b", "c"]).await;
    check("AFTER_SEQUENCE_NUMBER", json!({ "StartingSequenceNumber": numbers[1] }), &["c"]).await;
    let at = START_MS as f64 / 1000.0 + 9.5;
    check("AT_TIMESTAMP", json!({ "Timestamp": at }), &["b", "c"]).await;
}

#[tokio::test]
async fn reading_continues_at_the_next_iterator_and_says_how_far_behind_it_is() {
    let fixture = Fixture::with_shards(1).await;
    fixture.put("0", "a").await;
    fixture.clock.advance(Duration::from_secs(3));
    fixture.put("0", "b").await;
    let iterator = fixture.iterator(SHARDS[0], "TRIM_HORIZON", json!({})).await;
    let first = fixture.ok("GetRecords", json!({ "ShardIterator": iterator, "Limit": 1 })).await;
    assert_eq!((texts(&first), first["MillisBehindLatest"].as_i64()), (vec!["a".to_owned()], Some(3_000)));
    assert_eq!(first["Records"][0]["ApproximateArrivalTimestamp"], 1_700_000_000.0);
    let second = fixture.read(first["NextShardIterator"].as_str().unwrap()).await;
    assert_eq!((texts(&second), second["MillisBehindLatest"].as_i64()), (vec!["b".to_owned()], Some(0)));
}

#[tokio::test]
async fn iterators_expire_after_five_minutes() {
    let fixture = Fixture::with_shards(1).await;
    let iterator = fixture.iterator(SHARDS[0], "LATEST", json!({})).await;
    fixture.clock.advance(Duration::from_mins(5));
    fixture.read(&iterator).await;
    fixture.clock.advance(Duration::from_millis(1));
    let error = fixture.error("GetRecords", json!({ "ShardIterator": iterator })).await;
    assert_eq!(error.code, "ExpiredIteratorException");
    assert_eq!(
        error.message,
        "Iterator expired. The iterator was created at time Tue Nov 14 22:13:20 UTC 2023 while right now it is Tue Nov \
         14 22:18:20 UTC 2023 which is further in the future than the tolerated delay of 300000 milliseconds."
    );
}

#[tokio::test]
async fn records_are_kept_for_exactly_the_retention() {
    let fixture = Fixture::with_shards(1).await;
    fixture.put("0", "a").await;
    fixture.clock.advance(Duration::from_hours(24));
    assert_eq!(fixture.texts(SHARDS[0], "TRIM_HORIZON", json!({})).await, ["a"]);
    fixture.clock.advance(Duration::from_millis(1));
    fixture.put("0", "b").await;
    assert_eq!(fixture.kinesis.status()[0].records, 1);
    assert_eq!(fixture.texts(SHARDS[0], "TRIM_HORIZON", json!({})).await, ["b"]);
}

#[tokio::test]
async fn a_split_closes_the_parent_and_opens_two_children() {
    let fixture = Fixture::with_shards(1).await;
    let (_, before) = fixture.put("0", "a").await;
    let latest = fixture.iterator(SHARDS[0], "LATEST", json!({})).await;
    let half = (1_u128 << 127).to_string();
    let split = json!({ "StreamName": "s", "ShardToSplit": SHARDS[0], "NewStartingHashKey": half });
    fixture.ok("SplitShard", split.clone()).await;
    let (low, after) = fixture.put("0", "b").await;
    let (high, _) = fixture.put(MAX_KEY, "c").await;
    assert_eq!((low.as_str(), high.as_str()), (SHARDS[1], SHARDS[2]));
    assert!(after > before, "{after} {before}");
    let end = fixture.read(&latest).await;
    assert_eq!(end.get("NextShardIterator"), None);
    assert_eq!(ids(&end["ChildShards"]), [SHARDS[1], SHARDS[2]]);
    assert_eq!(end["ChildShards"][1]["HashKeyRange"]["StartingHashKey"], half);
    assert_eq!(fixture.error("SplitShard", split).await.code, "ResourceInUseException");

    let merge = json!({ "StreamName": "s", "ShardToMerge": SHARDS[1], "AdjacentShardToMerge": SHARDS[2] });
    fixture.ok("MergeShards", merge).await;
    let (merged, last) = fixture.put("0", "d").await;
    assert!(merged == SHARDS[3] && last > after);
    let shards = fixture.ok("ListShards", json!({ "StreamName": "s" })).await;
    assert_eq!(shards["Shards"][3]["AdjacentParentShardId"], SHARDS[2]);
    let stream =
        fixture.kinesis.source("us-east-1", "arn:aws:kinesis:us-east-1:000000000000:stream/s").unwrap();
    assert_eq!(stream.shards()[3].parents(), [SHARDS[1], SHARDS[2]]);
}

#[tokio::test]
async fn shards_are_listed_by_filter_and_page() {
    let fixture = Fixture::with_shards(1).await;
    fixture.clock.advance(Duration::from_mins(1));
    let half = (1_u128 << 127).to_string();
    fixture
        .ok("SplitShard", json!({ "StreamName": "s", "ShardToSplit": "0", "NewStartingHashKey": half }))
        .await;
    fixture.clock.advance(Duration::from_mins(1));
    let check = async |filter: Value, expected: &[&str]| {
        assert_eq!(fixture.shards(filter.clone()).await, expected, "{filter}");
    };
    let seconds = START_MS / 1000;
    check(json!({ "Type": "FROM_TRIM_HORIZON" }), &SHARDS[..3]).await;
    check(json!({ "Type": "AT_TRIM_HORIZON" }), &SHARDS[..1]).await;
    check(json!({ "Type": "AT_LATEST" }), &SHARDS[1..3]).await;
    check(json!({ "Type": "AFTER_SHARD_ID", "ShardId": SHARDS[1] }), &SHARDS[2..3]).await;
    check(json!({ "Type": "AT_TIMESTAMP", "Timestamp": seconds + 30 }), &SHARDS[..1]).await;
    check(json!({ "Type": "FROM_TIMESTAMP", "Timestamp": seconds + 90 }), &SHARDS[1..3]).await;

    let first = fixture.ok("ListShards", json!({ "StreamName": "s", "MaxResults": 2 })).await;
    assert_eq!(ids(&first["Shards"]), SHARDS[..2]);
    let rest = fixture.ok("ListShards", json!({ "NextToken": first["NextToken"] })).await;
    assert_eq!((ids(&rest["Shards"]), rest.get("NextToken")), (vec![SHARDS[2].to_owned()], None));
    fixture.clock.advance(Duration::from_secs(301));
    let late = fixture.error("ListShards", json!({ "NextToken": first["NextToken"] })).await;
    assert_eq!(late.code, "ExpiredNextTokenException");

    fixture.clock.advance(Duration::from_hours(25));
    check(json!({ "Type": "FROM_TRIM_HORIZON" }), &SHARDS[1..3]).await;
}

#[tokio::test]
async fn the_shard_count_changes_to_even_ranges_within_limits() {
    let fixture = Fixture::with_shards(2).await;
    let update = |count: u32| json!({ "StreamName": "s", "TargetShardCount": count, "ScalingType": "UNIFORM_SCALING" });
    for count in [3_u32, 5, 4, 2, 1] {
        fixture.ok("UpdateShardCount", update(count)).await;
        let stream = fixture.kinesis.stream(&fixture.cx, "s").unwrap();
        let ranges: Vec<_> = stream.open_shards().iter().map(|shard| shard.range).collect();
        assert_eq!(ranges, super::shard::HashRange::parts(count).collect::<Vec<_>>(), "{count}");
    }
    let error = fixture.error("UpdateShardCount", update(3)).await;
    assert_eq!(error.code, "InvalidArgumentException");
    assert!(error.message.contains("cannot scale up over double"), "{error}");
}

#[tokio::test]
async fn a_deleted_stream_wakes_its_readers_and_is_gone() {
    let fixture = Fixture::with_shards(1).await;
    let stream =
        fixture.kinesis.source("us-east-1", "arn:aws:kinesis:us-east-1:000000000000:stream/s").unwrap();
    let shard = Arc::clone(&stream.shards()[0]);
    let iterator = fixture.iterator(SHARDS[0], "LATEST", json!({})).await;
    let mut changes = stream.changes();
    fixture.ok("DeleteStream", json!({ "StreamName": "s" })).await;
    shard.log().wait(shard.log().position(Start::Latest)).await;
    changes.changed().await.unwrap();
    assert!(stream.is_deleted());
    let error =
        fixture.error("PutRecord", json!({ "StreamName": "s", "PartitionKey": "k", "Data": "" })).await;
    assert_eq!(
        error,
        ApiError::client("ResourceNotFoundException", "Stream s under account 000000000000 not found.")
    );
    fixture.clock.advance(Duration::from_millis(1));
    fixture.ok("CreateStream", json!({ "StreamName": "s", "ShardCount": 1 })).await;
    assert_eq!(
        fixture.error("GetRecords", json!({ "ShardIterator": iterator })).await.code,
        "ResourceNotFoundException",
        "an iterator over the old stream does not read the new one"
    );
}

#[tokio::test]
async fn a_stream_with_consumers_is_deleted_only_together_with_them() {
    let fixture = Fixture::with_shards(1).await;
    let arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
    let consumer = json!({ "StreamARN": arn, "ConsumerName": "c" });
    let refused = "DeleteStream can't delete 000000000000:s because there are consumers associated with this data stream. \
                   To delete s anyway, set the EnforceConsumerDeletion parameter to true to force the deletion of all the \
                   consumers that are associated with it.";
    fixture.ok("RegisterStreamConsumer", consumer.clone()).await;
    for input in [json!({ "StreamName": "s" }), json!({ "StreamARN": arn, "EnforceConsumerDeletion": false })]
    {
        let error = fixture.error("DeleteStream", input).await;
        assert_eq!(error, ApiError::client("ResourceInUseException", refused));
    }
    // The refused calls changed nothing.
    fixture.put("0", "x").await;
    fixture.ok("DescribeStreamConsumer", consumer.clone()).await;
    fixture.ok("DeleteStream", json!({ "StreamName": "s", "EnforceConsumerDeletion": true })).await;
    let error = fixture.error("DescribeStreamSummary", json!({ "StreamName": "s" })).await;
    assert_eq!(error.code, "ResourceNotFoundException");
    fixture.ok("CreateStream", json!({ "StreamName": "s", "ShardCount": 1 })).await;
    let error = fixture.error("DescribeStreamConsumer", consumer.clone()).await;
    assert_eq!(error.code, "ResourceNotFoundException");
    fixture.ok("RegisterStreamConsumer", consumer.clone()).await;
    fixture.ok("DeregisterStreamConsumer", consumer).await;
    fixture.ok("DeleteStream", json!({ "StreamName": "s" })).await;
}

#[tokio::test]
async fn a_record_becomes_an_event_in_lambdas_form() {
    let fixture = Fixture::with_shards(1).await;
    fixture.clock.advance(Duration::from_millis(123));
    let (_, number) = fixture.put("0", "x").await;
    let stream =
        fixture.kinesis.source("us-east-1", "arn:aws:kinesis:us-east-1:000000000000:stream/s").unwrap();
    let shard = &stream.shards()[0];
    let slice = shard.log().read(0, 1, 1);
    assert_eq!(Shard::parse_sequence(&number), Some(slice.entries[0].sequence));
    assert_eq!(
        shard.event(&slice.entries[0]),
        json!({
            "eventID": format!("{}:{number}", SHARDS[0]),
            "eventName": "aws:kinesis:record",
            "eventSource": "aws:kinesis",
            "eventSourceARN": "arn:aws:kinesis:us-east-1:000000000000:stream/s",
            "eventVersion": "1.0",
            "awsRegion": "us-east-1",
            "invokeIdentityArn": "arn:aws:iam::000000000000:role/lambda-role",
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "k",
                "sequenceNumber": number,
                "data": "eA==",
                "approximateArrivalTimestamp": 1_700_000_000.123,
            },
        })
    );
}

#[tokio::test]
async fn invalid_input_is_refused_in_the_services_words() {
    let fixture = Fixture::with_shards(1).await;
    let check = async |operation: &str, input: Value, code: &str, words: &str| {
        let error = fixture.error(operation, input).await;
        assert_eq!(error.code, code, "{operation}: {error}");
        assert!(error.message.contains(words), "{operation}: {error}");
    };
    let put = |more: Value| {
        let mut input = json!({ "StreamName": "s", "PartitionKey": "k", "Data": "eA==" });
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        input
    };
    let invalid = "InvalidArgumentException";
    let validation = "ValidationException";
    check(
        "CreateStream",
        json!({ "StreamName": "s", "ShardCount": 1 }),
        "ResourceInUseException",
        "Stream s under account 000000000000 already exists.",
    )
    .await;
    check(
        "CreateStream",
        json!({ "StreamName": "a b", "ShardCount": 0 }),
        validation,
        "2 validation errors detected: ",
    )
    .await;
    check(
        "CreateStream",
        json!({ "StreamName": "x", "ShardCount": 1_000_000_000_000_i64 }),
        "LimitExceededException",
        "shard limit",
    )
    .await;
    check("PutRecord", put(json!({ "Data": null })), validation, "Value null at 'data'").await;
    check("PutRecord", put(json!({ "Data": "e" })), "SerializationException", "Blob").await;
    check("PutRecord", put(json!({ "Data": 1 })), "SerializationException", "").await;
    check("PutRecord", put(json!({ "PartitionKey": "" })), validation, "greater than or equal to 1").await;
    check(
        "PutRecord",
        put(json!({ "PartitionKey": "ä".repeat(257) })),
        validation,
        "at 'partitionKey' failed to satisfy constraint: Member must have length less than or equal to 256",
    )
    .await;
    check(
        "PutRecord",
        put(json!({ "Data": base64(&"x".repeat((1 << 20) + 1)) })),
        validation,
        "Value 'java.nio.HeapByteBuffer[pos=0 lim=1048577 cap=1048577]' at 'data' failed",
    )
    .await;
    check(
        "PutRecord",
        put(json!({ "Data": base64(&"x".repeat(1 << 20)) })),
        invalid,
        "1048577 bytes together",
    )
    .await;
    check(
        "PutRecord",
        put(json!({ "ExplicitHashKey": "340282366920938463463374607431768211456" })),
        invalid,
        "must be in the range: [0, 2^128-1]",
    )
    .await;
    check("PutRecord", put(json!({ "ExplicitHashKey": "-1" })), validation, "0|([1-9]\\d{0,38})").await;
    check(
        "PutRecord",
        put(json!({ "SequenceNumberForOrdering": "1" })),
        invalid,
        "ExclusiveMinimumSequenceNumber 1",
    )
    .await;
    check("PutRecord", json!({ "PartitionKey": "k", "Data": "" }), invalid, "StreamName or StreamARN").await;
    check("PutRecords", json!({ "StreamName": "s", "Records": [] }), validation, "at 'records'").await;
    let many = vec![json!({ "PartitionKey": "k", "Data": "" }); 501];
    check(
        "PutRecords",
        json!({ "StreamName": "s", "Records": many }),
        validation,
        "less than or equal to 500",
    )
    .await;
    let heavy = vec![json!({ "PartitionKey": "k", "Data": base64(&"x".repeat(1_000_000)) }); 11];
    check(
        "PutRecords",
        json!({ "StreamName": "s", "Records": heavy }),
        invalid,
        "Records size exceeds 10 MB limit",
    )
    .await;
    check(
        "GetShardIterator",
        json!({ "StreamName": "s", "ShardId": "shardId-000000000009", "ShardIteratorType": "LATEST" }),
        "ResourceNotFoundException",
        "Shard shardId-000000000009 in stream s under account 000000000000 does not exist",
    )
    .await;
    check(
        "GetShardIterator",
        json!({ "StreamName": "s", "ShardId": SHARDS[0], "ShardIteratorType": "AT_SEQUENCE_NUMBER" }),
        invalid,
        "and no StartingSequenceNumber",
    )
    .await;
    check(
        "GetShardIterator",
        json!({ "StreamName": "s", "ShardId": SHARDS[0], "ShardIteratorType": "AT_TIMESTAMP",
        "Timestamp": START_MS / 1000 + 1 }),
        invalid,
        "cannot be greater than the currentTimestampInMillis",
    )
    .await;
    check("GetRecords", json!({ "ShardIterator": "AAAA" }), invalid, "Invalid ShardIterator.").await;
    check("GetRecords", json!({ "ShardIterator": "AAAA", "Limit": 10_001 }), validation, "at 'limit'").await;
    check(
        "SplitShard",
        json!({ "StreamName": "s", "ShardToSplit": SHARDS[0], "NewStartingHashKey": "1" }),
        invalid,
        "is not both greater than one plus the shard's StartingHashKey 0",
    )
    .await;
    check(
        "IncreaseStreamRetentionPeriod",
        json!({ "StreamName": "s", "RetentionPeriodHours": 8_761 }),
        invalid,
        "too long",
    )
    .await;
    check(
        "DecreaseStreamRetentionPeriod",
        json!({ "StreamName": "s", "RetentionPeriodHours": 25 }),
        invalid,
        "Use IncreaseRetentionPeriod API",
    )
    .await;
    check("RegisterStreamConsumer", json!({}), "ValidationException", "streamARN").await;
    check(
        "StartStreamEncryption",
        json!({ "StreamName": "s", "EncryptionType": "KMS", "KeyId": "alias/own" }),
        "NotImplementedException",
        "the key alias/own",
    )
    .await;
    check("PutResourcePolicy", json!({}), "UnknownOperationException", "kinesis:PutResourcePolicy").await;
}

#[tokio::test]
async fn concurrent_puts_lose_nothing_while_shards_split() {
    let fixture = Arc::new(Fixture::with_shards(1).await);
    let producers: Vec<_> = (0..4)
        .map(|producer| {
            let fixture = Arc::clone(&fixture);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    for n in 0..500 {
                        fixture.put(&(u128::MAX / 500 * n).to_string(), &format!("{producer}/{n}")).await;
                    }
                });
            })
        })
        .collect();
    for count in [2, 4, 8, 5, 3] {
        let update =
            json!({ "StreamName": "s", "TargetShardCount": count, "ScalingType": "UNIFORM_SCALING" });
        fixture.ok("UpdateShardCount", update).await;
    }
    for producer in producers {
        producer.join().unwrap();
    }
    let stream = fixture.kinesis.stream(&fixture.cx, "s").unwrap();
    let mut numbers = Vec::new();
    for shard in stream.shards() {
        numbers.extend(shard.log().read(0, 10_000, usize::MAX).entries.iter().map(|entry| entry.sequence));
    }
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 2_000);
}

#[tokio::test]
async fn with_the_limits_of_aws_a_shard_takes_a_thousand_records_a_second() {
    let fixture = Fixture::with_the_limits_of_aws().await;
    let entries: Vec<Value> = (0..500).map(|_| json!({ "PartitionKey": "k", "Data": "MQ==" })).collect();
    let put = json!({ "StreamName": "s", "Records": entries });
    for failed in [0, 0, 500] {
        assert_eq!(fixture.ok("PutRecords", put.clone()).await["FailedRecordCount"], failed);
    }
    let refused = fixture.ok("PutRecords", put.clone()).await["Records"][0].clone();
    assert_eq!(refused["ErrorCode"], "ProvisionedThroughputExceededException");
    let text = "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000.";
    assert_eq!(refused["ErrorMessage"], text);
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(fixture.ok("PutRecords", put).await["FailedRecordCount"], 0);
    let iterator = fixture.iterator("shardId-000000000000", "TRIM_HORIZON", json!({})).await;
    for _ in 0..5 {
        fixture.ok("GetRecords", json!({ "ShardIterator": iterator, "Limit": 1 })).await;
    }
    let error = fixture.error("GetRecords", json!({ "ShardIterator": iterator })).await;
    assert_eq!(
        (error.code.as_ref(), error.message.as_str()),
        ("ProvisionedThroughputExceededException", text)
    );
}

#[tokio::test]
async fn many_records_are_written_aside_and_few_are_not() {
    let fixture = Fixture::with_shards(1).await;
    for _ in 0..10 {
        fixture.put("0", &"x".repeat(30 << 10)).await;
    }
    for (limit, expected) in [(10, 1), (1, 0)] {
        let iterator = fixture.iterator(SHARDS[0], "TRIM_HORIZON", json!({})).await;
        let before = aside::tests::times();
        fixture.ok("GetRecords", json!({ "ShardIterator": iterator, "Limit": limit })).await;
        assert_eq!(aside::tests::times() - before, expected, "{limit} records");
    }
}
