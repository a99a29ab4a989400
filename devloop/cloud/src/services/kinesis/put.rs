//! `PutRecord` and `PutRecords`.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use md5::{Digest as _, Md5};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Kinesis, Record, Shard, sequence,
    stream::Stream,
    target,
    validate::{Constraints, invalid_argument, required},
};
use crate::{context::Context, error::ApiError, source::SourceShard as _, wire};

/// The largest `PutRecords` request including partition keys, in bytes [`PutRecords`, Kinesis API reference]. It was 5 MiB
/// before records of 10 MiB were introduced.
const REQUEST_BYTES: usize = 10 << 20;
/// The most records of a `PutRecords` request.
const REQUEST_RECORDS: usize = 500;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    data: Option<String>,
    partition_key: Option<String>,
    explicit_hash_key: Option<String>,
    sequence_number_for_ordering: Option<String>,
}

/// A record that passed every check, and its hash key.
struct Checked {
    hash: u128,
    bytes: usize,
    record: Record,
}

/// [`PutRecord`, Kinesis API reference]. `SequenceNumberForOrdering` is checked but needs no action, because sequence
/// numbers always increase in a shard.
pub(super) fn record(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    let name = target::take(cx, &mut input)?;
    let entry: Entry = wire::read(input)?;
    let stream = kinesis.stream(cx, &name)?;
    if let Some(text) = &entry.sequence_number_for_ordering
        && sequence::parse(text).is_none()
    {
        return Err(invalid_argument(format!(
            "ExclusiveMinimumSequenceNumber {text} used in PutRecord on stream {name} under account {} is invalid.",
            cx.account
        )));
    }
    let checked = check(entry, "", stream.settings().max_record_bytes())?;
    put(&stream, checked)
}

/// [`PutRecords`, Kinesis API reference]. All records are checked before the first one is put. Afterwards a record fails
/// only if its shard is throttled or the stream is deleted.
pub(super) fn records(kinesis: &Kinesis, cx: &Context, mut input: Value) -> Result<Value, ApiError> {
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        records: Option<Vec<Entry>>,
    }
    let name = target::take(cx, &mut input)?;
    let entries = required(wire::read::<Input>(input)?.records, "records")?;
    Constraints::default().count("records", entries.len(), 1..=REQUEST_RECORDS).finish()?;
    let stream = kinesis.stream(cx, &name)?;
    let limit = stream.settings().max_record_bytes();
    let checked = entries
        .into_iter()
        .enumerate()
        .map(|(at, entry)| check(entry, &format!("records.{}.member.", at + 1), limit))
        .collect::<Result<Vec<_>, _>>()?;
    if checked.iter().map(|checked| checked.bytes).sum::<usize>() > REQUEST_BYTES {
        return Err(invalid_argument("Records size exceeds 10 MB limit"));
    }
    let mut failed = 0;
    let results: Vec<_> = checked
        .into_iter()
        .map(|checked| {
            put(&stream, checked).unwrap_or_else(|error| {
                failed += 1;
                // A record fails because its shard is throttled, or because the stream was deleted meanwhile.
                let code = match error.code.as_ref() {
                    "ProvisionedThroughputExceededException" => error.code.as_ref(),
                    _ => "InternalFailure",
                };
                json!({ "ErrorCode": code, "ErrorMessage": error.message })
            })
        })
        .collect();
    Ok(json!({ "FailedRecordCount": failed, "Records": results }))
}

fn put(stream: &Stream, checked: Checked) -> Result<Value, ApiError> {
    let (shard, sequence) = stream.put(checked.hash, checked.bytes, checked.record)?;
    Ok(json!({ "ShardId": shard.id(), "SequenceNumber": Shard::sequence(sequence) }))
}

fn check(entry: Entry, path: &str, limit: usize) -> Result<Checked, ApiError> {
    let constraints = Constraints::below(path);
    let data = constraints.required(entry.data, "data")?;
    let partition_key = constraints.required(entry.partition_key, "partitionKey")?;
    let data_bytes = blob_length(&data)?;
    let mut constraints =
        constraints.length("partitionKey", &partition_key, 1..=256).blob("data", data_bytes, limit);
    if let Some(key) = &entry.explicit_hash_key {
        constraints = constraints.hash_key("explicitHashKey", key);
    }
    constraints.finish()?;
    let bytes = data_bytes + partition_key.len();
    if bytes > limit {
        return Err(invalid_argument(format!(
            "The record's partition key and data are {bytes} bytes together, more than the {limit} bytes that the \
             stream takes."
        )));
    }
    let hash = match entry.explicit_hash_key {
        Some(key) => key.parse().map_err(|_| {
            invalid_argument(format!(
                "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was {key}"
            ))
        })?,
        None => u128::from_be_bytes(Md5::digest(&partition_key).into()),
    };
    Ok(Checked { hash, bytes, record: Record { partition_key, data } })
}

/// The length in bytes of a blob, from its base64 text.
fn blob_length(text: &str) -> Result<usize, ApiError> {
    BASE64_STANDARD.decode(text).map(|data| data.len()).map_err(|error| {
        ApiError::client("SerializationException", format!("Data can not be converted to a Blob: {error}"))
    })
}
