//! The errors of CloudWatch Logs, worded as AWS words them.

use crate::error::ApiError;

/// `InvalidParameterException` with its sentence.
pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterException", message)
}

/// A member that breaks a constraint of the API's model.
pub(crate) fn constraint(value: &str, member: &str, constraint: &str) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {constraint}"
    ))
}

/// A member that must be given.
pub(crate) fn missing(member: &str) -> ApiError {
    invalid(format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    ))
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
