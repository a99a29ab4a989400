//! `Publish` and `PublishBatch`.

use std::{collections::HashSet, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    input::{self, invalid, required},
    message::{Draft, MOST_BYTES, Published},
    service::Sns,
    store::Topic,
};
use crate::{context::Context, error::ApiError, kept::Budget, services::sqs::First};

/// Sequence numbers of topics have twenty digits and increase [Message ordering details for FIFO topics].
const FIRST_SEQUENCE: u64 = 10_000_000_000_000_000_000;

/// The most entries of a batch.
const MOST_ENTRIES: usize = 10;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Address {
    topic_arn: Option<String>,
    target_arn: Option<String>,
    phone_number: Option<String>,
}

/// [`Publish`, Amazon SNS API reference].
pub(super) fn one(sns: &Sns, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let address: Address = input::read(input.clone())?;
    if address.phone_number.is_some() {
        return Err(ApiError::unsupported("text messages (sns:PhoneNumber)"));
    }
    let arn = address.topic_arn.or(address.target_arn);
    if arn.as_ref().is_some_and(|arn| arn.contains(":endpoint/")) {
        return Err(ApiError::unsupported("mobile push endpoints (sns:TargetArn)"));
    }
    let topic = sns
        .topic(cx, Some(&required(arn, "TopicArn or TargetArn Reason: no value for required parameter")?))?;
    publish(sns, cx, &topic, input::read(input)?)
}

/// [`PublishBatch`, Amazon SNS API reference].
pub(super) fn batch(sns: &Sns, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    let topic = sns.topic(cx, input["TopicArn"].as_str())?;
    let entries = match input.get_mut("PublishBatchRequestEntries").map(Value::take) {
        Some(Value::Array(entries)) => entries,
        _ => Vec::new(),
    };
    let refuse = |code: &'static str, message: &str| Err(ApiError::client(code, message));
    if entries.is_empty() {
        return refuse("EmptyBatchRequest", "The batch request doesn't contain any entries.");
    }
    if entries.len() > MOST_ENTRIES {
        return refuse(
            "TooManyEntriesInBatchRequest",
            "The batch request contains more entries than permissible.",
        );
    }
    let mut seen = HashSet::new();
    let mut drafts = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        let id = required(entry["Id"].as_str(), "Id")?.to_owned();
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if id.is_empty() || id.len() > 80 || !id.chars().all(plain) {
            return refuse(
                "InvalidBatchEntryId",
                "The Id of a batch entry in a batch request doesn't abide by the specification.",
            );
        }
        if !seen.insert(id.clone()) {
            return refuse(
                "BatchEntryIdsNotDistinct",
                "Two or more batch entries in the request have the same Id.",
            );
        }
        let draft: Draft = input::read(entry)?;
        bytes += draft.bytes();
        drafts.push((id, draft));
    }
    if bytes > MOST_BYTES {
        return refuse(
            "BatchRequestTooLong",
            "The length of all the batch messages put together is more than the limit.",
        );
    }
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for (id, draft) in drafts {
        match publish(sns, cx, &topic, draft) {
            Ok(mut output) => {
                output["Id"] = id.into();
                successful.push(output);
            }
            Err(error) => failed.push(json!({
                "Id": id, "Code": error.code, "Message": error.message, "SenderFault": error.is_client_fault(),
            })),
        }
    }
    Ok(json!({ "Successful": successful, "Failed": failed }))
}

fn publish(sns: &Sns, cx: &Context, topic: &Arc<Topic>, draft: Draft) -> Result<Value, ApiError> {
    let now_ms = sns.courier().clock.now_ms();
    let mut message = draft.check(&topic.arn, now_ms)?;
    if topic.settings.read().signature_version.as_deref() == Some("2") {
        message.signature_version = "2";
    }
    if topic.is_fifo() {
        return in_order(sns, cx, topic, message);
    }
    if message.deduplication.is_some() {
        return Err(invalid(
            "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for \
             this topic type",
        ));
    }
    let output = json!({ "MessageId": message.id });
    sns.courier().fan_out(cx, topic, message);
    Ok(output)
}

/// Publishes to a FIFO topic. A duplicate of a message of the last five minutes is acknowledged but not delivered.
/// The error while so many messages are on their way that no more are remembered; SNS throttles with it [Publish, `Throttled`].
fn full(memory: &Budget) -> ApiError {
    ApiError::with_status(
        429,
        "Throttled",
        format!(
            "The messages of topics that are on their way, and the deduplication ids of the last five minutes, take {} MiB; the \
             embedded cloud keeps {} MiB. Try again when the subscriptions' endpoints have answered.",
            memory.bytes() >> 20,
            memory.most() >> 20
        ),
    )
}

fn in_order(sns: &Sns, cx: &Context, topic: &Topic, mut message: Published) -> Result<Value, ApiError> {
    let Some(group) = message.group.clone() else {
        return Err(invalid("The MessageGroupId parameter is required for FIFO topics"));
    };
    let (by_content, scope_is_group) = {
        let settings = topic.settings.read();
        (settings.by_content, settings.scope_is_group)
    };
    if message.deduplication.is_none() && by_content {
        message.deduplication = Some(crate::services::sqs::content_id(&message.text));
    }
    let Some(id) = message.deduplication.clone() else {
        return Err(invalid(
            "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        ));
    };
    let scope = scope_is_group.then_some(group.as_str());
    let mut order = topic.order.lock();
    if let Some(first) = order.accepted.find(scope, &id, message.at_ms) {
        return Ok(json!({ "MessageId": first.id, "SequenceNumber": first.sequence_number }));
    }
    if !sns.courier().memory.has_room(id.len()) {
        return Err(full(&sns.courier().memory));
    }
    order.last += 1;
    let sequence_number = (FIRST_SEQUENCE + order.last * 1_000).to_string();
    message.sequence_number = Some(sequence_number.clone());
    let first = First { id: message.id.clone(), sequence_number };
    order.accepted.remember(scope, &id, first.clone(), message.at_ms);
    sns.courier().fan_out(cx, topic, message);
    Ok(json!({ "MessageId": first.id, "SequenceNumber": first.sequence_number }))
}
