//! Creates, changes and deletes streams. Every change takes effect before the answer, so a stream is `ACTIVE` at once.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Kinesis, Stream, describe,
    service::not_found,
    stream::{Mode, ON_DEMAND_SHARDS, Settings},
    tags, target,
    validate::{Constraints, invalid_argument, required},
};
use crate::{aside::drop_aside, context::Context, error::ApiError, wire};

/// The allowed retention, in hours [`IncreaseStreamRetentionPeriod`, Kinesis API reference].
const RETENTION_HOURS: std::ops::RangeInclusive<i64> = 24..=8_760;
/// The allowed largest size of a record, in KiB [`UpdateMaxRecordSize`, Kinesis API reference].
const RECORD_KIB: std::ops::RangeInclusive<i64> = 1_024..=10_240;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ModeDetails {
    stream_mode: Option<String>,
}

impl ModeDetails {
    fn mode(self) -> Result<Mode, ApiError> {
        let name = required(self.stream_mode, "streamModeDetails.streamMode")?;
        Constraints::default().one_of("streamModeDetails.streamMode", &name, &Mode::NAMES).finish()?;
        Ok(if name == "ON_DEMAND" { Mode::OnDemand } else { Mode::Provisioned })
    }
}

/// [`CreateStream`, Kinesis API reference].
pub(super) fn create(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        shard_count: Option<i64>,
        stream_mode_details: Option<ModeDetails>,
        tags: Option<BTreeMap<String, String>>,
        max_record_size_in_ki_b: Option<i64>,
        warm_throughput_mi_bps: Option<i64>,
    }
    let name = required(target::take_optional(cx, &mut input)?, "streamName")?;
    let input: Input = wire::read(input)?;
    Constraints::default()
        .name("streamName", &name)
        .number("shardCount", input.shard_count, 1..=i64::MAX)
        .number("maxRecordSizeInKiB", input.max_record_size_in_ki_b, RECORD_KIB)
        .finish()?;
    refuse_warm_throughput(input.warm_throughput_mi_bps)?;
    let mode = input.stream_mode_details.map_or(Ok(Mode::Provisioned), ModeDetails::mode)?;
    let shards = match (mode, input.shard_count) {
        (Mode::Provisioned, count) => required(count, "shardCount")?,
        (Mode::OnDemand, None) => i64::from(ON_DEMAND_SHARDS),
        (Mode::OnDemand, Some(_)) => {
            return Err(ApiError::validation("ShardCount must not be given for a stream in ON_DEMAND mode."));
        }
    };
    let tags = input.tags.unwrap_or_default();
    tags::check(&tags)?;
    let settings = Settings {
        mode,
        retention_hours: *RETENTION_HOURS.start(),
        max_record_kib: input.max_record_size_in_ki_b.unwrap_or(*RECORD_KIB.start()),
        encrypted: false,
    };
    let streams = kinesis.streams(cx);
    let mut streams = streams.write();
    if streams.contains_key(&name) {
        return Err(ApiError::client(
            "ResourceInUseException",
            format!("Stream {name} under account {} already exists.", cx.account),
        ));
    }
    let shards = describe::grant_shards(cx, streams.values(), shards)?;
    let services =
        (kinesis.clock().clone(), kinesis.limits(), kinesis.monitor(), Arc::clone(kinesis.memory()));
    let stream = Stream::new(cx, services, &name, shards, settings);
    *stream.tags.lock() = tags;
    streams.insert(name, Arc::new(stream));
    Ok(json!({}))
}

