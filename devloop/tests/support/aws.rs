//! A client of the services without an SDK: unsigned JSON over HTTP.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, LIMIT, eventually, now_ms, send};

/// The services' names in `X-Amz-Target`.
const KINESIS: &str = "Kinesis_20131202";
const DYNAMODB: &str = "DynamoDB_20120810";
const STREAMS: &str = "DynamoDBStreams_20120810";
const SQS: &str = "AmazonSQS";
const LOGS: &str = "Logs_20140328";
const CLOUDWATCH: &str = "GraniteServiceVersion20100801";

/// A cloud with the pipeline in it.
pub struct Aws {
    endpoint: String,
    stream: String,
    table: String,
}

/// One request's measurement, as downstream logs it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    pub key: String,
    pub request_id: Option<String>,
    #[serde(default)]
    pub run_id: String,
    pub latency_ms: i64,
    pub completed_ms: i64,
}

impl Aws {
    /// The services of a session.
    pub fn new(endpoint: &str, outputs: &Value) -> Self {
        let text = |name: &str| outputs[name].as_str().unwrap_or_else(|| panic!("{outputs}")).to_owned();
        Self {
            endpoint: endpoint.to_owned(),
            stream: text("KinesisStreamName"),
            table: text("DynamoDBTableName"),
        }
    }

    /// Calls an operation and returns the answer, also a refusal.
    pub fn ask(&self, target: &str, operation: &str, input: &Value) -> Answer {
        let target = format!("{target}.{operation}");
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
        send("POST", &self.endpoint, &headers, input.to_string()).unwrap()
    }

    fn call(&self, target: &str, operation: &str, input: &Value) -> Value {
        let answer = self.ask(target, operation, input);
        assert_eq!(answer.status, 200, "{operation} {input}: {answer:?}");
        answer.json()
    }

    /// Deletes the stream.
    pub fn delete_stream(&self) {
        let answer = self.ask(KINESIS, "DeleteStream", &json!({ "StreamName": self.stream }));
        assert_eq!(answer.status, 200, "{answer:?}");
    }

    /// Puts records of this data into the stream, all at once.
    pub fn put_records(&self, data: impl Iterator<Item = String>) {
        let records: Vec<Value> =
            data.map(|data| json!({ "Data": BASE64.encode(data), "PartitionKey": "one" })).collect();
        let input = json!({ "StreamName": self.stream, "Records": records });
        let output = self.call(KINESIS, "PutRecords", &input);
        assert_eq!(output["FailedRecordCount"], 0, "{output}");
    }

