//! Finds the stream of an operation in `StreamName`, `StreamARN`, or both.

use serde_json::Value;

use super::service::not_found;
use crate::{arn::Arn, context::Context, error::ApiError};

/// Parses `arn:aws:kinesis:<region>:<account>:stream/<name>` into the ARN's parts and the stream's name.
pub(super) fn parse(arn: &str) -> Result<(Arn<'_>, &str), ApiError> {
    let parsed = Arn::of_service("kinesis", arn).filter(|arn| arn.partition.starts_with("aws"));
    parsed.and_then(|arn| Some((arn, arn.resource.strip_prefix("stream/")?))).ok_or_else(|| {
        ApiError::constraint(
            arn,
            "streamARN",
            "satisfy regular expression pattern: arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+",
        )
    })
}

/// Takes the stream's name from an operation's input, so that operations need not handle these two members.
pub(super) fn take(cx: &Context, input: &mut Value) -> Result<String, ApiError> {
    take_optional(cx, input)?.ok_or_else(|| {
        ApiError::client("InvalidArgumentException", "Either StreamName or StreamARN must be provided.")
    })
}

/// Like [`take`], but `None` when the input names no stream.
pub(super) fn take_optional(cx: &Context, input: &mut Value) -> Result<Option<String>, ApiError> {
    let name = text(input, "StreamName")?;
    let Some(arn) = text(input, "StreamARN")? else { return Ok(name) };
    let (parsed, named) = parse(&arn)?;
    if parsed.region != &*cx.region {
        return Err(not_found(named, parsed.account));
    }
    match name {
        Some(name) if name != named => Err(ApiError::client(
            "InvalidArgumentException",
            format!("StreamName {name} and StreamARN {arn} do not name the same stream."),
        )),
        _ => Ok(Some(named.to_owned())),
    }
}

fn text(input: &mut Value, member: &str) -> Result<Option<String>, ApiError> {
    match input.as_object_mut().and_then(|object| object.remove(member)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ApiError::client("SerializationException", format!("{member} must be a string"))),
    }
}
