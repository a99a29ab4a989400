//! `SubscribeToShard`: pushes a shard's records to a consumer as they arrive, for five minutes at a time.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, stream};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    Kinesis, Shard, Stream,
    consumers::{self, Consumer},
    get::{ITERATOR_TYPES, Wanted, child_shards, describe, no_shard},
    sequence,
    service::not_found,
    validate::{Constraints, required},
};
use crate::{
    clock::Clock,
    context::Context,
    error::ApiError,
    event_stream::{Event, Events},
    limits::Limits,
    shard::Slice,
    source::{Source as _, SourceShard as _},
    wire,
};

/// How long a subscription lasts, and how long no other subscription can take it over [`SubscribeToShard`, Kinesis API
/// reference].
const LASTS_MS: i64 = 5 * 60_000;
const RESERVED_MS: i64 = 5_000;
/// How often an event without records is sent. AWS does not document a time; the Kinesis Client Library gives up a
/// subscription after 35 seconds without events.
const SILENCE: Duration = Duration::from_secs(5);
/// The most records of one event, and roughly the most bytes: a single record may be larger.
const EVENT_RECORDS: usize = 10_000;
const EVENT_BYTES: usize = 1 << 20;
/// The bytes per second that a consumer gets from a shard with AWS's limits [Quotas and limits, Kinesis developer guide].
const BYTES_A_SECOND: usize = 2 << 20;

/// The subscriptions of one consumer, by shard index.
#[derive(Debug, Default)]
pub(super) struct Subscriptions(Mutex<HashMap<u32, Held>>);

/// The current subscription to a shard.
#[derive(Debug)]
struct Held {
    since_ms: i64,
    /// Cancelled when another subscription takes over.
    turn: CancellationToken,
}

impl Subscriptions {
    /// Subscribes to a shard. Takes over an existing subscription, unless that began less than five seconds ago.
    fn take(&self, shard: &Shard, consumer: &str, now_ms: i64) -> Result<CancellationToken, ApiError> {
        let mut held = self.0.lock();
        if let Some(held) = held.get(&shard.index) {
            if now_ms - held.since_ms < RESERVED_MS {
                return Err(in_use(format!(
                    "Another active subscription exists for this consumer: {consumer} on shard {}; it can be taken over \
                     five seconds after it began.",
                    shard.id()
                )));
            }
            held.turn.cancel();
        }
        let turn = CancellationToken::new();
        held.insert(shard.index, Held { since_ms: now_ms, turn: turn.clone() });
        Ok(turn)
    }
}

fn in_use(message: String) -> ApiError {
    ApiError::client("ResourceInUseException", message)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StartingPosition {
    #[serde(rename = "Type")]
    kind: Option<String>,
    sequence_number: Option<String>,
    #[serde(default, deserialize_with = "wire::timestamp")]
    timestamp: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    #[serde(rename = "ConsumerARN")]
    consumer_arn: Option<String>,
    shard_id: Option<String>,
    starting_position: Option<StartingPosition>,
}

/// [`SubscribeToShard`, Kinesis API reference].
pub(super) fn subscribe(kinesis: &Kinesis, cx: &Context, input: Value) -> Result<Events, ApiError> {
    let input: Input = wire::read(input)?;
    let arn = required(input.consumer_arn, "consumerARN")?;
    let id = required(input.shard_id, "shardId")?;
    let position = required(input.starting_position, "startingPosition")?;
    let kind = required(position.kind, "startingPosition.type")?;
    Constraints::default()
        .name("shardId", &id)
        .one_of("startingPosition.type", &kind, &ITERATOR_TYPES)
        .finish()?;
    let (stream, consumer) = consumers::by_arn(kinesis, &cx.region, &arn)?;
    let shard = stream.shard_by_id(&id).ok_or_else(|| no_shard(&stream, &id))?;
    let now_ms = kinesis.clock().now_ms();
    let wanted = Wanted {
        operation: "SubscribeToShard",
        kind: &kind,
        sequence: position.sequence_number.as_deref(),
        timestamp: position.timestamp,
    };
    let position = shard.log().position(wanted.start(&stream, &shard, now_ms)?);
    let subscription = Subscription {
        position,
        until_ms: now_ms + LASTS_MS,
        turn: consumer.subscriptions.take(&shard, &arn, now_ms)?,
        changes: stream.changes(),
        clock: kinesis.clock().clone(),
        limits: kinesis.limits(),
        due_ms: now_ms,
        has_ended: false,
        stream,
        consumer,
        shard,
    };
    Ok(stream::unfold(subscription, Subscription::next).boxed())
}

/// One subscription to a shard.
struct Subscription {
    stream: Arc<Stream>,
    consumer: Arc<Consumer>,
    shard: Arc<Shard>,
    /// The smallest sequence number that was not sent yet.
    position: u128,
    until_ms: i64,
    turn: CancellationToken,
    /// Notifies when the stream or the consumer may have been deleted.
    changes: watch::Receiver<u64>,
    clock: Clock,
    limits: Limits,
    /// The earliest time of the next event.
    due_ms: i64,
    has_ended: bool,
}

impl Subscription {
    /// Waits for the next event; `None` when the subscription is over.
    async fn next(mut self) -> Option<(Result<Event, ApiError>, Self)> {
        if self.has_ended {
            return None;
        }
        self.clock.sleep_until(self.due_ms.min(self.until_ms)).await;
        let silent_until_ms = self.clock.now_ms() + SILENCE.as_millis() as i64;
        loop {
            if let Some(error) = self.gone() {
                self.has_ended = true;
                return Some((Err(error), self));
            }
            let now_ms = self.clock.now_ms();
            if now_ms >= self.until_ms {
                return None;
            }
            self.shard.log().trim(self.stream.horizon_ms());
            let slice = self.shard.log().read(self.position, EVENT_RECORDS, EVENT_BYTES);
            if !slice.entries.is_empty() || slice.finished || now_ms >= silent_until_ms {
                return Some((Ok(self.event(&slice)), self));
            }
            tokio::select! {
                () = self.shard.log().wait(self.position) => {}
                // The sender lives as long as the stream, which this struct holds, so this cannot fail.
                _ = self.changes.changed() => {}
                () = self.turn.cancelled() => {}
                () = self.clock.sleep_until(silent_until_ms.min(self.until_ms)) => {}
            }
        }
    }

    fn gone(&self) -> Option<ApiError> {
        if self.turn.is_cancelled() {
            return Some(in_use(format!(
                "Another subscription of {} took shard {} over.",
                self.consumer.arn,
                self.shard.id()
            )));
        }
        if self.stream.is_deleted() {
            return Some(not_found(self.stream.name(), self.stream.account()));
        }
        self.consumer.is_deregistered().then(|| consumers::unknown(&self.consumer.arn))
    }

    fn event(&mut self, slice: &Slice<super::Record>) -> Event {
        self.position = slice.next;
        self.has_ended = slice.finished;
        let mut payload = json!({
            "Records": describe(&slice.entries),
            // A new subscription continues after this number.
            "ContinuationSequenceNumber": sequence::print(self.position - 1),
            "MillisBehindLatest": slice.behind_ms.max(0),
        });
        if slice.finished {
            payload["ContinuationSequenceNumber"] = Value::Null;
            payload["ChildShards"] = child_shards(&self.stream, &self.shard);
        }
        if self.limits == Limits::Aws {
            let bytes: usize = slice.entries.iter().map(|entry| entry.bytes).sum();
            self.due_ms = self.clock.now_ms() + (bytes * 1_000 / BYTES_A_SECOND) as i64;
        }
        Event { name: "SubscribeToShardEvent", payload }
    }
}
