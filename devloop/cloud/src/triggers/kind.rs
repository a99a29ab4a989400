//! The kind of an event source, found from its ARN.

use crate::{arn::Arn, error::ApiError};

/// The services whose streams and queues can be event sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A Kinesis data stream, or one of its consumers.
    Kinesis,
    /// A table's stream.
    DynamoDb,
    /// An SQS queue.
    Sqs,
}

impl Kind {
    /// Finds the kind of an event source by its ARN. Sources that AWS supports and this cloud lacks are refused by name.
    pub(crate) fn of(arn: &str) -> Result<Self, ApiError> {
        let arn = Arn::parse(arn).ok_or_else(unrecognized)?;
        let path: Vec<&str> = arn.resource.split('/').collect();
        match (arn.service, path.as_slice()) {
            ("kinesis", ["stream", name] | ["stream", name, "consumer", _]) if !name.is_empty() => {
                Ok(Self::Kinesis)
            }
            ("dynamodb", ["table", table, "stream", label]) if !table.is_empty() && !label.is_empty() => {
                Ok(Self::DynamoDb)
            }
            ("sqs", [name]) if !name.is_empty() && !name.contains(':') => Ok(Self::Sqs),
            ("kinesis" | "dynamodb" | "sqs", _) => Err(unrecognized()),
            (service, _) => Err(ApiError::unsupported(format_args!("`{service}` event sources"))),
        }
    }

    /// The member of a failure record that describes the batch.
    pub(crate) fn batch_info(self) -> &'static str {
        match self {
            Self::Kinesis => "KinesisBatchInfo",
            Self::DynamoDb => "DDBStreamBatchInfo",
            // Never used, because queues keep failed messages themselves.
            Self::Sqs => "SQSBatchInfo",
        }
    }
}

fn unrecognized() -> ApiError {
    ApiError::client("InvalidParameterValueException", "Unrecognized event source.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_arn_and_other_sources_are_refused() {
        let check = |arn: &str, expected: Result<Kind, &str>| {
            assert_eq!(
                Kind::of(arn).map_err(|error| error.message).as_ref().map_err(String::as_str),
                expected.as_ref().map_err(|text| *text),
                "{arn}"
            );
        };
        check("arn:aws:kinesis:us-east-1:000000000000:stream/orders", Ok(Kind::Kinesis));
        check(
            "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/2026-11-20T10:00:00.000",
            Ok(Kind::DynamoDb),
        );
        let refused = |what: &str| format!("the embedded cloud does not support {what}");
        check("arn:aws:sqs:us-east-1:000000000000:q", Ok(Kind::Sqs));
        check("arn:aws:sqs:us-east-1:000000000000:", Err("Unrecognized event source."));
        check("arn:aws:kafka:us-east-1:000000000000:cluster/c", Err(&refused("`kafka` event sources")));
        check("arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1", Ok(Kind::Kinesis));
        check("arn:aws:dynamodb:us-east-1:000000000000:table/T", Err("Unrecognized event source."));
        check("arn:aws:kinesis:us-east-1:000000000000:stream/", Err("Unrecognized event source."));
        check("orders", Err("Unrecognized event source."));
    }
}
