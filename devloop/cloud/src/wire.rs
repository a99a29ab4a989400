//! Reads input from all protocols: JSON and CBOR have numbers, the query protocol has only text. These serde helpers accept
//! both, so that an operation's input type is written once. Use them as `#[serde(with/deserialize_with = "wire::...")]`.

use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error as _};
use serde_json::Value;

use crate::error::ApiError;

/// Converts an operation's input to its type. On a mismatch the error is a `SerializationException` that names the member.
pub(crate) fn read<T: DeserializeOwned>(input: Value) -> Result<T, ApiError> {
    serde_json::from_value(input)
        .map_err(|error| ApiError::client("SerializationException", error.to_string()))
}

/// An optional number, sent as a number or as text.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(number.as_f64()),
        Some(Value::String(text)) => {
            text.trim().parse().map(Some).map_err(|_| D::Error::custom(format!("`{text}` is not a number")))
        }
        Some(other) => Err(D::Error::custom(format!("{other} is not a number"))),
    }
}

/// An optional whole number, sent as a number or as text.
pub(crate) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let Some(number) = number(deserializer)? else { return Ok(None) };
    if number.fract() == 0.0 {
        Ok(Some(number as i64))
    } else {
        Err(D::Error::custom(format!("{number} is not whole")))
    }
}

/// An optional boolean, sent as a boolean or as `true`/`false`.
pub(crate) fn boolean<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(value)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(other) => Err(D::Error::custom(format!("{other} is not a boolean"))),
    }
}

/// An optional time in ms since the epoch, sent as epoch seconds (with a fraction) or as ISO 8601 text.
pub(crate) fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(number.as_f64().map(|seconds| (seconds * 1000.0).round() as i64)),
        Some(Value::String(text)) => text
            .parse::<jiff::Timestamp>()
            .map(|at| Some(at.as_millisecond()))
            .or_else(|_| text.parse::<f64>().map(|seconds| Some((seconds * 1000.0).round() as i64)))
            .map_err(|_| D::Error::custom(format!("`{text}` is not a timestamp"))),
        Some(other) => Err(D::Error::custom(format!("{other} is not a timestamp"))),
    }
}

/// A list that may be absent; the query protocol sends an empty one as empty text.
pub(crate) fn list<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(text)) if text.is_empty() => Ok(Vec::new()),
        Some(list) => serde_json::from_value(list).map_err(D::Error::custom),
    }
}

/// Whether a member of an input is empty: null, an empty value, or an object of such members.
pub(crate) fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(says_nothing),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A time in ms since the epoch for a service with JSON only: epoch seconds with a fraction.
pub(crate) fn epoch_seconds(ms: i64) -> Value {
    Value::from(ms as f64 / 1000.0)
}

/// The member that marks a time in the output of a service with several protocols; see [`time`].
pub(crate) const TIME: &str = "$epochMs";

/// A time in ms since the epoch for a service with several protocols: each protocol writes it in its own form (epoch
/// seconds in JSON, tag 1 in CBOR, ISO 8601 in XML).
pub(crate) fn time(ms: i64) -> Value {
    serde_json::json!({ TIME: ms })
}

/// The ms of a value made by [`time`].
pub(crate) fn as_time(value: &Value) -> Option<i64> {
    value.as_object().filter(|object| object.len() == 1)?.get(TIME)?.as_i64()
}

/// A new id. Each thread has its own generator, because asking the system for every request's id would cost a system call
/// each.
pub(crate) fn unique_id() -> uuid::Uuid {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid()
}

/// A time in ms since the epoch in the form of the XML protocols: `2026-11-20T10:00:00.000Z`.
pub(crate) fn iso(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
        .unwrap_or_default()
}
