//! A message in the hands of a receiver.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{message::Message, messages::Taken};

/// Sequence numbers have twenty digits, grow, and do not follow each other [`SendMessage`, Amazon SQS API reference].
const FIRST_SEQUENCE: u128 = 18_800_000_000_000_000_000;

/// A message in the hands of a receiver.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// What the sender wrote.
    pub(crate) message: Arc<Message>,
    /// What [`super::queue::Queue::delete`] and [`super::queue::Queue::change_visibility`] take.
    pub(crate) receipt_handle: String,
    /// How often the message was received, this time included.
    pub(crate) receives: u32,
    first_received_ms: i64,
    dead_letter_source: Option<Arc<str>>,
    sequence_number: Option<String>,
}

impl Received {
    /// What was taken, with its receipt handle and its place in a FIFO queue.
    pub(super) fn new(taken: Taken, receipt_handle: String, sequence_number: Option<String>) -> Self {
        Self {
            message: taken.message,
            receipt_handle,
            receives: taken.receives,
            first_received_ms: taken.first_received_ms,
            dead_letter_source: taken.dead_letter_source,
            sequence_number,
        }
    }

    /// The attributes that SQS gives a message [`ReceiveMessage`, Amazon SQS API reference].
    pub(crate) fn system_attributes(&self) -> Map<String, Value> {
        let mut attributes = Map::new();
        let mut add = |name: &str, value: &str| attributes.insert(name.to_owned(), value.into());
        add("ApproximateReceiveCount", &self.receives.to_string());
        add("ApproximateFirstReceiveTimestamp", &self.first_received_ms.to_string());
        add("SenderId", &self.message.sender);
        add("SentTimestamp", &self.message.sent_ms.to_string());
        let optional = [
            ("AWSTraceHeader", self.message.trace_header.as_deref()),
            ("DeadLetterQueueSourceArn", self.dead_letter_source.as_deref()),
            ("MessageDeduplicationId", self.message.deduplication.as_deref()),
            ("MessageGroupId", self.message.group.as_deref()),
            ("SequenceNumber", self.sequence_number.as_deref()),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                add(name, value);
            }
        }
        attributes
    }
}

/// The sequence number of a FIFO queue's message with this number.
pub(super) fn sequence_number(number: u64) -> String {
    (FIRST_SEQUENCE + u128::from(number) * 256).to_string()
}
