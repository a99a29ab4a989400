//! One shard: a range of hash keys, and the log of the records in that range.

use std::{
    hash::{Hash as _, Hasher as _},
    sync::{Arc, OnceLock},
};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Value, json};

use super::{monitoring::Monitor, sequence, throughput::Throughput};
use crate::{
    kept::Budget,
    shard::{Entry, ShardLog},
    source::SourceShard,
    wire,
};

/// A record as the producer put it.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// The partition key, whose hash selects the shard.
    pub(crate) partition_key: String,
    /// The data in base64, as it arrived and is returned; the encoding was checked when it was put.
    pub(crate) data: String,
}

/// The facts of a stream that its shards need.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) region: String,
    pub(super) account: String,
    /// The enabled shard-level metrics.
    pub(super) monitor: Monitor,
    /// The memory of all streams.
    pub(super) memory: Arc<Budget>,
}

/// A range of hash keys, inclusive at both ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HashRange {
    pub(super) start: u128,
    pub(super) end: u128,
}

impl HashRange {
    /// Divides the whole range into `count` even parts.
    pub(super) fn parts(count: u32) -> impl Iterator<Item = Self> {
        let count = u128::from(count.max(1));
        // 2^128 / count, rounded down. It wraps to 0 when there is one part, whose start is 0 anyway.
        let width = (u128::MAX / count).wrapping_add(u128::from(u128::MAX % count == count - 1));
        let start = move |part: u128| width.wrapping_mul(part);
        (0..count).map(move |part| Self {
            start: start(part),
            end: if part + 1 == count { u128::MAX } else { start(part + 1) - 1 },
        })
    }

    /// The range in the form of the API.
    pub(super) fn describe(self) -> Value {
        json!({ "StartingHashKey": self.start.to_string(), "EndingHashKey": self.end.to_string() })
    }
}

/// One shard of a stream.
#[derive(Debug)]
pub(crate) struct Shard {
    pub(super) stream: Arc<Identity>,
    pub(super) index: u32,
    id: String,
    pub(super) range: HashRange,
    parents: Vec<String>,
    /// When the shard was created, in ms since the epoch; at least 1 ms later than its parents.
    pub(super) created_ms: i64,
    /// When the shard was split, merged or deleted with its stream.
    closed_ms: OnceLock<i64>,
    first: u128,
    log: ShardLog<Record>,
    /// The throughput of this second, for AWS's limits.
    pub(super) throughput: Throughput,
}

impl Shard {
    pub(super) fn new(
        stream: Arc<Identity>,
        index: u32,
        range: HashRange,
        parents: Vec<String>,
        created_ms: i64,
    ) -> Self {
        let first = sequence::first(created_ms, index);
        // The number before the first record is reserved, so that a reader which has read nothing can have it as its last number.
        let log = ShardLog::new(first + 1, &stream.memory);
        Self {
            stream,
            index,
            id: format!("shardId-{index:012}"),
            range,
            parents,
            created_ms,
            closed_ms: OnceLock::new(),
            first,
            log,
            throughput: Throughput::default(),
        }
    }

    /// Closes the shard at `now_ms`: it accepts no more records.
    pub(super) fn close(&self, now_ms: i64) {
        // When it is closed twice, the first time counts.
        let _ = self.closed_ms.set(now_ms);
        self.log.close();
    }

    /// When the shard was closed, in ms since the epoch.
    pub(super) fn closed_ms(&self) -> Option<i64> {
        self.closed_ms.get().copied()
    }

    /// Whether the shard accepted records at `at_ms`.
    pub(super) fn was_open_at(&self, at_ms: i64) -> bool {
        self.created_ms <= at_ms && self.closed_ms().is_none_or(|closed| closed > at_ms)
    }

    /// Whether the shard was closed before `horizon_ms`, so that all its records are older.
    pub(super) fn expired(&self, horizon_ms: i64) -> bool {
        self.closed_ms().is_some_and(|closed| closed < horizon_ms)
    }

    /// How many records are kept, and when the oldest of them arrived.
    pub(super) fn backlog(&self) -> (usize, Option<i64>) {
        self.log.backlog(0)
    }

    /// How many records are kept, and their bytes.
    pub(super) fn kept(&self) -> (usize, usize) {
        self.log.kept()
    }

    /// The shard in the form of `DescribeStream` and `ListShards`.
    pub(super) fn describe(&self) -> Value {
        let mut numbers = json!({ "StartingSequenceNumber": sequence::print(self.first) });
        if self.closed_ms().is_some() {
            numbers["EndingSequenceNumber"] = sequence::print(sequence::last(self.first)).into();
        }
        let mut shard = json!({
            "ShardId": self.id,
            "HashKeyRange": self.range.describe(),
            "SequenceNumberRange": numbers,
        });
        for (member, parent) in ["ParentShardId", "AdjacentParentShardId"].iter().zip(&self.parents) {
            shard[member] = parent.as_str().into();
        }
        shard
    }
}

impl SourceShard for Shard {
    type Record = Record;

    fn id(&self) -> &str {
        &self.id
    }

    fn parents(&self) -> &[String] {
        &self.parents
    }

    fn log(&self) -> &ShardLog<Record> {
        &self.log
    }

    fn event(&self, entry: &Entry<Record>) -> Value {
        let sequence = sequence::print(entry.sequence);
        json!({
            "eventID": format!("{}:{sequence}", self.id),
            "eventName": "aws:kinesis:record",
            "eventSource": "aws:kinesis",
            "eventSourceARN": self.stream.arn,
            "eventVersion": "1.0",
            "awsRegion": self.stream.region,
            "invokeIdentityArn": format!("arn:aws:iam::{}:role/lambda-role", self.stream.account),
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": entry.record.partition_key,
                "sequenceNumber": sequence,
                "data": entry.record.data,
                "approximateArrivalTimestamp": wire::epoch_seconds(entry.arrived_ms),
            },
        })
    }

    fn filterable(&self, entry: &Entry<Record>) -> Value {
        let record = &entry.record;
        let bytes = BASE64_STANDARD.decode(&record.data).unwrap_or_default();
        // Data that is not JSON is compared as text [Using event filtering with a Kinesis event source].
        let data = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        json!({
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record.partition_key,
            "sequenceNumber": sequence::print(entry.sequence),
            "data": data,
            "approximateArrivalTimestamp": wire::epoch_seconds(entry.arrived_ms),
        })
    }

    fn key(&self, entry: &Entry<Record>) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        entry.record.partition_key.hash(&mut hasher);
        hasher.finish()
    }

    fn handed_over(&self, entries: &[Entry<Record>], now_ms: i64) {
        self.measure_read(entries, now_ms);
    }

    fn sequence(number: u128) -> String {
        sequence::print(number)
    }

    fn parse_sequence(text: &str) -> Option<u128> {
        sequence::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_parts_cover_every_hash_key_once() {
        let check = |count: u32| {
            let parts: Vec<_> = HashRange::parts(count).collect();
            assert_eq!(parts.len(), count as usize);
            assert_eq!((parts[0].start, parts[parts.len() - 1].end), (0, u128::MAX), "{count}");
            assert!(parts.windows(2).all(|pair| pair[0].end + 1 == pair[1].start), "{count}");
        };
        [1, 2, 3, 4, 7, 1000].into_iter().for_each(check);
        let halves: Vec<_> = HashRange::parts(2).collect();
        assert_eq!(halves[1].start, 1 << 127);
    }
}
