//! Asks the cloud for the queue's messages and the records that they name. Nothing is taken out of the queue.

use std::{collections::HashSet, time::Duration};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Value, json};

use super::failure::{Failure, Service};
use crate::aws::{Bounds, Call, Client, Endpoints, Keys, Trust};
use crate::engine::Problem;

/// The most messages that are read.
const MOST: usize = 1_000;

/// How long a message is invisible to others while it is read, in s. It is made visible again as soon as all have been read.
const HIDDEN: u64 = 60;

/// The most pages of a shard that are read for one message.
const PAGES: usize = 20;

/// The limits of an answer.
const BOUNDS: Bounds = Bounds { time: Duration::from_secs(20), bytes: 64 << 20 };

/// Which queue of which cloud.
pub(crate) struct Inquiry {
    /// Where the services are.
    pub(crate) endpoints: Endpoints,
    /// What requests are signed with.
    pub(crate) keys: Keys,
    /// The trusted authorities.
    pub(crate) trust: Trust,
    /// Where the queue is.
    pub(crate) region: String,
    pub(crate) queue: String,
}

/// A message with its records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Found {
    /// The parsed message.
    #[serde(flatten)]
    pub(crate) failure: Failure,
    /// The records that the stream still has.
    pub(crate) found: Vec<Record>,
}

/// A record of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Record {
    /// Its sequence number.
    pub(crate) sequence: String,
    /// Its partition key, or the item's key as JSON.
    pub(crate) key: String,
    /// Its content: text, or a table's change as JSON. Bytes that are not text are in base64.
    pub(crate) data: String,
}

/// Reads every message of the queue that names records, and counts the other messages.
pub(crate) async fn resolve(inquiry: Inquiry) -> Result<(Vec<Found>, usize), Problem> {
    let Inquiry { endpoints, keys, trust, region, queue } = inquiry;
    let client = Client::new(endpoints, keys, trust, BOUNDS);
    let cloud = Cloud { client: &client };
    let failed = |error: String| {
        Problem::new("records_failed", format!("read the failure records of {queue}: {error}"))
            .with_hint("name a queue that is the on-failure destination of an event source mapping")
    };
    let (failures, others) = cloud.messages(&region, &queue).await.map_err(failed)?;
    let mut all = Vec::with_capacity(failures.len());
    for failure in failures {
        let found = cloud.records(&failure).await.map_err(failed)?;
        all.push(Found { failure, found });
    }
    Ok((all, others))
}

struct Cloud<'c> {
    client: &'c Client,
}