    /// How many records the stream's only shard holds.
    pub fn records(&self) -> usize {
        let shards = self.call(KINESIS, "ListShards", &json!({ "StreamName": self.stream }));
        let shard = &shards["Shards"][0]["ShardId"];
        let input =
            json!({ "StreamName": self.stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" });
        let mut iterator = self.call(KINESIS, "GetShardIterator", &input)["ShardIterator"].clone();
        let mut count = 0;
        loop {
            let page = self.call(KINESIS, "GetRecords", &json!({ "ShardIterator": iterator }));
            count += page["Records"].as_array().unwrap().len();
            if page["MillisBehindLatest"] == 0 {
                return count;
            }
            iterator = page["NextShardIterator"].clone();
        }
    }

    /// One item by its id.
    pub fn item(&self, id: &str) -> Option<Value> {
        let input = json!({ "TableName": self.table, "Key": { "id": { "S": id } }, "ConsistentRead": true });
        self.call(DYNAMODB, "GetItem", &input).get("Item").cloned()
    }

    /// The ids of all items.
    pub fn items(&self) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        let mut start = Value::Null;
        loop {
            let mut input = json!({ "TableName": self.table, "ConsistentRead": true });
            if !start.is_null() {
                input["ExclusiveStartKey"] = start;
            }
            let page = self.call(DYNAMODB, "Scan", &input);
            let items = page["Items"].as_array().unwrap();
            ids.extend(items.iter().map(|item| item["id"]["S"].as_str().unwrap().to_owned()));
            start = page["LastEvaluatedKey"].clone();
            if start.is_null() {
                return ids;
            }
        }
    }

    /// How many items the table holds.
    pub fn count(&self) -> usize {
        let input = json!({ "TableName": self.table, "Select": "COUNT", "ConsistentRead": true });
        self.call(DYNAMODB, "Scan", &input)["Count"].as_u64().unwrap() as usize
    }

    /// Deletes an item.
    pub fn delete_item(&self, id: &str) {
        self.call(DYNAMODB, "DeleteItem", &json!({ "TableName": self.table, "Key": { "id": { "S": id } } }));
    }

    /// Every record of the table's stream, oldest first.
    pub fn changes(&self) -> Vec<Value> {
        let table = self.call(DYNAMODB, "DescribeTable", &json!({ "TableName": self.table }));
        let arn = &table["Table"]["LatestStreamArn"];
        let stream = self.call(STREAMS, "DescribeStream", &json!({ "StreamArn": arn }));
        let shard = &stream["StreamDescription"]["Shards"][0]["ShardId"];
        let input = json!({ "StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" });
        let mut iterator = self.call(STREAMS, "GetShardIterator", &input)["ShardIterator"].clone();
        let mut changes = Vec::new();
        loop {
            let page = self.call(STREAMS, "GetRecords", &json!({ "ShardIterator": iterator }));
            let records = page["Records"].as_array().unwrap();
            if records.is_empty() {
                return changes;
            }
            changes.extend(records.iter().cloned());
            iterator = page["NextShardIterator"].clone();
        }
    }

    /// The URL of a function in the Lambda API.
    fn function(&self, logical_id: &str) -> String {
        let list = send("GET", &format!("{}/2015-03-31/functions", self.endpoint), &[], "").unwrap().json();
        let names =
            list["Functions"].as_array().unwrap().iter().map(|each| each["FunctionName"].as_str().unwrap());
        let name =
            names.into_iter().find(|name| name.contains(&format!("-{logical_id}"))).unwrap().to_owned();
        format!("{}/2015-03-31/functions/{name}", self.endpoint)
    }

    /// Gives a function one more variable, and waits until environments that have it serve.
    pub fn set_variable(&self, logical_id: &str, name: &str, value: &str) {
        let url = format!("{}/configuration", self.function(logical_id));
        let mut variables = send("GET", &url, &[], "").unwrap().json()["Environment"]["Variables"].clone();
        variables[name] = value.into();
        let input = json!({ "Environment": { "Variables": variables } });
        let answer = send("PUT", &url, &[], input.to_string()).unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        eventually("the function has its variable", LIMIT, || {
            let shown = send("GET", &url, &[], "").unwrap().json();
            if shown["LastUpdateStatus"] == "Successful" { Ok(()) } else { Err(shown) }
        });
    }

    /// Enables or disables a function's event source mapping.
    pub fn enable(&self, logical_id: &str, enabled: bool) {
        let url = format!("{}/2015-03-31/event-source-mappings", self.endpoint);
        let list = send("GET", &format!("{url}/"), &[], "").unwrap().json();
        let mut mappings = list["EventSourceMappings"].as_array().unwrap().iter();
        let belongs =
            |mapping: &&Value| mapping["FunctionArn"].as_str().unwrap().contains(&format!("-{logical_id}"));
        let url = format!("{url}/{}", mappings.find(belongs).unwrap()["UUID"].as_str().unwrap());
        let answer = send("PUT", &url, &[], json!({ "Enabled": enabled }).to_string()).unwrap();
        assert!((200..300).contains(&answer.status), "{answer:?}");
        let state = if enabled { "Enabled" } else { "Disabled" };
        eventually(&format!("the mapping is {state}"), LIMIT, || {
            let shown = send("GET", &url, &[], "").unwrap().json();
            if shown["State"] == state { Ok(()) } else { Err(shown) }
        });
    }

    /// Invokes a function with an event and shows its answer.
    pub fn invoke(&self, logical_id: &str, event: &Value) -> Value {
        let url = format!("{}/invocations", self.function(logical_id));
        let answer = send("POST", &url, &[], event.to_string()).unwrap();
        assert_eq!((answer.status, answer.header("x-amz-function-error")), (200, None), "{answer:?}");
        answer.json()
    }

    /// The lines of a function's log, by its environments and by Lambda, oldest first.
    pub fn log(&self, logical_id: &str, pattern: &str) -> Vec<String> {
        let groups = self.call(LOGS, "DescribeLogGroups", &json!({ "logGroupNamePrefix": "/aws/lambda/" }));
        // CloudFormation shortens the stack's name in a long function name, and never the logical id.
        let belongs = |group: &&Value| {
            group["logGroupName"].as_str().is_some_and(|name| name.contains(&format!("-{logical_id}")))
        };
        let Some(group) = groups["logGroups"].as_array().unwrap().iter().find(belongs) else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        let mut token = Value::Null;
        loop {
            let mut input = json!({ "logGroupName": group["logGroupName"], "filterPattern": pattern });
            if !token.is_null() {
                input["nextToken"] = token;
            }
            let page = self.call(LOGS, "FilterLogEvents", &input);
            let events = page["events"].as_array().unwrap();
            lines.extend(events.iter().map(|event| event["message"].as_str().unwrap().to_owned()));
            token = page["nextToken"].clone();
            if token.is_null() {
                return lines;
            }
        }
    }

    /// Every measurement that downstream has logged.
    pub fn rows(&self) -> Vec<Row> {
        let lines = self.log("Downstream", "{ $.outcome = \"measured\" }");
        lines
            .iter()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }

    /// Waits until downstream has measured this many requests in all.
    pub fn wait_for_rows(&self, expected: usize) -> Vec<Row> {
        eventually(&format!("{expected} rows"), LIMIT, || {
            let rows = self.rows();
            if rows.len() >= expected {
                Ok(rows)
            } else {
                Err(format!("{} rows; {} items", rows.len(), self.items().len()))
            }
        })
    }

    /// How many latencies CloudWatch holds.
    pub fn datapoints(&self) -> u64 {
        self.samples(&json!([]))
    }

    /// How many latencies of one run CloudWatch has.
    pub fn datapoints_of(&self, run: &str) -> u64 {
        self.samples(&json!([{ "Name": "RunId", "Value": run }]))
    }

    fn samples(&self, dimensions: &Value) -> u64 {
        let now = now_ms() / 1000;
        let input = json!({
            "Namespace": "ServerlessDataProcessingPipeline/Latencies", "MetricName": "Latency",
            "Dimensions": dimensions,
            "StartTime": now - 7200, "EndTime": now + 3600, "Period": 3600, "Statistics": ["SampleCount"],
        });
        let output = self.call(CLOUDWATCH, "GetMetricStatistics", &input);
        let points = output["Datapoints"].as_array().unwrap();
        points.iter().map(|point| point["SampleCount"].as_f64().unwrap()).sum::<f64>() as u64
    }

    /// The bodies of the messages in a queue; they stay invisible for a while.
    pub fn messages(&self, queue: &str) -> Vec<Value> {
        let url = format!("{}/000000000000/{queue}", self.endpoint);
        let input = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0 });
        let output = self.call(SQS, "ReceiveMessage", &input);
        let messages = output["Messages"].as_array().cloned().unwrap_or_default();
        messages.iter().map(|each| serde_json::from_str(each["Body"].as_str().unwrap()).unwrap()).collect()
    }
}
