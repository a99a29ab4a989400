//! Large tables, streams and log groups, and the requests that look at all of them.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use devloop_cloud::Cloud;
use serde_json::{Value, json};

use super::{Outcome, call};

const ITEMS: usize = 100_000;
/// The items with many values, and how many each has: 300 KB in the form of the API.
const WIDE: usize = 16;
const VALUES: usize = 60_000;
const EVENTS: usize = 50_000;

/// Fills the stores that [`requests`] look at.
pub(super) async fn fill(cloud: &Cloud) -> Outcome<()> {
    let cx = cloud.context("us-east-1");
    let ask = async |service: &str, operation: &str, input: Value| {
        cloud.call(&cx, service, operation, input).await.map_err(|error| format!("{operation}: {error:?}"))
    };
    for table in ["items", "wide"] {
        let input = json!({
            "TableName": table, "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "k", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "k", "KeyType": "HASH" }],
        });
        ask("dynamodb", "CreateTable", input).await?;
    }
    for number in 0..ITEMS {
        let item = json!({
            "k": { "S": number.to_string() }, "a": { "S": (number % 7).to_string() },
            "until": { "N": (4_000_000_000 + number).to_string() },
        });
        ask("dynamodb", "PutItem", json!({ "TableName": "items", "Item": item })).await?;
    }
    for number in 0..WIDE {
        let item =
            json!({ "k": { "S": number.to_string() }, "l": { "L": vec![json!({ "N": "1" }); VALUES] } });
        ask("dynamodb", "PutItem", json!({ "TableName": "wide", "Item": item })).await?;
    }
    ask("kinesis", "CreateStream", json!({ "StreamName": "stream", "ShardCount": 1 })).await?;
    let data = BASE64_STANDARD.encode(vec![7; 250_000]);
    for _ in 0..44 {
        let input = json!({ "StreamName": "stream", "PartitionKey": "k", "Data": data });
        ask("kinesis", "PutRecord", input).await?;
    }
    ask("logs", "CreateLogGroup", json!({ "logGroupName": "group" })).await?;
    ask("logs", "CreateLogStream", json!({ "logGroupName": "group", "logStreamName": "stream" })).await?;
    let message = json!({ "a": "x".repeat(60) }).to_string();
    let event = json!({ "timestamp": now_ms()?, "message": message });
    for _ in 0..EVENTS / 5_000 {
        let events = vec![event.clone(); 5_000];
        let input = json!({ "logGroupName": "group", "logStreamName": "stream", "logEvents": events });
        ask("logs", "PutLogEvents", input).await?;
    }
    Ok(())
}

fn now_ms() -> Outcome<u64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(u64::try_from(since.as_millis())?)
}

/// What takes long, in words and as the request.
pub(super) async fn requests(cloud: &Cloud) -> Outcome<Vec<(String, Vec<u8>)>> {
    let terms: Vec<String> = (0..290).map(|number| format!("a = :v{number}")).collect();
    let values = (0..290).map(|number| (format!(":v{number}"), json!({ "S": "none" })));
    let scan = json!({
        "TableName": "items", "FilterExpression": terms.join(" OR "),
        "ExpressionAttributeValues": values.collect::<serde_json::Map<_, _>>(),
    });
    let index = json!({
        "TableName": "items",
        "AttributeDefinitions": [
            { "AttributeName": "k", "AttributeType": "S" }, { "AttributeName": "a", "AttributeType": "S" },
        ],
        "GlobalSecondaryIndexUpdates": [{ "Create": {
            "IndexName": "by-a", "Projection": { "ProjectionType": "ALL" },
            "KeySchema": [
                { "AttributeName": "a", "KeyType": "HASH" }, { "AttributeName": "k", "KeyType": "RANGE" },
            ],
        } }],
    });
    let specification = json!({ "Enabled": true, "AttributeName": "until" });
    let time_to_live = json!({ "TableName": "items", "TimeToLiveSpecification": specification });
    let keys: Vec<Value> = (0..WIDE).map(|number| json!({ "k": { "S": number.to_string() } })).collect();
    let wide = json!({ "RequestItems": { "wide": { "Keys": keys } } });
    let start = json!({
        "StreamName": "stream", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON",
    });
    let cx = cloud.context("us-east-1");
    let iterator = cloud.call(&cx, "kinesis", "GetShardIterator", start).await;
    let iterator = iterator.map_err(|error| format!("GetShardIterator: {error:?}"))?;
    let records = json!({ "ShardIterator": iterator["ShardIterator"] });
    let search = json!({ "logGroupName": "group", "filterPattern": "{ $.a = \"*x*x*x*x*y*\" }" });
    let of_tables = |title: &str, operation: &str, input: &Value| {
        (title.to_owned(), call(&format!("DynamoDB_20120810.{operation}"), &input.to_string()))
    };
    Ok(vec![
        of_tables("a scan with a filter of 4 KB", "Scan", &scan),
        of_tables("a page of a table", "Scan", &json!({ "TableName": "items" })),
        of_tables("a new index over 100,000 items", "UpdateTable", &index),
        of_tables("time to live of 100,000 items", "UpdateTimeToLive", &time_to_live),
        of_tables("16 items with 60,000 numbers each", "BatchGetItem", &wide),
        ("10 MB of a stream".to_owned(), call("Kinesis_20131202.GetRecords", &records.to_string())),
        (
            "a search in 50,000 log events".to_owned(),
            call("Logs_20140328.FilterLogEvents", &search.to_string()),
        ),
    ])
}
