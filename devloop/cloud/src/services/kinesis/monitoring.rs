//! Shard-level metrics (enhanced monitoring): `EnableEnhancedMonitoring`, `DisableEnhancedMonitoring`, and the metrics that
//! shards then record in CloudWatch [Monitoring the Amazon Kinesis Data Streams Service with Amazon CloudWatch].

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Kinesis, Record, Shard, target,
    validate::{Constraints, required},
};
use crate::{
    context::Context,
    error::ApiError,
    services::cloudwatch::CloudWatch,
    shard::Entry,
    source::{Source as _, SourceShard as _},
    wire,
};

/// A shard-level metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Metric {
    IncomingBytes,
    IncomingRecords,
    IteratorAgeMilliseconds,
    OutgoingBytes,
    OutgoingRecords,
    ReadProvisionedThroughputExceeded,
    WriteProvisionedThroughputExceeded,
}

/// Every metric with its name and unit.
const METRICS: [(Metric, &str, &str); 7] = [
    (Metric::IncomingBytes, "IncomingBytes", "Bytes"),
    (Metric::IncomingRecords, "IncomingRecords", "Count"),
    (Metric::IteratorAgeMilliseconds, "IteratorAgeMilliseconds", "Milliseconds"),
    (Metric::OutgoingBytes, "OutgoingBytes", "Bytes"),
    (Metric::OutgoingRecords, "OutgoingRecords", "Count"),
    (Metric::ReadProvisionedThroughputExceeded, "ReadProvisionedThroughputExceeded", "Count"),
    (Metric::WriteProvisionedThroughputExceeded, "WriteProvisionedThroughputExceeded", "Count"),
];
/// The name that stands for all metrics.
const ALL: &str = "ALL";

/// The enabled metrics of a stream's shards; none at first.
#[derive(Debug)]
pub(super) struct Monitor {
    /// A bit for each of [`METRICS`].
    enabled: AtomicU8,
    cloudwatch: Arc<CloudWatch>,
}

impl Monitor {
    pub(super) fn new(cloudwatch: Arc<CloudWatch>) -> Self {
        Self { enabled: AtomicU8::new(0), cloudwatch }
    }

    /// The names of the enabled metrics.
    pub(super) fn names(&self) -> Vec<&'static str> {
        names(self.enabled.load(Ordering::Relaxed))
    }
}

fn bit(metric: Metric) -> u8 {
    1 << metric as u8
}

fn names(bits: u8) -> Vec<&'static str> {
    METRICS.iter().filter(|(metric, ..)| bits & bit(*metric) != 0).map(|(_, name, _)| *name).collect()
}

impl Shard {
    /// Records a metric of the shard, if it is enabled.
    pub(super) fn measure(&self, metric: Metric, value: usize, now_ms: i64) {
        let monitor = &self.stream.monitor;
        if monitor.enabled.load(Ordering::Relaxed) & bit(metric) == 0 {
            return;
        }
        let (_, name, unit) = METRICS[metric as usize];
        let dimensions = [("StreamName", self.stream.name.as_str()), ("ShardId", self.id())];
        monitor.cloudwatch.record(
            &self.stream.region,
            "AWS/Kinesis",
            name,
            &dimensions,
            unit,
            value as f64,
            now_ms,
        );
    }

    /// Records the metrics of a read that returned `entries`.
    pub(super) fn measure_read(&self, entries: &[Entry<Record>], now_ms: i64) {
        let age_ms = entries.last().map_or(0, |last| (now_ms - last.arrived_ms).max(0));
        self.measure(Metric::IteratorAgeMilliseconds, age_ms as usize, now_ms);
        self.measure(Metric::OutgoingBytes, entries.iter().map(|entry| entry.bytes).sum(), now_ms);
        self.measure(Metric::OutgoingRecords, entries.len(), now_ms);
    }
}

/// [`EnableEnhancedMonitoring` and `DisableEnhancedMonitoring`, Kinesis API reference].
pub(super) fn set(
    kinesis: &Kinesis,
    cx: &Context,
    mut input: Value,
    is_wanted: bool,
) -> Result<Value, ApiError> {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        shard_level_metrics: Option<Vec<String>>,
    }
    let name = target::take(cx, &mut input)?;
    let given = required(wire::read::<Input>(input)?.shard_level_metrics, "shardLevelMetrics")?;
    let known: Vec<&str> = METRICS.iter().map(|(_, name, _)| *name).chain([ALL]).collect();
    let mut constraints = Constraints::default().count("shardLevelMetrics", given.len(), 1..=7);
    for metric in &given {
        constraints = constraints.one_of("shardLevelMetrics", metric, &known);
    }
    constraints.finish()?;
    let bits = METRICS
        .iter()
        .filter(|(_, name, _)| given.iter().any(|metric| metric == ALL || metric == name))
        .fold(0, |bits, (metric, ..)| bits | bit(*metric));
    let stream = kinesis.stream(cx, &name)?;
    let enabled = &stream.monitor().enabled;
    let (before, after) = if is_wanted {
        let before = enabled.fetch_or(bits, Ordering::Relaxed);
        (before, before | bits)
    } else {
        let before = enabled.fetch_and(!bits, Ordering::Relaxed);
        (before, before & !bits)
    };
    Ok(json!({
        "StreamName": stream.name(),
        "StreamARN": stream.arn(),
        "CurrentShardLevelMetrics": names(before),
        "DesiredShardLevelMetrics": names(after),
    }))
}
