//! The operations of DynamoDB Streams.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde_json::{Map, Value, json};

use super::{
    super::{
        store::{not_found, table_name},
        stream::{StreamShard, TableStream},
    },
    Request,
    describe::key_schema,
    input::Input,
};
use crate::{
    aside::{LARGE, aside_if},
    error::ApiError,
    shard::Start,
    source::{Source as _, SourceShard as _},
    wire::epoch_seconds,
};

/// How long an iterator is valid, in ms [`GetShardIterator`, DynamoDB Streams API reference].
const ITERATOR_MS: i64 = 15 * 60 * 1000;
/// The most records that one call returns [`GetRecords`, DynamoDB Streams API reference].
const MAX_RECORDS: usize = 1000;
const MAX_BYTES: usize = 1024 * 1024;
/// The most streams or shards on one page.
const MAX_LISTED: usize = 100;

/// `ListStreams`.
pub(in super::super) fn list_streams(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let limit = input.count("Limit", 1, MAX_LISTED as i64, true)?.unwrap_or(MAX_LISTED);
    input.checked()?;
    let start = input.text("ExclusiveStartStreamArn")?.unwrap_or_default();
    let table = input.text("TableName")?;
    let mut streams = request.store.streams(request.now_ms);
    streams.retain(|stream| {
        stream.arn() > start.as_str()
            && table.as_deref().is_none_or(|name| stream.table() == table_name(name))
    });
    let more = streams.len() > limit;
    streams.truncate(limit);
    let listed: Vec<Value> = streams
        .iter()
        .map(|stream| {
            json!({ "StreamArn": stream.arn(), "TableName": stream.table(), "StreamLabel": stream.label() })
        })
        .collect();
    let mut output = json!({ "Streams": listed });
    if let Some(last) = streams.last().filter(|_| more) {
        output["LastEvaluatedStreamArn"] = last.arn().into();
    }
    Ok(output)
}

/// `DescribeStream`.
pub(in super::super) fn describe_stream(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let arn = input.required_text("StreamArn")?;
    input.count("Limit", 1, MAX_LISTED as i64, true)?;
    input.checked()?;
    let stream = request.store.stream(&arn, request.now_ms)?;
    if input.has("ShardFilter") {
        return Err(ApiError::unsupported("ShardFilter of DynamoDB Streams"));
    }
    let start = input.text("ExclusiveStartShardId")?;
    let shards = stream.shards();
    let listed = shards.iter().filter(|shard| start.as_deref().is_none_or(|start| shard.id() > start));
    let shards: Vec<Value> = listed.map(|shard| describe_shard(&stream, shard)).collect();
    Ok(json!({ "StreamDescription": {
        "StreamArn": stream.arn(),
        "StreamLabel": stream.label(),
        "StreamStatus": if stream.is_enabled() { "ENABLED" } else { "DISABLED" },
        "StreamViewType": stream.view().name(),
        "CreationRequestDateTime": epoch_seconds(stream.created_ms()),
        "TableName": stream.table(),
        "KeySchema": key_schema(stream.schema()),
        "Shards": shards,
    }}))
}

fn describe_shard(stream: &TableStream, shard: &StreamShard) -> Value {
    let range = shard.log().range();
    let first = range.map_or_else(|| shard.log().position(Start::TrimHorizon), |(first, _)| first);
    let mut sequences = json!({ "StartingSequenceNumber": StreamShard::sequence(first) });
    if !stream.is_enabled() {
        let last = range.map_or(first, |(_, last)| last);
        sequences["EndingSequenceNumber"] = StreamShard::sequence(last).into();
    }
    json!({ "ShardId": shard.id(), "SequenceNumberRange": sequences })
}

