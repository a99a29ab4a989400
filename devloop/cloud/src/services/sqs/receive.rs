//! Receiving messages, and the operations on received messages.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Sqs, attributes, batch,
    deliver::Poll,
    message::{attributes_md5, check_id},
    queue::Queue,
    received::Received,
    service::{invalid, out_of_range, required},
};
use crate::{context::Context, error::ApiError, wire};

/// The most messages of one receive, the longest wait and the longest visibility timeout (both in seconds)
/// [`ReceiveMessage`, Amazon SQS API reference].
const MOST_MESSAGES: i64 = 10;
const MOST_WAIT: i64 = 20;
const MOST_VISIBILITY: i64 = 43_200;

/// The message system attributes that can be requested; the last three exist in FIFO queues only.
const SYSTEM_ATTRIBUTES: [&str; 10] = [
    "All",
    "ApproximateFirstReceiveTimestamp",
    "ApproximateReceiveCount",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
    "SenderId",
    "SentTimestamp",
    "MessageDeduplicationId",
    "MessageGroupId",
    "SequenceNumber",
];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    #[serde(default, deserialize_with = "wire::integer")]
    max_number_of_messages: Option<i64>,
    #[serde(default, deserialize_with = "wire::integer")]
    visibility_timeout: Option<i64>,
    #[serde(default, deserialize_with = "wire::integer")]
    wait_time_seconds: Option<i64>,
    attribute_names: Option<Vec<String>>,
    message_system_attribute_names: Option<Vec<String>>,
    message_attribute_names: Option<Vec<String>>,
    receive_request_attempt_id: Option<String>,
}

/// [`ReceiveMessage`, Amazon SQS API reference].
pub(super) async fn receive(sqs: &Sqs, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let queue = sqs.target(cx, &input)?;
    let input: Input = wire::read(input)?;
    check_id("ReceiveRequestAttemptId", input.receive_request_attempt_id.as_deref())?;
    if let Some(id) = input.receive_request_attempt_id.as_ref().filter(|_| !queue.is_fifo()) {
        return Err(invalid(format!(
            "Value {id} for parameter ReceiveRequestAttemptId is invalid. Reason: The request include parameter that is \
             not valid for this queue type."
        )));
    }
    let poll = Poll {
        most: within("MaxNumberOfMessages", input.max_number_of_messages, 1, MOST_MESSAGES)?.unwrap_or(1)
            as usize,
        wait: seconds(within("WaitTimeSeconds", input.wait_time_seconds, 0, MOST_WAIT)?),
        visibility: seconds(within("VisibilityTimeout", input.visibility_timeout, 0, MOST_VISIBILITY)?),
        attempt: input.receive_request_attempt_id,
    };
    // `AttributeNames` is the older name of `MessageSystemAttributeNames`.
    let mut system = input.attribute_names.unwrap_or_default();
    system.extend(input.message_system_attribute_names.unwrap_or_default());
    if let Some(name) = system.iter().find(|name| !SYSTEM_ATTRIBUTES.contains(&name.as_str())) {
        return Err(attributes::unknown(name));
    }
    let wanted = input.message_attribute_names.unwrap_or_default();
    let received = sqs.receive(&cx.region, &queue, &poll).await?;
    if received.is_empty() {
        return Ok(json!({}));
    }
    let messages = received.iter().map(|received| describe(received, &system, &wanted));
    Ok(json!({ "Messages": messages.collect::<Vec<_>>() }))
}

fn describe(received: &Received, system: &[String], wanted: &[String]) -> Value {
    let message = &received.message;
    let mut output = json!({
        "MessageId": message.id,
        "ReceiptHandle": received.receipt_handle,
        "MD5OfBody": message.md5,
        "Body": message.body,
    });
    if !system.is_empty() {
        let mut attributes = received.system_attributes();
        if !system.iter().any(|name| name == "All") {
            attributes.retain(|name, _| system.contains(name));
        }
        if !attributes.is_empty() {
            output["Attributes"] = attributes.into();
        }
    }
    let chosen =
        message.attributes.iter().filter(|(name, _)| wanted.iter().any(|wanted| matches(wanted, name)));
    let chosen: Vec<_> = chosen.collect();
    if let Some(md5) = attributes_md5(chosen.iter().copied()) {
        output["MD5OfMessageAttributes"] = md5.into();
        let chosen = chosen.into_iter().map(|(name, value)| (name.clone(), json!(value)));
        output["MessageAttributes"] = chosen.collect::<Map<_, _>>().into();
    }
    output
}

/// Whether a name is requested: by itself, by `prefix.*`, or with all others.
fn matches(wanted: &str, name: &str) -> bool {
    match wanted.strip_suffix(".*") {
        Some(prefix) => name.starts_with(prefix),
        None => wanted == "All" || wanted == name,
    }
}

/// [`DeleteMessage`, Amazon SQS API reference].
pub(super) fn delete(sqs: &Sqs, cx: &Context, input: Value) -> Result<Value, ApiError> {
    delete_from(&*sqs.target(cx, &input)?, input)
}

/// [`DeleteMessageBatch`, Amazon SQS API reference].
pub(super) fn delete_batch(sqs: &Sqs, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    let queue = sqs.target(cx, &input)?;
    batch::run(&mut input, "DeleteMessageBatchRequestEntry", |entry| delete_from(&queue, entry))
}

/// [`ChangeMessageVisibility`, Amazon SQS API reference].
pub(super) fn change_visibility(sqs: &Sqs, cx: &Context, input: Value) -> Result<Value, ApiError> {
    change_visibility_in(&*sqs.target(cx, &input)?, input)
}

/// [`ChangeMessageVisibilityBatch`, Amazon SQS API reference].
pub(super) fn change_visibility_batch(sqs: &Sqs, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    let queue = sqs.target(cx, &input)?;
    batch::run(&mut input, "ChangeMessageVisibilityBatchRequestEntry", |entry| {
        change_visibility_in(&queue, entry)
    })
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Receipted {
    receipt_handle: Option<String>,
    #[serde(default, deserialize_with = "wire::integer")]
    visibility_timeout: Option<i64>,
}

fn delete_from(queue: &Queue, input: Value) -> Result<Value, ApiError> {
    let input: Receipted = wire::read(input)?;
    queue.delete(&required(input.receipt_handle, "ReceiptHandle")?)?;
    Ok(json!({}))
}

fn change_visibility_in(queue: &Queue, input: Value) -> Result<Value, ApiError> {
    let input: Receipted = wire::read(input)?;
    let handle = required(input.receipt_handle, "ReceiptHandle")?;
    let timeout = within("VisibilityTimeout", input.visibility_timeout, 0, MOST_VISIBILITY)?;
    let timeout = required(seconds(timeout), "VisibilityTimeout")?;
    queue.change_visibility(&handle, timeout)?;
    Ok(json!({}))
}

fn within(name: &str, value: Option<i64>, least: i64, most: i64) -> Result<Option<i64>, ApiError> {
    match value {
        Some(value) if !(least..=most).contains(&value) => Err(out_of_range(name, value, least, most)),
        value => Ok(value),
    }
}

fn seconds(value: Option<i64>) -> Option<Duration> {
    value.map(|seconds| Duration::from_secs(seconds as u64))
}
