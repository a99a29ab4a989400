//! Operations that list and describe streams and shards.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Kinesis, Shard, Stream, encryption,
    service::not_found,
    stream::Mode,
    target, token,
    validate::{Constraints, invalid_argument, required},
};
use crate::{context::Context, error::ApiError, source::Source as _, wire};

/// The default quotas of an account in one of the large regions: shards, and on-demand streams [Quotas and limits, Kinesis
/// developer guide].
const SHARD_LIMIT: i64 = 20_000;
const ON_DEMAND_LIMIT: usize = 50;

/// Checks that the region may have `wanted` more open shards.
pub(super) fn grant_shards<'a>(
    cx: &Context,
    streams: impl Iterator<Item = &'a Arc<Stream>>,
    wanted: i64,
) -> Result<u32, ApiError> {
    let open: usize = streams.map(|stream| stream.open_shards().len()).sum();
    if wanted.saturating_add(open as i64) > SHARD_LIMIT {
        return Err(ApiError::client(
            "LimitExceededException",
            format!(
                "This request would exceed the shard limit for the account {} in {}. Current shard count for the \
                 account: {open}. Limit: {SHARD_LIMIT}. Number of additional shards that would have resulted from this \
                 request: {wanted}. Refer to the AWS Service Limits page \
                 (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current limits and how to \
                 request higher limits.",
                cx.account, cx.region
            ),
        ));
    }
    Ok(u32::try_from(wanted).unwrap_or(0))
}

/// [`DescribeLimits`, Kinesis API reference].
pub(super) fn limits(kinesis: &Kinesis, cx: &Context) -> Value {
    let streams = kinesis.streams(cx);
    let streams = streams.read();
    json!({
        "ShardLimit": SHARD_LIMIT,
        "OpenShardCount": streams.values().map(|stream| stream.open_shards().len()).sum::<usize>(),
        "OnDemandStreamCount": streams.values().filter(|stream| stream.settings().mode == Mode::OnDemand).count(),
        "OnDemandStreamCountLimit": ON_DEMAND_LIMIT,
    })
}

/// The members that `DescribeStream` and `DescribeStreamSummary` share.
fn outline(stream: &Stream) -> Value {
    let settings = stream.settings();
    let mut outline = json!({
        "StreamName": stream.name(),
        "StreamARN": stream.arn(),
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": { "StreamMode": settings.mode.name() },
        "RetentionPeriodHours": settings.retention_hours,
        "StreamCreationTimestamp": wire::epoch_seconds(stream.created_ms),
        "EnhancedMonitoring": [{ "ShardLevelMetrics": stream.monitor().names() }],
        "EncryptionType": if settings.encrypted { "KMS" } else { "NONE" },
    });
    if settings.encrypted {
        outline["KeyId"] = encryption::MANAGED_KEY.into();
    }
    outline
}

/// [`DescribeStream`, Kinesis API reference].
pub(super) fn stream(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        limit: Option<i64>,
        exclusive_start_shard_id: Option<String>,
    }
    let name = target::take(cx, &mut input)?;
    let input: Input = wire::read(input)?;
    Constraints::default().number("limit", input.limit, 1..=10_000).finish()?;
    let stream = kinesis.stream(cx, &name)?;
    let behind = behind(input.exclusive_start_shard_id.as_deref())?;
    let limit = input.limit.unwrap_or(100) as usize;
    let (page, more) = page(stream.shards().into_iter().filter(|shard| Some(shard.index) > behind), limit);
    let mut description = outline(&stream);
    description["Shards"] = page.iter().map(|shard| shard.describe()).collect();
    description["HasMoreShards"] = more.into();
    Ok(json!({ "StreamDescription": description }))
}

/// [`DescribeStreamSummary`, Kinesis API reference].
pub(super) fn summary(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    let name = target::take(cx, &mut input)?;
    let stream = kinesis.stream(cx, &name)?;
    let mut summary = outline(&stream);
    summary["OpenShardCount"] = stream.open_shards().len().into();
    summary["ConsumerCount"] = stream.consumers.lock().len().into();
    summary["MaxRecordSizeInKiB"] = stream.settings().max_record_kib.into();
    Ok(json!({ "StreamDescriptionSummary": summary }))
}

/// [`ListStreams`, Kinesis API reference].
pub(super) fn list_streams(kinesis: &Kinesis, cx: &Context, input: Value) -> Result<Value, ApiError> {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        limit: Option<i64>,
        exclusive_start_stream_name: Option<String>,
        next_token: Option<String>,
    }
    let input: Input = wire::read(input)?;
    Constraints::default().number("limit", input.limit, 1..=10_000).finish()?;
    let after = match input.next_token {
        Some(token) => {
            Some(token::open::<String>(&token).ok_or_else(|| invalid_argument("NextToken is invalid."))?)
        }
        None => input.exclusive_start_stream_name,
    };
    let streams = kinesis.streams(cx);
    let streams = streams.read();
    let rest = streams.iter().filter(|(name, _)| after.as_ref().is_none_or(|after| *name > after));
    let (page, more) = page(rest, input.limit.unwrap_or(100) as usize);
    let summaries = page.iter().map(|(_, stream)| {
        let mut outline = outline(stream);
        if let Some(outline) = outline.as_object_mut() {
            outline.retain(|member, _| member.starts_with("Stream"));
        }
        outline
    });
    let mut output = json!({
        "StreamNames": page.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "HasMoreStreams": more,
        "StreamSummaries": summaries.collect::<Vec<_>>(),
    });
    if let (true, Some((last, _))) = (more, page.last()) {
        output["NextToken"] = token::seal(last).into();
    }
    Ok(output)
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ShardFilter {
    #[serde(rename = "Type")]
    kind: String,
    shard_id: Option<String>,
    #[serde(default, deserialize_with = "wire::timestamp", serialize_with = "seconds")]
    timestamp: Option<i64>,
}

