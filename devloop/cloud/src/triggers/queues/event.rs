//! The event for a function [Using Lambda with Amazon SQS, example event].

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    services::sqs::{Attribute, Received},
    triggers::settings::Filter,
};

/// The largest event of a synchronous invocation, in bytes [Lambda quotas].
pub(super) const MOST_BYTES: usize = 6 << 20;

/// A message as JSON text, in the form that the function gets.
pub(super) fn record(received: &Received, queue_arn: &str, region: &str) -> Vec<u8> {
    let message = &received.message;
    let attributes = message.attributes.iter().map(|(name, value)| (name.clone(), attribute(value)));
    let record = Record {
        message_id: &message.id,
        receipt_handle: &received.receipt_handle,
        body: &message.body,
        attributes: received.system_attributes(),
        message_attributes: attributes.collect(),
        md5_of_message_attributes: message.attributes_md5(),
        md5_of_body: &message.md5,
        event_source: "aws:sqs",
        event_source_arn: queue_arn,
        aws_region: region,
    };
    // Texts and maps with texts as names are always JSON.
    serde_json::to_vec(&record).unwrap_or_default()
}

/// A record of the event. It is written from the message as it lies in the queue, without a document in between.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    message_id: &'a str,
    receipt_handle: &'a str,
    body: &'a str,
    attributes: Map<String, Value>,
    message_attributes: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    md5_of_message_attributes: Option<String>,
    md5_of_body: &'a str,
    event_source: &'static str,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: &'a str,
    aws_region: &'a str,
}

fn attribute(value: &Attribute) -> Value {
    let mut output = json!({
        "dataType": value.data_type,
        "stringListValues": [],
        "binaryListValues": [],
    });
    if let Some(text) = &value.string_value {
        output["stringValue"] = text.clone().into();
    }
    if let Some(binary) = &value.binary_value {
        output["binaryValue"] = binary.clone().into();
    }
    output
}

/// The event with these records.
pub(super) fn payload<'r>(records: impl IntoIterator<Item = &'r [u8]>) -> Bytes {
    let mut payload = br#"{"Records":["#.to_vec();
    for (at, record) in records.into_iter().enumerate() {
        if at > 0 {
            payload.push(b',');
        }
        payload.extend_from_slice(record);
    }
    payload.extend_from_slice(b"]}");
    payload.into()
}

/// Whether one of the filters accepts a message; without filters every message is accepted. Only the body is matched: as
/// JSON if it is an object or a list, and as text otherwise [Using event filtering with an Amazon SQS event source].
pub(super) fn accepts(filters: &[Filter], body: &str) -> bool {
    if filters.is_empty() {
        return true;
    }
    let json = serde_json::from_str::<Value>(body).ok().filter(|json| json.is_object() || json.is_array());
    let record = json!({ "body": json.unwrap_or_else(|| body.into()) });
    filters.iter().any(|filter| filter.pattern.accepts_record(&record, "body"))
}
