//! Registered consumers (enhanced fan-out). Event source mappings and subscriptions can read a stream as a consumer: they
//! get the same records, under the consumer's ARN.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{
    Kinesis, Shard, Stream,
    subscribe::Subscriptions,
    target, token,
    validate::{Constraints, invalid_argument, required},
};
use crate::{context::Context, error::ApiError, source::Source, wire};

/// The most consumers of one stream [`RegisterStreamConsumer`, Kinesis API reference].
const MOST: usize = 20;

/// One registered consumer.
#[derive(Debug)]
pub(super) struct Consumer {
    name: String,
    pub(super) arn: String,
    created_ms: i64,
    deregistered: AtomicBool,
    /// The consumer's subscriptions to shards.
    pub(super) subscriptions: Subscriptions,
}

impl Consumer {
    /// Whether the consumer was deregistered.
    pub(super) fn is_deregistered(&self) -> bool {
        self.deregistered.load(Ordering::Acquire)
    }

    fn describe(&self, status: &str) -> Value {
        json!({
            "ConsumerName": self.name,
            "ConsumerARN": self.arn,
            "ConsumerStatus": status,
            "ConsumerCreationTimestamp": wire::epoch_seconds(self.created_ms),
        })
    }
}

/// A stream as one of its consumers reads it, which is a source of its own.
#[derive(Debug)]
pub(crate) struct Consumed {
    stream: Arc<Stream>,
    consumer: Arc<Consumer>,
}

impl Source for Consumed {
    type Shard = Shard;

    fn arn(&self) -> &str {
        &self.consumer.arn
    }

    fn shards(&self) -> Vec<Arc<Shard>> {
        self.stream.shards()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.stream.changes()
    }

    fn is_deleted(&self) -> bool {
        self.consumer.is_deregistered() || self.stream.is_deleted()
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    consumer_name: Option<String>,
    #[serde(rename = "ConsumerARN")]
    consumer_arn: Option<String>,
    tags: Option<Value>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// [`RegisterStreamConsumer`, Kinesis API reference].
pub(super) fn register(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    let stream = named_by_arn(kinesis, cx, &mut input)?;
    let input: Input = wire::read(input)?;
    let name = required(input.consumer_name, "consumerName")?;
    Constraints::default().name("consumerName", &name).finish()?;
    if input.tags.as_ref().and_then(Value::as_object).is_some_and(|tags| !tags.is_empty()) {
        return Err(ApiError::unsupported("tags of stream consumers"));
    }
    let mut consumers = stream.consumers.lock();
    if consumers.contains_key(&name) {
        return Err(ApiError::client(
            "ResourceInUseException",
            format!(
                "Consumer {name} under stream {} in account {} already exists.",
                stream.name(),
                stream.account()
            ),
        ));
    }
    if consumers.len() >= MOST {
        return Err(ApiError::client(
            "LimitExceededException",
            format!("Stream {} in account {} has {MOST} consumers already.", stream.name(), stream.account()),
        ));
    }
    let created_ms = kinesis.clock().now_ms();
    let arn = format!("{}/consumer/{name}:{}", stream.arn(), created_ms / 1000);
    let (deregistered, subscriptions) = (AtomicBool::new(false), Subscriptions::default());
    let consumer = Consumer { name: name.clone(), arn, created_ms, deregistered, subscriptions };
    let described = consumer.describe("CREATING");
    consumers.insert(name, Arc::new(consumer));
    Ok(json!({ "Consumer": described }))
}

/// [`DeregisterStreamConsumer`, Kinesis API reference].
pub(super) fn deregister(kinesis: &Kinesis, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let (stream, consumer) = find(kinesis, cx, input)?;
    stream.consumers.lock().remove(&consumer.name);
    consumer.deregistered.store(true, Ordering::Release);
    stream.wake_readers();
    Ok(json!({}))
}

/// [`DescribeStreamConsumer`, Kinesis API reference].
pub(super) fn describe(kinesis: &Kinesis, cx: &Context, input: Value) -> Result<Value, ApiError> {
    let (stream, consumer) = find(kinesis, cx, input)?;
    let mut description = consumer.describe("ACTIVE");
    description["StreamARN"] = stream.arn().into();
    Ok(json!({ "ConsumerDescription": description }))
}

/// [`ListStreamConsumers`, Kinesis API reference].
pub(super) fn list(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    let stream = named_by_arn(kinesis, cx, &mut input)?;
    let input: Input = wire::read(input)?;
    Constraints::default().number("maxResults", input.max_results, 1..=10_000).finish()?;
    let after = match input.next_token {
        None => None,
        Some(token) => {
            Some(token::open::<String>(&token).ok_or_else(|| invalid_argument("NextToken is invalid."))?)
        }
    };
    let consumers = stream.consumers.lock();
    let mut rest =
        consumers.values().filter(|consumer| after.as_ref().is_none_or(|after| consumer.name > *after));
    let page: Vec<_> = rest.by_ref().take(input.max_results.unwrap_or(100) as usize).collect();
    let described: Vec<Value> = page.iter().map(|consumer| consumer.describe("ACTIVE")).collect();
    let mut output = json!({ "Consumers": described });
    if let (Some(_), Some(last)) = (rest.next(), page.last()) {
        output["NextToken"] = token::seal(&last.name).into();
    }
    Ok(output)
}

/// The stream behind a consumer's ARN, as the consumer reads it.
pub(super) fn source(kinesis: &Kinesis, region: &str, consumer_arn: &str) -> Result<Arc<Consumed>, ApiError> {
    let (stream, consumer) = by_arn(kinesis, region, consumer_arn)?;
    Ok(Arc::new(Consumed { stream, consumer }))
}

/// The consumer with this ARN, and its stream.
pub(super) fn by_arn(
    kinesis: &Kinesis,
    region: &str,
    consumer_arn: &str,
) -> Result<(Arc<Stream>, Arc<Consumer>), ApiError> {
    let (stream_arn, _) = split(consumer_arn).ok_or_else(|| unknown(consumer_arn))?;
    let stream = kinesis.source(region, stream_arn)?;
    let found = stream.consumers.lock().values().find(|consumer| consumer.arn == consumer_arn).cloned();
    Ok((stream, found.ok_or_else(|| unknown(consumer_arn))?))
}

/// The consumer in `ConsumerARN`, or in `StreamARN` and `ConsumerName`.
fn find(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<(Arc<Stream>, Arc<Consumer>), ApiError> {
    let given: Input = wire::read(input.clone())?;
    if let Some(arn) = &given.consumer_arn {
        return by_arn(kinesis, &cx.region, arn);
    }
    let stream = named_by_arn(kinesis, cx, &mut input)?;
    let name = required(given.consumer_name, "consumerName")?;
    let found = stream.consumers.lock().get(&name).cloned();
    let consumer = found.ok_or_else(|| unknown(&name))?;
    Ok((stream, consumer))
}

fn named_by_arn(kinesis: &Kinesis, cx: &Context, input: &mut Value) -> Result<Arc<Stream>, ApiError> {
    if input.get("StreamARN").is_none_or(Value::is_null) {
        return required(None, "streamARN");
    }
    let name = target::take(cx, input)?;
    kinesis.stream(cx, &name)
}

/// Splits a consumer's ARN into the stream's ARN and the rest.
fn split(consumer_arn: &str) -> Option<(&str, &str)> {
    consumer_arn.split_once("/consumer/")
}

/// The error for a consumer that does not exist.
pub(super) fn unknown(consumer: &str) -> ApiError {
    ApiError::client("ResourceNotFoundException", format!("Consumer {consumer} not found."))
}
