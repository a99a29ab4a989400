//! The errors of CloudWatch Logs, in AWS's words.

use crate::error::{ApiError, absence, detected, violation};

/// `InvalidParameterException` with the given sentence.
pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterException", message)
}

/// The error for a member that breaks a constraint of the API's model.
pub(crate) fn constraint(value: impl std::fmt::Display, member: &str, constraint: &str) -> ApiError {
    invalid(detected(&[violation(value, member, constraint)]))
}

/// The error for a required member that is missing.
pub(crate) fn missing(member: &str) -> ApiError {
    invalid(detected(&[absence(member)]))
}

/// The error for a log group that does not exist.
pub(crate) fn no_group() -> ApiError {
    ApiError::client("ResourceNotFoundException", "The specified log group does not exist.")
}

/// The error for a log stream that does not exist.
pub(crate) fn no_stream() -> ApiError {
    ApiError::client("ResourceNotFoundException", "The specified log stream does not exist.")
}

/// The error for a token that this cloud did not make.
pub(crate) fn bad_token() -> ApiError {
    invalid("The specified nextToken is invalid.")
}
