//! Where records that are given up are told of.

use serde_json::Value;

use super::{invalid, options::is_empty};
use crate::error::ApiError;

/// The queue of a `DestinationConfig`; an empty one takes the destination away.
pub(super) fn on_failure(config: &Value) -> Result<Option<String>, ApiError> {
    if config.get("OnSuccess").is_some_and(|target| !is_empty(target)) {
        return Err(invalid("Unsupported DestinationConfig parameter for given event source mapping type."));
    }
    let arn = match config.get("OnFailure").and_then(|target| target.get("Destination")) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(arn)) if arn.is_empty() => return Ok(None),
        Some(Value::String(arn)) => arn,
        Some(other) => {
            return Err(ApiError::client(
                "SerializationException",
                format!("{other} is not a destination's ARN"),
            ));
        }
    };
    let parts: Vec<&str> = arn.split(':').collect();
    match parts.as_slice() {
        ["arn", _, "sqs", _, _, name] if name.strip_suffix(".fifo").is_some() => {
            Err(ApiError::unsupported("FIFO queues as on-failure destinations"))
        }
        ["arn", _, "sqs", _, _, name] if !name.is_empty() => Ok(Some(arn.clone())),
        ["arn", _, service, ..] if *service != "sqs" => {
            Err(ApiError::unsupported(format_args!("`{service}` as an on-failure destination")))
        }
        _ => Err(invalid(format!(
            "The provided destination config DestinationConfig(onFailure=OnFailure(destination={arn})) is invalid."
        ))),
    }
}
