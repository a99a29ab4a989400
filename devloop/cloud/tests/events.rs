//! Event source mappings with real streams, function processes and queues.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use devloop_cloud::Context;
use serde_json::{Value, json};
use support::{TestCloud, eventually, script};

const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:consumer";
const STREAM_ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";

/// A cloud with the function `consumer`, which writes the records that it receives to a file.
struct Consumer {
    cloud: TestCloud,
    cx: Context,
    folder: tempfile::TempDir,
    notes: tempfile::TempDir,
}

impl Consumer {
    async fn start(version: &str) -> Self {
        let cloud = TestCloud::start().await;
        let cx = cloud.cloud.context("us-east-1");
        let (folder, notes) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let consumer = Self { cloud, cx, folder, notes };
        consumer.build(version);
        let variables = json!({ "Environment": { "Variables": { "RECEIVED": consumer.received_file() } } });
        let created = consumer.cloud.create_hot("consumer", consumer.folder.path(), variables).await;
        assert_eq!(created.status, 201);
        consumer
    }

    fn build(&self, version: &str) {
        let other = script(version);
        let interpreter = other.lines().next().unwrap();
        let text = include_str!("events_consumer.py").replace("@VERSION@", version);
        let staged = self.folder.path().join(".staged");
        fs::write(&staged, format!("{interpreter}\n{text}")).unwrap();
        fs::set_permissions(&staged, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(staged, self.folder.path().join("bootstrap")).unwrap();
    }

    fn received_file(&self) -> PathBuf {
        self.notes.path().join("received")
    }

    /// Waits until the function has received `count` records; returns them.
    async fn received(&self, count: usize) -> Vec<Value> {
        eventually("the delivery", async || {
            let text = fs::read_to_string(self.received_file()).unwrap_or_default();
            let complete = text.rfind('\n').map_or("", |end| &text[..end]);
            let records: Vec<Value> =
                complete.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            (records.len() >= count).then_some(records)
        })
        .await
    }

    async fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        self.cloud.cloud.call(&self.cx, service, operation, input).await.unwrap()
    }

