use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Value, json};

use super::Fixture;

const STREAM: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/changes";

async fn kinesis(db: &Fixture, operation: &str, input: Value) -> Value {
    db.kinesis.call(&db.cx, operation, input).await.unwrap()
}

/// The decoded records of the stream.
async fn records(db: &Fixture) -> Vec<Value> {
    let iterator = json!({"StreamName": "changes", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"});
    let iterator = kinesis(db, "GetShardIterator", iterator).await["ShardIterator"].take();
    let page = kinesis(db, "GetRecords", json!({"ShardIterator": iterator})).await;
    let records = page["Records"].as_array().unwrap();
    let decoded = |record: &Value| BASE64.decode(record["Data"].as_str().unwrap()).unwrap();
    records.iter().map(|record| serde_json::from_slice(&decoded(record)).unwrap()).collect()
}

#[tokio::test]
async fn a_tables_changes_go_into_a_kinesis_stream_in_their_order() {
    let db = Fixture::with_table().await;
    let named = json!({"TableName": "events", "StreamArn": STREAM});
    let error = db.error("EnableKinesisStreamingDestination", named.clone()).await;
    assert_eq!(error.code, "ResourceNotFoundException");
    kinesis(&db, "CreateStream", json!({"StreamName": "changes", "ShardCount": 1})).await;
    db.put("events", json!({"id": {"S": "before"}})).await;
    let enabled = db.ok("EnableKinesisStreamingDestination", named.clone()).await;
    assert_eq!(enabled["DestinationStatus"], "ENABLING");
    db.put("events", json!({"id": {"S": "1"}, "n": {"N": "1"}})).await;
    db.put("events", json!({"id": {"S": "1"}, "n": {"N": "2"}})).await;
    db.put("events", json!({"id": {"S": "1"}, "n": {"N": "2"}})).await;
    db.ok("DeleteItem", json!({"TableName": "events", "Key": {"id": {"S": "1"}}})).await;
    let found = records(&db).await;
    let names: Vec<&str> = found.iter().map(|record| record["eventName"].as_str().unwrap()).collect();
    assert_eq!(names, ["INSERT", "MODIFY", "REMOVE"], "a put that changes nothing writes no record");
    let change = &found[1];
    assert_eq!((&change["tableName"], &change["eventSource"]), (&json!("events"), &json!("aws:dynamodb")));
    assert_eq!(change["recordFormat"], "application/json");
    assert_eq!(change["userIdentity"], Value::Null);
    assert_eq!(change["dynamodb"]["Keys"], json!({"id": {"S": "1"}}));
    assert_eq!(change["dynamodb"]["OldImage"]["n"], json!({"N": "1"}));
    assert_eq!(change["dynamodb"]["NewImage"]["n"], json!({"N": "2"}));
    assert_eq!(change["dynamodb"]["ApproximateCreationDateTimePrecision"], "MILLISECOND");
    assert_eq!(change["dynamodb"]["ApproximateCreationDateTime"], super::START_MS);

    db.ok("DisableKinesisStreamingDestination", named.clone()).await;
    db.put("events", json!({"id": {"S": "2"}})).await;
    assert_eq!(records(&db).await.len(), 3, "a disabled destination gets no records");
    let described = db.ok("DescribeKinesisStreamingDestination", json!({"TableName": "events"})).await;
    assert_eq!(described["KinesisDataStreamDestinations"][0]["DestinationStatus"], "DISABLED");
}

#[tokio::test]
async fn a_destination_without_its_stream_shows_its_failure() {
    let db = Fixture::with_table().await;
    kinesis(&db, "CreateStream", json!({"StreamName": "changes", "ShardCount": 1})).await;
    db.ok("EnableKinesisStreamingDestination", json!({"TableName": "events", "StreamArn": STREAM})).await;
    kinesis(&db, "DeleteStream", json!({"StreamName": "changes"})).await;
    db.put("events", json!({"id": {"S": "1"}})).await;
    let described = db.ok("DescribeKinesisStreamingDestination", json!({"TableName": "events"})).await;
    assert_eq!(described["KinesisDataStreamDestinations"][0]["DestinationStatus"], "ENABLE_FAILED");
}

#[tokio::test]
async fn a_destination_that_is_not_in_the_right_state_is_refused() {
    let db = Fixture::with_table().await;
    let named = json!({"TableName": "events", "StreamArn": STREAM});
    let with = |more: Value| super::with(&named, more);
    let state = "Table is not in a valid state to enable Kinesis Streaming Destination: ";
    let not_active =
        format!("{state}KinesisStreamingDestination must be ACTIVE to perform DISABLE operation.");
    kinesis(&db, "CreateStream", json!({"StreamName": "changes", "ShardCount": 1})).await;
    db.invalid("DisableKinesisStreamingDestination", named.clone(), &not_active).await;
    db.invalid(
        "EnableKinesisStreamingDestination",
        json!({"TableName": "events", "StreamArn": ""}),
        "1 validation error detected: Value '' at 'streamArn' failed to satisfy constraint: Member must have length greater than or equal to 37",
    )
    .await;
    db.ok("EnableKinesisStreamingDestination", named.clone()).await;
    db.invalid(
        "EnableKinesisStreamingDestination",
        named.clone(),
        &format!("{state}EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation."),
    )
    .await;
    let configuration = json!({"ApproximateCreationDateTimePrecision": "MILLISECOND"});
    let again = with(json!({"UpdateKinesisStreamingConfiguration": configuration}));
    let error = db.error("UpdateKinesisStreamingDestination", again).await;
    let begin = "Invalid Request: Precision is already set to the desired value of MILLISECOND for tableId: ";
    assert!(error.message.starts_with(begin), "{error}");
    db.invalid(
        "UpdateKinesisStreamingDestination",
        with(json!({"UpdateKinesisStreamingConfiguration": {}})),
        "Streaming destination cannot be updated with given parameters: UpdateKinesisStreamingConfiguration cannot be null or contain only null values",
    )
    .await;
    db.invalid(
        "DisableKinesisStreamingDestination",
        with(json!({"EnableKinesisStreamingConfiguration": configuration})),
        "Stream cannot be disabled using EnableKinesisStreamingConfiguration parameters",
    )
    .await;
    db.ok("DisableKinesisStreamingDestination", named.clone()).await;
    db.invalid("DisableKinesisStreamingDestination", named.clone(), &not_active).await;
}