/// `GetShardIterator`.
pub(in super::super) fn get_shard_iterator(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let arn = input.required_text("StreamArn")?;
    let id = input.required_text("ShardId")?;
    let kinds = &["AT_SEQUENCE_NUMBER", "TRIM_HORIZON", "AFTER_SEQUENCE_NUMBER", "LATEST"];
    if !input.has("ShardIteratorType") {
        input.violations().missing("shardIteratorType");
    }
    let kind = input.choice("ShardIteratorType", kinds)?.unwrap_or_default();
    input.checked()?;
    let stream = request.store.stream(&arn, request.now_ms)?;
    let shard = stream.shard();
    if shard.id() != id {
        return Err(not_found(format!(
            "Requested resource not found: Shard: {id} in stream: {} not found",
            stream.arn()
        )));
    }
    let number = input.text("SequenceNumber")?;
    let start = match (kind, number) {
        ("TRIM_HORIZON", None) => Start::TrimHorizon,
        ("LATEST", None) => Start::Latest,
        (_, None) => {
            return Err(ApiError::validation(format!(
                "SequenceNumber must be specified for ShardIteratorType {kind}"
            )));
        }
        (kind @ ("AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER"), Some(text)) => {
            let number = StreamShard::parse_sequence(&text)
                .ok_or_else(|| ApiError::validation(format!("Invalid SequenceNumber: {text}")))?;
            check_trimmed(shard, number)?;
            if kind == "AT_SEQUENCE_NUMBER" { Start::At(number) } else { Start::After(number) }
        }
        (kind, Some(_)) => {
            return Err(ApiError::validation(format!(
                "SequenceNumber must not be specified for ShardIteratorType {kind}"
            )));
        }
    };
    let position = shard.log().position(start);
    Ok(json!({ "ShardIterator": iterator(&stream, position, request.now_ms) }))
}

/// `GetRecords`.
pub(in super::super) fn get_records(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let text = input.required_text("ShardIterator")?;
    let limit = input.count("Limit", 1, MAX_RECORDS as i64, true)?.unwrap_or(MAX_RECORDS);
    input.checked()?;
    let (arn, id, position, issued_ms) =
        parse_iterator(&text).ok_or_else(|| ApiError::validation("Invalid ShardIterator"))?;
    if request.now_ms - issued_ms > ITERATOR_MS {
        return Err(ApiError::client(
            "ExpiredIteratorException",
            "The shard iterator has expired. A shard iterator expires 15 minutes after it is retrieved using GetShardIterator.",
        ));
    }
    let stream = request.store.stream(&arn, request.now_ms)?;
    let shard = stream.shard();
    if shard.id() != id {
        return Err(ApiError::validation("Invalid ShardIterator"));
    }
    check_trimmed(shard, position)?;
    let slice = shard.log().read(position, limit, MAX_BYTES);
    let bytes: usize = slice.entries.iter().map(|entry| entry.bytes).sum();
    let records: Vec<Value> =
        aside_if(bytes > LARGE, || slice.entries.iter().map(|entry| shard.record(entry)).collect());
    let mut output = Map::from_iter([("Records".to_owned(), Value::from(records))]);
    if !slice.finished {
        let next = iterator(&stream, slice.next, request.now_ms);
        output.insert("NextShardIterator".to_owned(), next.into());
    }
    Ok(Value::Object(output))
}

/// Refuses a position before the oldest kept record, if older records were trimmed.
fn check_trimmed(shard: &StreamShard, position: u128) -> Result<(), ApiError> {
    if position < shard.log().position(Start::TrimHorizon) {
        return Err(ApiError::client(
            "TrimmedDataAccessException",
            "The operation attempted to read past the oldest stream record in a shard.",
        ));
    }
    Ok(())
}

/// The text of an iterator: the stream's ARN, then an encoded part with the shard, the position and the time of issue.
fn iterator(stream: &TableStream, position: u128, now_ms: i64) -> String {
    let place = BASE64.encode(format!("{} {position} {now_ms}", stream.shard().id()));
    format!("{}|1|{place}", stream.arn())
}

fn parse_iterator(text: &str) -> Option<(String, String, u128, i64)> {
    let (arn, place) = text.split_once("|1|")?;
    let place = String::from_utf8(BASE64.decode(place).ok()?).ok()?;
    let mut parts = place.split(' ');
    let (id, position, issued_ms) = (parts.next()?, parts.next()?, parts.next()?);
    Some((arn.to_owned(), id.to_owned(), position.parse().ok()?, issued_ms.parse().ok()?))
}