    async fn stream(&self) {
        self.call("kinesis", "CreateStream", json!({ "StreamName": "orders", "ShardCount": 1 })).await;
        eventually("the stream", async || {
            let described =
                self.call("kinesis", "DescribeStreamSummary", json!({ "StreamName": "orders" })).await;
            (described["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE").then_some(())
        })
        .await;
    }

    async fn put(&self, data: impl IntoIterator<Item = String>) {
        let records: Vec<Value> = data
            .into_iter()
            .map(|data| json!({ "Data": BASE64_STANDARD.encode(data), "PartitionKey": "p" }))
            .collect();
        let output =
            self.call("kinesis", "PutRecords", json!({ "StreamName": "orders", "Records": records })).await;
        assert_eq!(output["FailedRecordCount"], 0);
    }

    async fn map(&self, source_arn: &str, more: Value) -> Value {
        let mut input = json!({ "EventSourceArn": source_arn, "FunctionName": "consumer", "StartingPosition": "LATEST",
            "FunctionResponseTypes": ["ReportBatchItemFailures"] });
        for (name, value) in more.as_object().into_iter().flatten() {
            input[name] = value.clone();
        }
        let path = "/2015-03-31/event-source-mappings/";
        let answer = self.cloud.send("POST", path, &[], input.to_string()).await;
        assert_eq!(answer.status, 202, "{}", answer.json());
        answer.json()
    }
}

fn data_of(record: &Value) -> String {
    String::from_utf8(BASE64_STANDARD.decode(record["kinesis"]["data"].as_str().unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn a_record_that_is_put_reaches_the_function() {
    let consumer = Consumer::start("good").await;
    consumer.stream().await;
    consumer.put(["before".to_owned()]).await;
    let mapping = consumer.map(STREAM_ARN, json!({})).await;
    assert_eq!(mapping["FunctionArn"], FUNCTION_ARN);
    consumer.put(["after".to_owned()]).await;
    let records = consumer.received(1).await;
    assert_eq!((records.len(), data_of(&records[0])), (1, "after".to_owned()));
    assert_eq!(records[0]["eventSourceARN"], STREAM_ARN);
    assert_eq!(records[0]["eventID"].as_str().unwrap().split(':').next(), Some("shardId-000000000000"));
    consumer.cloud.stop().await;
}

#[tokio::test]
async fn a_poison_record_ends_in_the_queue_and_delays_no_other_record() {
    let consumer = Consumer::start("good").await;
    consumer.stream().await;
    let queue = consumer.call("sqs", "CreateQueue", json!({ "QueueName": "failures" })).await;
    let queue_arn = "arn:aws:sqs:us-east-1:000000000000:failures";
    let options = json!({ "MaximumRetryAttempts": 1, "BisectBatchOnFunctionError": true,
        "DestinationConfig": { "OnFailure": { "Destination": queue_arn } } });
    consumer.map(STREAM_ARN, options).await;
    let data: Vec<String> =
        (0..100).map(|n| if n == 57 { "poison".to_owned() } else { format!("order {n}") }).collect();
    consumer.put(data.clone()).await;
    let received: Vec<String> = consumer.received(99).await.iter().map(data_of).collect();
    let expected: Vec<String> = data.into_iter().filter(|data| data != "poison").collect();
    assert_eq!(received, expected, "each once and in order");
    let wait = json!({ "QueueUrl": queue["QueueUrl"], "WaitTimeSeconds": 5, "MaxNumberOfMessages": 10 });
    let messages = consumer.call("sqs", "ReceiveMessage", wait).await;
    let messages = messages["Messages"].as_array().unwrap();
    assert_eq!(messages.len(), 1);
    let failure: Value = serde_json::from_str(messages[0]["Body"].as_str().unwrap()).unwrap();
    assert_eq!(failure["requestContext"]["functionArn"], FUNCTION_ARN);
    assert_eq!(failure["requestContext"]["approximateInvokeCount"], 2);
    let batch = &failure["KinesisBatchInfo"];
    assert_eq!(batch["batchSize"], 1);
    let place = json!({ "StreamName": "orders", "ShardId": batch["shardId"],
        "ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": batch["startSequenceNumber"] });
    let iterator = consumer.call("kinesis", "GetShardIterator", place).await;
    let found = json!({ "ShardIterator": iterator["ShardIterator"], "Limit": 1 });
    let found = consumer.call("kinesis", "GetRecords", found).await;
    assert_eq!(found["Records"][0]["Data"], BASE64_STANDARD.encode("poison"));
}

/// Options that discard a failed batch after its first try and report it to `destination`.
fn reporting_to(destination: &str) -> Value {
    json!({ "MaximumRetryAttempts": 0, "StartingPosition": "TRIM_HORIZON",
        "DestinationConfig": { "OnFailure": { "Destination": destination } } })
}

#[tokio::test]
async fn a_topic_is_notified_of_discarded_records() {
    let consumer = Consumer::start("good").await;
    consumer.stream().await;
    let queue = consumer.call("sqs", "CreateQueue", json!({ "QueueName": "alarms" })).await;
    let topic = consumer.call("sns", "CreateTopic", json!({ "Name": "failures" })).await;
    let topic = topic["TopicArn"].as_str().unwrap();
    let subscription = json!({ "TopicArn": topic, "Protocol": "sqs",
        "Endpoint": "arn:aws:sqs:us-east-1:000000000000:alarms" });
    consumer.call("sns", "Subscribe", subscription).await;
    consumer.map(STREAM_ARN, reporting_to(topic)).await;
    consumer.put(["poison".to_owned()]).await;
    let wait = json!({ "QueueUrl": queue["QueueUrl"], "WaitTimeSeconds": 10 });
    let message = consumer.call("sqs", "ReceiveMessage", wait).await["Messages"][0]["Body"].clone();
    let envelope: Value = serde_json::from_str(message.as_str().unwrap()).unwrap();
    let failure: Value = serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap();
    assert_eq!(failure["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!((&failure["KinesisBatchInfo"]["batchSize"], failure.get("payload")), (&json!(1), None));
}

#[tokio::test]
async fn a_bucket_gets_the_record_of_a_discarded_batch_with_its_event() {
    let consumer = Consumer::start("good").await;
    consumer.stream().await;
    consumer.call("s3", "CreateBucket", json!({ "Bucket": "failures" })).await;
    let mapping = consumer.map(STREAM_ARN, reporting_to("arn:aws:s3:::failures")).await;
    consumer.put(["poison".to_owned()]).await;
    let prefix = format!("aws/lambda/{}/shardId-000000000000/", mapping["UUID"].as_str().unwrap());
    let path = format!("/failures?list-type=2&prefix={prefix}");
    let signed = [("authorization", "AWS4-HMAC-SHA256 Credential=test/20261120/us-east-1/s3/aws4_request")];
    let key = eventually("the object", async || {
        let answer = consumer.cloud.send("GET", &path, &signed, "").await;
        let listing = String::from_utf8(answer.body.to_vec()).unwrap();
        let (_, rest) = listing.split_once("<Key>")?;
        Some(rest.split('<').next().unwrap().to_owned())
    })
    .await;
    assert!(key.starts_with(&prefix), "{key}");
    let object = consumer.call("s3", "GetObject", json!({ "Bucket": "failures", "Key": key })).await;
    let body = BASE64_STANDARD.decode(object["Body"].as_str().unwrap()).unwrap();
    let failure: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(failure["requestContext"]["functionArn"], FUNCTION_ARN);
    assert_eq!(failure["KinesisBatchInfo"]["streamArn"], STREAM_ARN);
    assert_eq!(data_of(&failure["payload"]["Records"][0]), "poison");
}

#[tokio::test]
async fn a_repaired_function_processes_the_waiting_records() {
    let consumer = Consumer::start("broken").await;
    consumer.stream().await;
    let mapping = consumer.map(STREAM_ARN, json!({})).await;
    let path = format!("/2015-03-31/event-source-mappings/{}", mapping["UUID"].as_str().unwrap());
    consumer.put((0..5).map(|n| n.to_string())).await;
    eventually("the failure", async || {
        let shown = consumer.cloud.send("GET", &path, &[], "").await.json();
        (shown["LastProcessingResult"] == "PROBLEM: Function call failed").then_some(())
    })
    .await;
    consumer.build("good");
    consumer.cloud.cloud.activate(consumer.folder.path()).await;
    let received: Vec<String> = consumer.received(5).await.iter().map(data_of).collect();
    assert_eq!(received, ["0", "1", "2", "3", "4"]);
    eventually("the good result", async || {
        let shown = consumer.cloud.send("GET", &path, &[], "").await.json();
        (shown["LastProcessingResult"] == "OK").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_changed_item_reaches_the_function_with_its_images() {
    let consumer = Consumer::start("good").await;
    let table = json!({ "TableName": "orders", "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
        "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" } });
    let created = consumer.call("dynamodb", "CreateTable", table).await;
    let stream_arn = created["TableDescription"]["LatestStreamArn"].as_str().unwrap().to_owned();
    eventually("the table", async || {
        let described = consumer.call("dynamodb", "DescribeTable", json!({ "TableName": "orders" })).await;
        (described["Table"]["TableStatus"] == "ACTIVE").then_some(())
    })
    .await;
    let item = |message: &str| json!({ "id": { "S": "1" }, "message": { "S": message } });
    let put = async |message: &str| {
        consumer.call("dynamodb", "PutItem", json!({ "TableName": "orders", "Item": item(message) })).await;
    };
    put("before").await;
    consumer.map(&stream_arn, json!({})).await;
    put("after").await;
    let delete = json!({ "TableName": "orders", "Key": { "id": { "S": "1" } } });
    consumer.call("dynamodb", "DeleteItem", delete).await;
    let records = consumer.received(2).await;
    let events: Vec<&Value> = records.iter().map(|record| &record["eventName"]).collect();
    assert_eq!(events, ["MODIFY", "REMOVE"]);
    assert_eq!(records[0]["eventSourceARN"], *stream_arn);
    let images = &records[0]["dynamodb"];
    assert_eq!((&images["OldImage"], &images["NewImage"]), (&item("before"), &item("after")));
    assert_eq!(records[1]["dynamodb"].get("NewImage"), None);
}
