//! Operations on queues: creating, listing, configuring, tagging and deleting them.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    Sqs,
    attributes::{self, SETTABLE, Settings},
    queue::Queue,
    service::{does_not_exist, invalid, out_of_range, required},
};
use crate::{context::Context, error::ApiError, wire};

/// The most queues on one page.
const PAGE: i64 = 1_000;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    queue_name: Option<String>,
    queue_name_prefix: Option<String>,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    queue_owner: Option<String>,
    attributes: Option<BTreeMap<String, String>>,
    attribute_names: Option<Vec<String>>,
    tags: Option<BTreeMap<String, String>>,
    tag_keys: Option<Vec<String>>,
    #[serde(default, deserialize_with = "wire::integer")]
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// [`CreateQueue`, Amazon SQS API reference]. Succeeds for an existing queue with the same attributes.
pub(super) fn create(sqs: &Sqs, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let name = required(input.queue_name, "QueueName")?;
    let given = input.attributes.unwrap_or_default();
    let fifo = given.get("FifoQueue").is_some_and(|value| value == "true");
    check_name(&name, fifo)?;
    let mut settings = Settings::new(fifo);
    settings.set_all(&given)?;
    let queues = sqs.queues(cx);
    let mut queues = queues.write();
    check_redrive(cx, &name, &settings, &queues)?;
    if let Some(queue) = queues.get(&name) {
        let existing = queue.settings();
        if let Some(name) = given.keys().find(|name| existing.get(name) != settings.get(name)) {
            return Err(ApiError::client(
                "QueueNameExists",
                format!(
                    "A queue already exists with the same name and a different value for attribute {name}"
                ),
            ));
        }
    } else {
        let tags = input.tags.unwrap_or_default();
        let queue =
            Queue::new(cx, sqs.clock().clone(), &name, settings, tags, sqs.new_message(), sqs.memory());
        queues.insert(name.clone(), Arc::new(queue));
    }
    Ok(json!({ "QueueUrl": queue_url(cx, &name) }))
}

/// [`DeleteQueue`, Amazon SQS API reference].
pub(super) fn delete(sqs: &Sqs, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let queue = sqs.target(cx, input)?;
    let removed = sqs.queues(cx).write().remove(queue.name());
    removed.ok_or_else(does_not_exist)?.close();
    sqs.tasks().forget(queue.arn());
    Ok(json!({}))
}

/// [`PurgeQueue`, Amazon SQS API reference].
pub(super) fn purge(sqs: &Sqs, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    sqs.target(cx, input)?.purge()?;
    Ok(json!({}))
}

/// [`GetQueueUrl`, Amazon SQS API reference].
pub(super) fn url(sqs: &Sqs, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let name = required(input.queue_name, "QueueName")?;
    if input.queue_owner.is_some_and(|owner| owner != *cx.account) {
        return Err(does_not_exist());
    }
    let queue = sqs.named(&cx.region, &name)?;
    Ok(json!({ "QueueUrl": queue_url(cx, queue.name()) }))
}

/// [`ListQueues`, Amazon SQS API reference].
pub(super) fn list(sqs: &Sqs, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let input: Input = wire::read(input)?;
    let prefix = input.queue_name_prefix.clone().unwrap_or_default();
    page(sqs, cx, "QueueUrls", &input, |queue| queue.name().starts_with(&prefix))
}

/// [`ListDeadLetterSourceQueues`, Amazon SQS API reference].
pub(super) fn list_sources(sqs: &Sqs, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let target = sqs.target(cx, &input)?;
    let input: Input = wire::read(input)?;
    let points_here =
        |queue: &Queue| queue.redrive().is_some_and(|redrive| redrive.target_arn == target.arn());
    page(sqs, cx, "queueUrls", &input, points_here)
}

/// One page of the URLs of the queues that `passes` accepts; its token is the name of the last queue.
fn page(
    sqs: &Sqs,
    cx: &Context,
    member: &str,
    input: &Input,
    passes: impl Fn(&Queue) -> bool,
) -> Result<Value, ApiError> {
    let limit = input.max_results.unwrap_or(PAGE);
    if !(1..=PAGE).contains(&limit) {
        return Err(out_of_range("MaxResults", limit, 1, PAGE));
    }
    let after = input.next_token.as_deref().unwrap_or_default();
    let queues = sqs.queues(cx);
    let queues = queues.read();
    let mut rest = queues.values().filter(|queue| queue.name() > after && passes(queue));
    let page: Vec<_> = rest.by_ref().take(limit as usize).collect();
    let mut output = json!({});
    if let Some(last) = page.last() {
        output[member] = page.iter().map(|queue| queue_url(cx, queue.name())).collect();
        if rest.next().is_some() {
            output["NextToken"] = last.name().into();
        }
    }
    Ok(output)
}

