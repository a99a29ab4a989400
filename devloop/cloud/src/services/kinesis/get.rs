//! `GetShardIterator` and `GetRecords`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Kinesis, Record, Shard, Stream, sequence, target,
    token::{self, ShardIterator},
    validate::{Constraints, invalid_argument, required},
};
use crate::{
    aside::{LARGE, aside_if},
    context::Context,
    error::ApiError,
    shard::{Entry, Start},
    source::SourceShard as _,
    wire,
};

/// The most records and bytes that one `GetRecords` returns [`GetRecords`, Kinesis API reference].
const READ_RECORDS: i64 = 10_000;
const READ_BYTES: usize = 10 << 20;

/// The types of starting positions.
pub(super) const ITERATOR_TYPES: [&str; 5] =
    ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IteratorInput {
    shard_id: Option<String>,
    shard_iterator_type: Option<String>,
    starting_sequence_number: Option<String>,
    #[serde(default, deserialize_with = "wire::timestamp")]
    timestamp: Option<i64>,
}

/// [`GetShardIterator`, Kinesis API reference].
pub(super) fn shard_iterator(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    let name = target::take(cx, &mut input)?;
    let input: IteratorInput = wire::read(input)?;
    let id = required(input.shard_id.as_deref(), "shardId")?;
    let kind = required(input.shard_iterator_type.as_deref(), "shardIteratorType")?;
    Constraints::default().name("shardId", id).one_of("shardIteratorType", kind, &ITERATOR_TYPES).finish()?;
    let stream = kinesis.stream(cx, &name)?;
    let shard = stream.shard_by_id(id).ok_or_else(|| no_shard(&stream, id))?;
    let now = kinesis.clock().now_ms();
    let wanted = Wanted {
        operation: "GetShardIterator",
        kind,
        sequence: input.starting_sequence_number.as_deref(),
        timestamp: input.timestamp,
    };
    let start = wanted.start(&stream, &shard, now)?;
    let position = shard.log().position(start);
    Ok(json!({ "ShardIterator": iterator(&stream, &shard, position, now) }))
}

/// The starting position in a request.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) operation: &'static str,
    pub(super) kind: &'a str,
    pub(super) sequence: Option<&'a str>,
    /// The time, in ms since the epoch.
    pub(super) timestamp: Option<i64>,
}

impl Wanted<'_> {
    /// The position in the shard; fails if the members contradict each other.
    pub(super) fn start(&self, stream: &Stream, shard: &Shard, now: i64) -> Result<Start, ApiError> {
        let kind = self.kind;
        let wanted = |given: &str| {
            invalid_argument(format!(
                "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) \
                 TRIM_HORIZON or LATEST and no StartingSequenceNumber or (3) AT_TIMESTAMP and Timestamp. Request specified \
                 {kind} and {given}."
            ))
        };
        match (kind, self.sequence) {
            ("AT_SEQUENCE_NUMBER", Some(text)) => self.sequence(stream, shard, text).map(Start::At),
            ("AFTER_SEQUENCE_NUMBER", Some(text)) => self.sequence(stream, shard, text).map(Start::After),
            ("AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER", None) => {
                Err(wanted("no StartingSequenceNumber"))
            }
            (_, Some(_)) => Err(wanted("also a StartingSequenceNumber")),
            ("TRIM_HORIZON", None) => Ok(Start::TrimHorizon),
            ("LATEST", None) => Ok(Start::Latest),
            _ => match self.timestamp {
                None => Err(wanted("no Timestamp")),
                Some(at) if at > now => Err(invalid_argument(format!(
                    "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. \
                     timestampInMillis: {at}, currentTimestampInMillis: {now}"
                ))),
                Some(at) => Ok(Start::Timestamp(at)),
            },
        }
    }

    /// The number of a `StartingSequenceNumber`, which must belong to this shard.
    fn sequence(&self, stream: &Stream, shard: &Shard, text: &str) -> Result<u128, ApiError> {
        let used = format!(
            "StartingSequenceNumber {text} used in {} on shard {} in stream {} under account {} is invalid",
            self.operation,
            shard.id(),
            stream.name(),
            stream.account()
        );
        let Some(number) = sequence::parse(text) else { return Err(invalid_argument(format!("{used}."))) };
        let encoded = sequence::shard(number);
        if encoded != shard.index {
            return Err(invalid_argument(format!(
                "Invalid StartingSequenceNumber. It encodes shardId-{encoded:012}, while it was used in a call to a shard \
                 with {}",
                shard.id()
            )));
        }
        let first = sequence::first(shard.created_ms, shard.index);
        if !(first..=sequence::last(first)).contains(&number) {
            return Err(invalid_argument(format!("{used} because it did not come from this stream.")));
        }
        Ok(number)
    }
}

