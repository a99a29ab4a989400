//! Splitting and merging shards.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Kinesis, Shard, Stream, describe,
    shard::HashRange,
    stream::Mode,
    target,
    validate::{Constraints, invalid_argument, required},
};
use crate::{
    context::Context,
    error::ApiError,
    source::{Source as _, SourceShard as _},
    wire,
};

/// [`SplitShard`, Kinesis API reference].
pub(super) fn split(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        shard_to_split: Option<String>,
        new_starting_hash_key: Option<String>,
    }
    let name = target::take(cx, &mut input)?;
    let input: Input = wire::read(input)?;
    let id = required(input.shard_to_split, "shardToSplit")?;
    let key = required(input.new_starting_hash_key, "newStartingHashKey")?;
    Constraints::default().name("shardToSplit", &id).hash_key("newStartingHashKey", &key).finish()?;
    let stream = provisioned(kinesis, cx, &name)?;
    let shard = find(&stream, &id)?;
    describe::grant_shards(cx, kinesis.streams(cx).read().values(), 1)?;
    let HashRange { start, end } = shard.range;
    match key.parse::<u128>() {
        Ok(at) if at > start.saturating_add(1) && at < end => cut(&stream, &shard, at)?,
        _ => {
            return Err(invalid_argument(format!(
                "NewStartingHashKey {key} used in SplitShard() on shard {} in stream {name} under account {} is not \
                 both greater than one plus the shard's StartingHashKey {start} and less than the shard's \
                 EndingHashKey {end}.",
                shard.id(),
                cx.account
            )));
        }
    }
    Ok(json!({}))
}

/// [`MergeShards`, Kinesis API reference].
pub(super) fn merge(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        shard_to_merge: Option<String>,
        adjacent_shard_to_merge: Option<String>,
    }
    let name = target::take(cx, &mut input)?;
    let input: Input = wire::read(input)?;
    let one = required(input.shard_to_merge, "shardToMerge")?;
    let other = required(input.adjacent_shard_to_merge, "adjacentShardToMerge")?;
    Constraints::default().name("shardToMerge", &one).name("adjacentShardToMerge", &other).finish()?;
    let stream = provisioned(kinesis, cx, &name)?;
    let (one, other) = (find(&stream, &one)?, find(&stream, &other)?);
    if !adjacent(one.range, other.range) && !adjacent(other.range, one.range) {
        return Err(invalid_argument(format!(
            "Shards {} and {} in stream {name} under account {} are not an adjacent pair of shards eligible for merging",
            one.id(),
            other.id(),
            cx.account
        )));
    }
    join(&stream, &one, &other)?;
    Ok(json!({}))
}

/// [`UpdateShardCount`, Kinesis API reference]: splits shards at every border of an even division, then merges the shards
/// between two borders. Like AWS it leaves short-lived shards behind.
pub(super) fn update_count(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        target_shard_count: Option<i64>,
        scaling_type: Option<String>,
    }
    let name = target::take(cx, &mut input)?;
    let input: Input = wire::read(input)?;
    let target = required(input.target_shard_count, "targetShardCount")?;
    let scaling = required(input.scaling_type, "scalingType")?;
    Constraints::default()
        .number("targetShardCount", Some(target), 1..=i64::MAX)
        .one_of("scalingType", &scaling, &["UNIFORM_SCALING"])
        .finish()?;
    let stream = provisioned(kinesis, cx, &name)?;
    let current = stream.open_shards().len() as i64;
    let out_of_bounds = |what: &str| {
        invalid_argument(format!(
            "UpdateShardCount cannot scale {what} your current open shard count. Current open shard count: {current} \
             Target shard count: {target}"
        ))
    };
    if target > current.saturating_mul(2) {
        return Err(out_of_bounds("up over double"));
    }
    if target.saturating_mul(2) < current {
        return Err(out_of_bounds("down below half"));
    }
    describe::grant_shards(cx, kinesis.streams(cx).read().values(), target - current)?;
    spread(&stream, target as u32)?;
    Ok(json!({
        "StreamName": name,
        "StreamARN": stream.arn(),
        "CurrentShardCount": current,
        "TargetShardCount": target,
    }))
}

fn spread(stream: &Stream, count: u32) -> Result<(), ApiError> {
    let borders: Vec<u128> = HashRange::parts(count).map(|part| part.start).collect();
    for border in &borders {
        let open = stream.open_shards();
        let inside = open.iter().find(|shard| shard.range.start < *border && *border <= shard.range.end);
        if let Some(shard) = inside {
            cut(stream, shard, *border)?;
        }
    }
    loop {
        let open = stream.open_shards();
        let superfluous = |pair: &&[Arc<Shard>]| borders.binary_search(&pair[1].range.start).is_err();
        let Some([one, other]) = open.windows(2).find(superfluous) else { return Ok(()) };
        join(stream, one, other)?;
    }
}

fn cut(stream: &Stream, shard: &Arc<Shard>, at: u128) -> Result<(), ApiError> {
    let HashRange { start, end } = shard.range;
    let halves = [HashRange { start, end: at - 1 }, HashRange { start: at, end }];
    stream.reshard(std::slice::from_ref(shard), &halves).map_err(|closed| not_open(stream, &closed))
}

fn join(stream: &Stream, one: &Arc<Shard>, other: &Arc<Shard>) -> Result<(), ApiError> {
    let whole =
        HashRange { start: one.range.start.min(other.range.start), end: one.range.end.max(other.range.end) };
    stream
        .reshard(&[Arc::clone(one), Arc::clone(other)], &[whole])
        .map_err(|closed| not_open(stream, &closed))
}

fn adjacent(one: HashRange, other: HashRange) -> bool {
    one.end.checked_add(1) == Some(other.start)
}

/// The stream; fails for an on-demand stream, whose shards the user does not count.
fn provisioned(kinesis: &Kinesis, cx: &Context, name: &str) -> Result<Arc<Stream>, ApiError> {
    let stream = kinesis.stream(cx, name)?;
    match stream.settings().mode {
        Mode::Provisioned => Ok(stream),
        Mode::OnDemand => Err(ApiError::validation(format!(
            "Request is invalid. Stream {name} under account {} is in On-Demand mode.",
            cx.account
        ))),
    }
}

fn find(stream: &Stream, id: &str) -> Result<Arc<Shard>, ApiError> {
    stream.shard_by_id(id).ok_or_else(|| {
        ApiError::client(
            "ResourceNotFoundException",
            format!(
                "Could not find shard {id} in stream {} under account {}.",
                stream.name(),
                stream.account()
            ),
        )
    })
}

fn not_open(stream: &Stream, shard: &Shard) -> ApiError {
    ApiError::client(
        "ResourceInUseException",
        format!(
            "Shard {} in stream {} under account {} has already been merged or split, and thus is not eligible for \
             merging or splitting.",
            shard.id(),
            stream.name(),
            stream.account()
        ),
    )
}
