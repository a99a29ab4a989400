//! The messages in the queue, and the events and answers of its event source mapping.

use std::collections::HashMap;

use functions_common::{BatchFailure, Invocation, InvocationError, PartialBatch};
use serde::{Deserialize, Serialize};

/// A word in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Queued {
    /// The word.
    pub data: String,
    /// The caller's own name for this piece of work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
}

/// An event of a queue.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Batch {
    /// The messages.
    #[serde(rename = "Records", default)]
    pub records: Vec<Record>,
}

/// One message.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Stays the same when the message is delivered again, also from a dead-letter queue.
    pub message_id: String,
    /// What the sender wrote.
    #[serde(default)]
    pub body: String,
    /// The queue's attributes of the message.
    #[serde(default)]
    pub attributes: HashMap<String, String>,
}

impl Record {
    /// How often the message was received, this time included.
    pub fn receives(&self) -> i64 {
        self.number("ApproximateReceiveCount").unwrap_or(1)
    }

    /// When the message was sent, in milliseconds since the epoch.
    pub fn sent_ms(&self) -> Option<i64> {
        self.number("SentTimestamp")
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.attributes.get(name)?.parse().ok()
    }
}

/// The answer that a mapping with `ReportBatchItemFailures` reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failures {
    batch_item_failures: Vec<Failure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

impl Failures {
    /// Ends a batch whose `failed` messages, with their causes, are to be delivered again. If the mapping does not read the answer,
    /// the invocation fails instead, because an answer would count as success.
    pub fn answer(
        failed: Vec<(String, String)>,
        partial: PartialBatch,
        invocation: &mut Invocation,
    ) -> Result<Self, InvocationError> {
        let Some((id, cause)) = failed.first() else { return Ok(Self::default()) };
        let message = format!("message {id}: {cause}");
        match partial {
            PartialBatch::Off => Err(InvocationError { kind: "BatchFailed", message }),
            PartialBatch::On => {
                invocation.note_failure(&BatchFailure { sequence_number: id.clone(), cause: cause.clone() });
                let failures = failed.into_iter().map(|(item_identifier, _)| Failure { item_identifier });
                Ok(Self { batch_item_failures: failures.collect() })
            }
        }
    }
}