impl Cloud<'_> {
    async fn messages(&self, region: &str, queue: &str) -> Result<(Vec<Failure>, usize), String> {
        let sqs = async |operation: &str, input: Value| {
            self.call(region, "sqs", &format!("AmazonSQS.{operation}"), &input).await
        };
        let url = sqs("GetQueueUrl", json!({ "QueueName": queue })).await?["QueueUrl"].clone();
        let (mut handles, mut failures, mut others) = (Vec::new(), Vec::new(), 0);
        let mut seen = HashSet::new();
        // With `--clock` the cloud's time runs faster: the first messages are visible again, and come again, before the last ones are
        // read.
        for _ in 0..MOST {
            if seen.len() >= MOST {
                break;
            }
            let input = json!({ "QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": HIDDEN, "WaitTimeSeconds": 0 });
            let answer = sqs("ReceiveMessage", input).await?;
            let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            for message in messages {
                handles.push(message["ReceiptHandle"].clone());
                if !seen.insert(message["MessageId"].as_str().unwrap_or_default().to_owned()) {
                    continue;
                }
                match message["Body"].as_str().and_then(Failure::read) {
                    Some(failure) => failures.push(failure),
                    None => others += 1,
                }
            }
        }
        for handle in handles {
            let input = json!({ "QueueUrl": url, "ReceiptHandle": handle, "VisibilityTimeout": 0 });
            // A message that is visible already cannot be changed, and needs no change.
            let _ = sqs("ChangeMessageVisibility", input).await;
        }
        Ok((failures, others))
    }

    /// What the stream still has of a message's records, from the first to the last.
    async fn records(&self, failure: &Failure) -> Result<Vec<Record>, String> {
        let (service, target, arn) = match failure.service {
            Service::Kinesis => ("kinesis", "Kinesis_20131202", "StreamARN"),
            Service::DynamoDb => ("streams.dynamodb", "DynamoDBStreams_20120810", "StreamArn"),
        };
        let ask = async |operation: &str, input: Value| {
            self.call(failure.region(), service, &format!("{target}.{operation}"), &input).await
        };
        let start =
            if failure.service == Service::Kinesis { "StartingSequenceNumber" } else { "SequenceNumber" };
        let mut input = json!({ "ShardId": failure.shard, "ShardIteratorType": "AT_SEQUENCE_NUMBER" });
        input[arn] = failure.stream.as_str().into();
        input[start] = failure.first.as_str().into();
        let mut iterator = ask("GetShardIterator", input).await?["ShardIterator"].clone();
        let mut found = Vec::new();
        for _ in 0..PAGES {
            let page = ask("GetRecords", json!({ "ShardIterator": iterator })).await?;
            for record in page["Records"].as_array().into_iter().flatten() {
                let record = read(failure.service, record);
                if failure.is_behind(&record.sequence) {
                    return Ok(found);
                }
                found.push(record);
            }
            iterator = page["NextShardIterator"].clone();
            let caught_up = page["MillisBehindLatest"].as_u64() == Some(0);
            if iterator.is_null()
                || caught_up
                || found.last().is_some_and(|last| last.sequence == failure.last)
            {
                break;
            }
        }
        Ok(found)
    }

    async fn call(&self, region: &str, service: &str, target: &str, input: &Value) -> Result<Value, String> {
        let answer = self.client.send(region, &Call::json(service, target, input)).await?;
        answer.document(target.split('.').next_back().unwrap_or(target))
    }
}

fn read(service: Service, record: &Value) -> Record {
    let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    match service {
        Service::Kinesis => Record {
            sequence: text("/SequenceNumber"),
            key: text("/PartitionKey"),
            data: decoded(text("/Data")),
        },
        Service::DynamoDb => Record {
            sequence: text("/dynamodb/SequenceNumber"),
            key: record["dynamodb"]["Keys"].to_string(),
            data: format!("{} {}", text("/eventName"), record["dynamodb"]["NewImage"]),
        },
    }
}

fn decoded(data: String) -> String {
    let bytes = STANDARD.decode(&data).ok();
    match bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(text) => text.trim_end_matches('\n').to_owned(),
        None => data,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Service, read};

    #[test]
    fn a_record_shows_its_text_or_its_change() {
        let kinesis = json!({ "SequenceNumber": "7", "PartitionKey": "Shadowfax", "Data": "eyJhIjoxfQo=" });
        let record = read(Service::Kinesis, &kinesis);
        assert_eq!(
            (record.sequence.as_str(), record.key.as_str(), record.data.as_str()),
            ("7", "Shadowfax", "{\"a\":1}")
        );
        let bytes = json!({ "SequenceNumber": "8", "PartitionKey": "k", "Data": "/w==" });
        assert_eq!(read(Service::Kinesis, &bytes).data, "/w==");
        let change = json!({ "eventName": "INSERT",
            "dynamodb": { "SequenceNumber": "9", "Keys": { "id": { "S": "1" } }, "NewImage": { "id": { "S": "1" } } } });
        let record = read(Service::DynamoDb, &change);
        assert_eq!(record.key, r#"{"id":{"S":"1"}}"#);
        assert_eq!(record.data, r#"INSERT {"id":{"S":"1"}}"#);
    }
}
