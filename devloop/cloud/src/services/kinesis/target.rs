//! Which stream an operation means: `StreamName`, `StreamARN`, or both.

use serde_json::Value;

use super::service::not_found;
use crate::{context::Context, error::ApiError};

/// The parts of a stream's ARN that matter here.
#[derive(Debug)]
pub(super) struct StreamArn<'a> {
    pub(super) region: &'a str,
    pub(super) account: &'a str,
    pub(super) name: &'a str,
}

/// Reads `arn:aws:kinesis:<region>:<account>:stream/<name>`.
pub(super) fn parse(arn: &str) -> Result<StreamArn<'_>, ApiError> {
    let mut parts = arn.splitn(6, ':');
    let mut next = || parts.next().unwrap_or_default();
    let (prefix, partition, service) = (next(), next(), next());
    let (region, account, resource) = (next(), next(), next());
    match resource.strip_prefix("stream/") {
        Some(name) if prefix == "arn" && partition.starts_with("aws") && service == "kinesis" => {
            Ok(StreamArn { region, account, name })
        }
        _ => Err(ApiError::validation(format!(
            "1 validation error detected: Value '{arn}' at 'streamARN' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: arn:aws.*:kinesis:.*:\\d{{12}}:stream/\\S+"
        ))),
    }
}

/// Takes the stream's name out of an operation's input, so that the operations need not repeat these two members.
pub(super) fn take(cx: &Context, input: &mut Value) -> Result<String, ApiError> {
    take_optional(cx, input)?.ok_or_else(|| {
        ApiError::client("InvalidArgumentException", "Either StreamName or StreamARN must be provided.")
    })
}

/// As [`take`]; `None` when the input names no stream.
pub(super) fn take_optional(cx: &Context, input: &mut Value) -> Result<Option<String>, ApiError> {
    let name = text(input, "StreamName")?;
    let Some(arn) = text(input, "StreamARN")? else { return Ok(name) };
    let parsed = parse(&arn)?;
    if parsed.region != &*cx.region {
        return Err(not_found(parsed.name, parsed.account));
    }
    match name {
        Some(name) if name != parsed.name => Err(ApiError::client(
            "InvalidArgumentException",
            format!("StreamName {name} and StreamARN {arn} do not name the same stream."),
        )),
        _ => Ok(Some(parsed.name.to_owned())),
    }
}

fn text(input: &mut Value, member: &str) -> Result<Option<String>, ApiError> {
    match input.as_object_mut().and_then(|object| object.remove(member)) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ApiError::client("SerializationException", format!("{member} must be a string"))),
    }
}