/// Writes the time as the input had it, in seconds, because the filter is stored in a token and read again.
#[expect(clippy::ref_option, reason = "serde calls it with a reference to the field")]
fn seconds<S: serde::Serializer>(ms: &Option<i64>, serializer: S) -> Result<S::Ok, S::Error> {
    ms.map(|ms| ms as f64 / 1000.0).serialize(serializer)
}

const FILTERS: [&str; 6] =
    ["AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST", "AT_TIMESTAMP", "FROM_TIMESTAMP"];

impl ShardFilter {
    /// A function that says whether a shard passes the filter [`ShardFilter`, Kinesis API reference].
    fn passes(&self, stream: &Stream) -> Result<impl Fn(&Arc<Shard>) -> bool + use<>, ApiError> {
        let horizon = stream.horizon_ms().max(stream.created_ms);
        let at = match self.kind.as_str() {
            "AT_TIMESTAMP" | "FROM_TIMESTAMP" => Some(required(self.timestamp, "shardFilter.timestamp")?),
            _ => None,
        };
        let behind = match self.kind.as_str() {
            "AFTER_SHARD_ID" => behind(Some(required(self.shard_id.as_deref(), "shardFilter.shardId")?))?,
            _ => None,
        };
        let kind = self.kind.clone();
        Ok(move |shard: &Arc<Shard>| match (kind.as_str(), at) {
            ("AFTER_SHARD_ID", _) => Some(shard.index) > behind,
            ("AT_TRIM_HORIZON", _) => shard.was_open_at(horizon),
            ("AT_LATEST", _) => shard.closed_ms().is_none(),
            ("AT_TIMESTAMP", Some(at)) => shard.was_open_at(at.max(horizon)),
            ("FROM_TIMESTAMP", Some(at)) => shard.closed_ms().is_none_or(|closed| closed >= at),
            _ => true,
        })
    }
}

/// The token of `ListShards`: where the list continues.
#[derive(Debug, Serialize, Deserialize)]
struct ShardPage {
    issued_ms: i64,
    stream: String,
    after: u32,
    filter: Option<ShardFilter>,
}

/// [`ListShards`, Kinesis API reference].
pub(super) fn list_shards(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        next_token: Option<String>,
        exclusive_start_shard_id: Option<String>,
        max_results: Option<i64>,
        #[serde(default, deserialize_with = "wire::timestamp")]
        stream_creation_timestamp: Option<i64>,
        shard_filter: Option<ShardFilter>,
    }
    let named = target::take_optional(cx, &mut input)?;
    let input: Input = wire::read(input)?;
    let mut constraints = Constraints::default().number("maxResults", input.max_results, 1..=10_000);
    if let Some(filter) = &input.shard_filter {
        constraints = constraints.one_of("shardFilter.type", &filter.kind, &FILTERS);
    }
    constraints.finish()?;
    let now = kinesis.clock().now_ms();
    let (name, behind, filter) = match (named, input.next_token) {
        (Some(_), Some(_)) => {
            return Err(invalid_argument("NextToken and StreamName cannot be provided together."));
        }
        (None, Some(token)) => {
            let page = open_page(&token, now)?;
            (page.stream, Some(page.after), page.filter)
        }
        (Some(name), None) => (name, behind(input.exclusive_start_shard_id.as_deref())?, input.shard_filter),
        (None, None) => {
            return Err(invalid_argument("Either NextToken or StreamName should be provided."));
        }
    };
    let stream = kinesis.stream(cx, &name)?;
    // The timestamp distinguishes streams of the same name. Clients send it with a precision of seconds.
    if input.stream_creation_timestamp.is_some_and(|at| at / 1000 != stream.created_ms / 1000) {
        return Err(not_found(&name, &cx.account));
    }
    let passes = filter.as_ref().map(|filter| filter.passes(&stream)).transpose()?;
    let rest = stream
        .shards()
        .into_iter()
        .filter(|shard| Some(shard.index) > behind)
        .filter(|shard| passes.as_ref().is_none_or(|passes| passes(shard)));
    let (page, more) = page(rest, input.max_results.unwrap_or(1_000) as usize);
    let mut output = json!({ "Shards": page.iter().map(|shard| shard.describe()).collect::<Vec<_>>() });
    if let (true, Some(last)) = (more, page.last()) {
        let next = ShardPage { issued_ms: now, stream: name, after: last.index, filter };
        output["NextToken"] = token::seal(&next).into();
    }
    Ok(output)
}

fn open_page(token: &str, now_ms: i64) -> Result<ShardPage, ApiError> {
    let page: ShardPage = token::open(token).ok_or_else(|| invalid_argument("NextToken is invalid."))?;
    if now_ms - page.issued_ms > token::LIFETIME_MS {
        return Err(ApiError::client(
            "ExpiredNextTokenException",
            "The pagination token passed to the operation has expired.",
        ));
    }
    Ok(page)
}

/// The index of the shard after which a list continues.
fn behind(id: Option<&str>) -> Result<Option<u32>, ApiError> {
    let Some(id) = id else { return Ok(None) };
    let number = id.strip_prefix("shardId-").unwrap_or(id).parse();
    number.map(Some).map_err(|_| invalid_argument(format!("{id} is not the id of a shard.")))
}

/// The first `limit` items, and whether there are more.
fn page<T>(items: impl Iterator<Item = T>, limit: usize) -> (Vec<T>, bool) {
    let mut items = items.peekable();
    let page = items.by_ref().take(limit).collect();
    (page, items.peek().is_some())
}
