//! `SendMessage` and `SendMessageBatch`.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Sqs, batch,
    message::{Attribute, Attributes, Message, Parcel, attributes_md5, trace_attribute},
    queue::Queue,
    service::{invalid, out_of_range, required},
};
use crate::{context::Context, error::ApiError, wire};

/// The most bytes of a batch, with all bodies and attributes [Amazon SQS message quotas].
const BATCH_BYTES: usize = 1 << 20;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    message_body: Option<String>,
    #[serde(default, deserialize_with = "wire::integer")]
    delay_seconds: Option<i64>,
    message_attributes: Option<BTreeMap<String, AttributeInput>>,
    message_system_attributes: Option<BTreeMap<String, Attribute>>,
    message_group_id: Option<String>,
    message_deduplication_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AttributeInput {
    #[serde(flatten)]
    value: Attribute,
    #[serde(alias = "StringListValue")]
    string_list_values: Option<Value>,
    #[serde(alias = "BinaryListValue")]
    binary_list_values: Option<Value>,
}

/// A message that is to be sent.
struct Outgoing {
    message: Message,
    delay: Option<Duration>,
}

/// [`SendMessage`, Amazon SQS API reference].
pub(super) fn one(sqs: &Sqs, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let queue = sqs.target(cx, &input)?;
    let outgoing = read(sqs, cx, &queue, input)?;
    send(&queue, outgoing)
}

/// [`SendMessageBatch`, Amazon SQS API reference].
pub(super) fn batch(sqs: &Sqs, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    let queue = sqs.target(cx, &input)?;
    let size = |entry: &Value| entry["MessageBody"].as_str().map_or(0, str::len) + attributes_size(entry);
    let bytes: usize = input["Entries"].as_array().into_iter().flatten().map(size).sum();
    if bytes > BATCH_BYTES {
        return Err(ApiError::client(
            "BatchRequestTooLong",
            format!("Batch requests cannot be longer than {BATCH_BYTES} bytes. You have sent {bytes} bytes."),
        ));
    }
    batch::run(&mut input, "SendMessageBatchRequestEntry", |entry| {
        send(&queue, read(sqs, cx, &queue, entry)?)
    })
}

/// The bytes of an entry's attributes that count against the batch's limit: names, types and values.
fn attributes_size(entry: &Value) -> usize {
    let size = |(name, value): (&String, &Value)| {
        let text = |member: &str| value[member].as_str().map_or(0, str::len);
        name.len() + text("DataType") + text("StringValue") + text("BinaryValue") * 3 / 4
    };
    entry["MessageAttributes"].as_object().into_iter().flatten().map(size).sum()
}

fn read(sqs: &Sqs, cx: &Context, queue: &Queue, input: Value) -> Result<Outgoing, ApiError> {
    let input: Input = wire::read(input)?;
    let delay = match input.delay_seconds {
        Some(seconds @ 0..=900) => Some(Duration::from_secs(seconds as u64)),
        Some(seconds) => return Err(out_of_range("DelaySeconds", seconds, 0, 900)),
        None => None,
    };
    let attributes = attributes(input.message_attributes.unwrap_or_default())?;
    let trace_header = trace_header(input.message_system_attributes.unwrap_or_default())?;
    let body = required(input.message_body, "MessageBody")?;
    let parcel = Parcel {
        body,
        attributes,
        group: input.message_group_id,
        deduplication: input.message_deduplication_id,
    };
    let message = Message::new(parcel, trace_header, &cx.account, sqs.clock().now_ms());
    message.check(queue.max_bytes())?;
    Ok(Outgoing { message, delay })
}

fn attributes(given: BTreeMap<String, AttributeInput>) -> Result<Attributes, ApiError> {
    given
        .into_iter()
        .map(|(name, input)| match (&input.string_list_values, &input.binary_list_values) {
            (None | Some(Value::Null), None | Some(Value::Null)) => Ok((name, input.value)),
            _ => Err(ApiError::client(
                "UnsupportedOperation",
                "Message attribute list values in SendMessage operation are not supported.",
            )),
        })
        .collect()
}

fn trace_header(given: BTreeMap<String, Attribute>) -> Result<Option<String>, ApiError> {
    let mut header = None;
    for (name, value) in given {
        if name != "AWSTraceHeader" || value.data_type != "String" {
            return Err(invalid(format!(
                "Message system attribute name '{name}' is invalid, or its type is: only AWSTraceHeader of type String \
                 is supported."
            )));
        }
        header = value.string_value;
    }
    Ok(header)
}

fn send(queue: &Queue, outgoing: Outgoing) -> Result<Value, ApiError> {
    let Outgoing { message, delay } = outgoing;
    let mut output = json!({ "MD5OfMessageBody": message.md5 });
    if let Some(md5) = attributes_md5(&message.attributes) {
        output["MD5OfMessageAttributes"] = md5.into();
    }
    if let Some(header) = &message.trace_header {
        let (name, value) = trace_attribute(header);
        output["MD5OfMessageSystemAttributes"] = attributes_md5([(&name, &value)]).into();
    }
    let sent = queue.send(message, delay)?;
    output["MessageId"] = sent.id.into();
    if let Some(number) = sent.sequence_number {
        output["SequenceNumber"] = number.into();
    }
    Ok(output)
}