/// [`GetRecords`, Kinesis API reference].
pub(super) fn records(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        shard_iterator: Option<String>,
        limit: Option<i64>,
    }
    let named = target::take_optional(cx, &mut input)?;
    let input: Input = wire::read(input)?;
    let text = required(input.shard_iterator, "shardIterator")?;
    Constraints::default().number("limit", input.limit, 1..=READ_RECORDS).finish()?;
    let now = kinesis.clock().now_ms();
    let place = ShardIterator::open(&text, now)?;
    if named.is_some_and(|name| name != place.stream) {
        return Err(invalid_argument("The ShardIterator does not belong to the stream of the StreamARN."));
    }
    let stream = kinesis.stream(cx, &place.stream)?;
    let shard = Some(&stream)
        .filter(|stream| stream.created_ms == place.created_ms)
        .and_then(|stream| stream.shard(place.shard))
        .ok_or_else(|| no_shard(&stream, &format!("shardId-{:012}", place.shard)))?;
    stream.admit_read(&shard)?;
    shard.log().trim(stream.horizon_ms());
    let limit = input.limit.unwrap_or(READ_RECORDS) as usize;
    let slice = shard.log().read(place.position, limit, READ_BYTES);
    shard.measure_read(&slice.entries, now);
    let bytes = slice.entries.iter().map(|entry| entry.bytes).sum();
    shard.throughput.gave(bytes);
    let records = aside_if(bytes > LARGE, || describe(&slice.entries));
    let mut output = json!({ "MillisBehindLatest": slice.behind_ms.max(0) });
    output["Records"] = records;
    if slice.finished {
        output["ChildShards"] = child_shards(&stream, &shard);
    } else {
        output["NextShardIterator"] = iterator(&stream, &shard, slice.next, now).into();
    }
    Ok(output)
}

/// Records in the form of the API's output.
pub(super) fn describe(entries: &[Entry<Record>]) -> Value {
    entries
        .iter()
        .map(|entry| {
            json!({
                "SequenceNumber": sequence::print(entry.sequence),
                "ApproximateArrivalTimestamp": wire::epoch_seconds(entry.arrived_ms),
                "Data": entry.record.data,
                "PartitionKey": entry.record.partition_key,
            })
        })
        .collect()
}

/// The children of a shard, for a reader that has reached the shard's end.
pub(super) fn child_shards(stream: &Stream, shard: &Shard) -> Value {
    let describe = |child: Arc<Shard>| {
        json!({
            "ShardId": child.id(),
            "ParentShards": child.parents(),
            "HashKeyRange": child.range.describe(),
        })
    };
    stream.children(shard.id()).into_iter().map(describe).collect()
}

fn iterator(stream: &Stream, shard: &Shard, position: u128, now: i64) -> String {
    token::seal(&ShardIterator {
        issued_ms: now,
        stream: stream.name().to_owned(),
        created_ms: stream.created_ms,
        shard: shard.index,
        position,
    })
}

/// The error for a shard that does not exist.
pub(super) fn no_shard(stream: &Stream, id: &str) -> ApiError {
    ApiError::client(
        "ResourceNotFoundException",
        format!("Shard {id} in stream {} under account {} does not exist", stream.name(), stream.account()),
    )
}