/// [`GetQueueAttributes`, Amazon SQS API reference].
pub(super) fn attributes(sqs: &Sqs, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let queue = sqs.target(cx, &input)?;
    let wanted = wire::read::<Input>(input)?.attribute_names.unwrap_or_default();
    let mut all = computed(&queue);
    let settings = queue.settings();
    for name in SETTABLE {
        if let Some(value) = settings.get(name) {
            all.insert(name.to_owned(), value.into());
        }
    }
    let unknown =
        |name: &&String| *name != "All" && !all.contains_key(*name) && !SETTABLE.contains(&name.as_str());
    if let Some(name) = wanted.iter().find(unknown) {
        return Err(attributes::unknown(name));
    }
    if !wanted.iter().any(|name| name == "All") {
        all.retain(|name, _| wanted.contains(name));
    }
    Ok(if all.is_empty() { json!({}) } else { json!({ "Attributes": all }) })
}

/// The read-only attributes.
fn computed(queue: &Queue) -> Map<String, Value> {
    let counts = queue.counts();
    let pairs = [
        ("QueueArn", queue.arn().to_owned()),
        ("ApproximateNumberOfMessages", counts.visible.to_string()),
        ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
        ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
        ("CreatedTimestamp", (queue.created_ms / 1000).to_string()),
        ("LastModifiedTimestamp", (queue.modified_ms() / 1000).to_string()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// [`SetQueueAttributes`, Amazon SQS API reference].
pub(super) fn set_attributes(sqs: &Sqs, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let queue = sqs.target(cx, &input)?;
    let given = required(wire::read::<Input>(input)?.attributes, "Attributes")?;
    let queues = sqs.queues(cx);
    // Held while the settings change, so that concurrent changes are not lost.
    let queues = queues.write();
    queue.configure(|settings| {
        settings.set_all(&given)?;
        if given.contains_key("RedrivePolicy") {
            check_redrive(cx, queue.name(), settings, &queues)?;
        }
        Ok(())
    })?;
    Ok(json!({}))
}

/// Refuses a redrive policy whose dead-letter queue does not exist, has another type, or does not permit this source queue.
fn check_redrive(
    cx: &Context,
    name: &str,
    settings: &Settings,
    queues: &BTreeMap<String, Arc<Queue>>,
) -> Result<(), ApiError> {
    let Some(redrive) = &settings.redrive else { return Ok(()) };
    let target = redrive.target_arn.strip_prefix(&cx.arn("sqs", "")).unwrap_or_default();
    // A queue that is its own dead-letter queue would never get rid of its messages.
    if target == name {
        return Err(redrive.refused("Dead-letter queue must not be the source queue itself."));
    }
    let target = queues.get(target).ok_or_else(|| redrive.refused("Dead letter target does not exist."))?;
    if target.is_fifo() != settings.fifo.is_some() {
        return Err(redrive.refused("Dead-letter queue must be same type of queue as the source."));
    }
    match target.redrive_allow() {
        Some(allow) if !allow.permits(&cx.arn("sqs", name)) => {
            Err(redrive
                .refused("The dead-letter queue's RedriveAllowPolicy does not permit this source queue."))
        }
        _ => Ok(()),
    }
}

fn check_name(name: &str, fifo: bool) -> Result<(), ApiError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let stem = if fifo { name.strip_suffix(".fifo") } else { Some(name) };
    match stem {
        Some(stem) if !stem.is_empty() && name.len() <= 80 && stem.chars().all(plain) => Ok(()),
        _ if fifo => Err(invalid(
            "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with \
             .fifo suffix and be 1 to 80 in length.",
        )),
        _ => Err(invalid(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        )),
    }
}

/// [`TagQueue`, Amazon SQS API reference].
pub(super) fn tag(sqs: &Sqs, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let queue = sqs.target(cx, &input)?;
    let given = required(wire::read::<Input>(input)?.tags, "Tags")?;
    queue.change_tags(|tags| tags.extend(given));
    Ok(json!({}))
}

/// [`UntagQueue`, Amazon SQS API reference].
pub(super) fn untag(sqs: &Sqs, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let queue = sqs.target(cx, &input)?;
    let keys = required(wire::read::<Input>(input)?.tag_keys, "TagKeys")?;
    queue.change_tags(|tags| tags.retain(|key, _| !keys.contains(key)));
    Ok(json!({}))
}

/// [`ListQueueTags`, Amazon SQS API reference].
pub(super) fn tags(sqs: &Sqs, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let tags = sqs.target(cx, input)?.tags();
    Ok(if tags.is_empty() { json!({}) } else { json!({ "Tags": tags }) })
}

fn queue_url(cx: &Context, name: &str) -> String {
    format!("{}/{}/{name}", cx.endpoint, cx.account)
}