/// [`DeleteStream`, Kinesis API reference]. Registered consumers are deleted with the stream, but only if
/// `EnforceConsumerDeletion` asks for that.
pub(super) fn delete(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        enforce_consumer_deletion: Option<bool>,
    }
    let name = target::take(cx, &mut input)?;
    let with_consumers = wire::read::<Input>(input)?.enforce_consumer_deletion.unwrap_or(false);
    let streams = kinesis.streams(cx);
    let mut streams = streams.write();
    let stream = streams.get(&name).ok_or_else(|| not_found(&name, &cx.account))?;
    if !with_consumers && !stream.consumers.lock().is_empty() {
        return Err(ApiError::client(
            "ResourceInUseException",
            format!(
                "DeleteStream can't delete {}:{name} because there are consumers associated with this data stream. To \
                 delete {name} anyway, set the EnforceConsumerDeletion parameter to true to force the deletion of all the \
                 consumers that are associated with it.",
                cx.account
            ),
        ));
    }
    stream.delete();
    drop_aside(streams.remove(&name));
    Ok(json!({}))
}

/// The direction of a change of the retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Increase,
    Decrease,
}

/// [`IncreaseStreamRetentionPeriod` and `DecreaseStreamRetentionPeriod`, Kinesis API reference].
pub(super) fn retain(
    kinesis: &Kinesis,
    cx: &Context,
    mut input: Value,
    change: Change,
) -> Result<Value, ApiError> {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        retention_period_hours: Option<i64>,
    }
    let name = target::take(cx, &mut input)?;
    let hours = required(wire::read::<Input>(input)?.retention_period_hours, "retentionPeriodHours")?;
    let (least, most) = (*RETENTION_HOURS.start(), *RETENTION_HOURS.end());
    if hours < least {
        return Err(invalid_argument(format!(
            "Minimum allowed retention period is {least} hours. Requested retention period ({hours} hours) is too short."
        )));
    }
    if hours > most {
        return Err(invalid_argument(format!(
            "Maximum allowed retention period is {most} hours. Requested retention period ({hours} hours) is too long."
        )));
    }
    kinesis.stream(cx, &name)?.configure(|settings| {
        let now = settings.retention_hours;
        let (wrong, comparison, other) = match change {
            Change::Increase => (hours < now, "shorter", "Decrease"),
            Change::Decrease => (hours > now, "longer", "Increase"),
        };
        if wrong {
            return Err(invalid_argument(format!(
                "Requested retention period ({hours} hours) for stream {name} can not be {comparison} than existing \
                 retention period ({now} hours). Use {other}RetentionPeriod API."
            )));
        }
        settings.retention_hours = hours;
        Ok(())
    })?;
    Ok(json!({}))
}

/// [`UpdateStreamMode`, Kinesis API reference]. The shards stay as they are, as on AWS.
pub(super) fn update_mode(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        stream_mode_details: Option<ModeDetails>,
        warm_throughput_mi_bps: Option<i64>,
    }
    let name = target::take(cx, &mut input)?;
    let input: Input = wire::read(input)?;
    refuse_warm_throughput(input.warm_throughput_mi_bps)?;
    let mode = required(input.stream_mode_details, "streamModeDetails")?.mode()?;
    kinesis.stream(cx, &name)?.configure(|settings| {
        settings.mode = mode;
        Ok(())
    })?;
    Ok(json!({}))
}

/// [`UpdateMaxRecordSize`, Kinesis API reference].
pub(super) fn update_max_record_size(
    kinesis: &Kinesis,
    cx: &Context,
    mut input: Value,
) -> Result<Value, ApiError> {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        max_record_size_in_ki_b: Option<i64>,
    }
    let name = target::take(cx, &mut input)?;
    let kib = required(wire::read::<Input>(input)?.max_record_size_in_ki_b, "maxRecordSizeInKiB")?;
    Constraints::default().number("maxRecordSizeInKiB", Some(kib), RECORD_KIB).finish()?;
    kinesis.stream(cx, &name)?.configure(|settings| {
        settings.max_record_kib = kib;
        Ok(())
    })?;
    Ok(json!({}))
}

fn refuse_warm_throughput(given: Option<i64>) -> Result<(), ApiError> {
    match given {
        Some(_) => Err(ApiError::unsupported("warm throughput (kinesis:WarmThroughputMiBps)")),
        None => Ok(()),
    }
}
