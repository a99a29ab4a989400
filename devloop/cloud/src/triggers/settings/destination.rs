//! The on-failure destination of a mapping, which gets the records about discarded batches.

use serde_json::Value;

use super::invalid;
use crate::{arn::Arn, error::ApiError, wire::says_nothing};

/// The queue, topic or bucket in a `DestinationConfig`; an empty one removes the destination.
pub(super) fn on_failure(config: &Value) -> Result<Option<String>, ApiError> {
    if config.get("OnSuccess").is_some_and(|target| !says_nothing(target)) {
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
    match Arn::parse(arn) {
        Some(Arn { service: "sqs" | "sns", resource, .. }) if resource.strip_suffix(".fifo").is_some() => {
            Err(ApiError::unsupported("FIFO queues and topics as on-failure destinations"))
        }
        Some(Arn { service: "sqs" | "sns", resource, .. }) if is_name(resource) => Ok(Some(arn.clone())),
        Some(Arn { service: "s3", region: "", account: "", resource, .. }) if is_name(resource) => {
            Ok(Some(arn.clone()))
        }
        Some(Arn { service, .. }) if !matches!(service, "sqs" | "sns" | "s3") => {
            Err(ApiError::unsupported(format_args!("`{service}` as an on-failure destination")))
        }
        _ => Err(invalid(format!(
            "The provided destination config DestinationConfig(onFailure=OnFailure(destination={arn})) is invalid."
        ))),
    }
}

/// Whether the last part of an ARN names one resource, without a part below it.
fn is_name(part: &str) -> bool {
    !part.is_empty() && !part.contains([':', '/'])
}
