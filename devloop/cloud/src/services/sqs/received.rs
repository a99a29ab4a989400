//! Received messages.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{message::Message, messages::Taken};

/// Sequence numbers have twenty digits and increase, but are not consecutive [`SendMessage`, Amazon SQS API reference].
const FIRST_SEQUENCE: u128 = 18_800_000_000_000_000_000;

/// A received message.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// The message as it was sent.
    pub(crate) message: Arc<Message>,
    /// The handle for [`super::queue::Queue::delete`] and [`super::queue::Queue::change_visibility`].
    pub(crate) receipt_handle: String,
    /// How often the message was received, including this time.
    pub(crate) receives: u32,
    first_received_ms: i64,
    dead_letter_source: Option<Arc<str>>,
    sequence_number: Option<String>,
}

impl Received {
    /// A received message with its receipt handle and, in a FIFO queue, its sequence number.
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

    /// The message system attributes [`ReceiveMessage`, Amazon SQS API reference].
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

/// The sequence number of the message with this number in a FIFO queue.
pub(super) fn sequence_number(number: u64) -> String {
    (FIRST_SEQUENCE + u128::from(number) * 256).to_string()
}
