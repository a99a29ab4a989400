//! The errors of CloudWatch Logs, worded as AWS words them.

use crate::error::{ApiError, absence, detected, violation};

/// `InvalidParameterException` with its sentence.
pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterException", message)
}

/// A member that breaks a constraint of the API's model.
pub(crate) fn constraint(value: impl std::fmt::Display, member: &str, constraint: &str) -> ApiError {
    invalid(detected(&[violation(value, member, constraint)]))
}

/// A member that must be given.
pub(crate) fn missing(member: &str) -> ApiError {
    invalid(detected(&[absence(member)]))
}

/// The group is not there.
pub(crate) fn no_group() -> ApiError {
    ApiError::client("ResourceNotFoundException", "The specified log group does not exist.")
}

/// The stream is not there.
pub(crate) fn no_stream() -> ApiError {
    ApiError::client("ResourceNotFoundException", "The specified log stream does not exist.")
}

/// A token that this cloud did not make.
pub(crate) fn bad_token() -> ApiError {
    invalid("The specified nextToken is invalid.")
}
