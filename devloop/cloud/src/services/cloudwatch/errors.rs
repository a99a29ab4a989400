//! The errors of CloudWatch, in AWS's words.

use std::fmt::Display;

use crate::error::ApiError;

/// A value that the parameter does not accept.
pub(crate) fn invalid(value: impl Display, parameter: &str) -> ApiError {
    bad(format!("The value {value} for parameter {parameter} is invalid."))
}

/// `InvalidParameterValue` with the given sentence.
pub(crate) fn bad(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterValueException", message)
}

/// `InvalidParameterCombination`.
pub(crate) fn combination(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterCombinationException", message)
}

/// Two parameters that exclude each other.
pub(crate) fn exclusive(one: &str, other: &str) -> ApiError {
    combination(format!(
        "The parameters {one} and {other} are mutually exclusive and you have specified both."
    ))
}

/// A required parameter that is missing.
pub(crate) fn missing(parameter: &str) -> ApiError {
    ApiError::client("MissingRequiredParameterException", format!("The parameter {parameter} is required."))
}

/// A list with more items than allowed.
pub(crate) fn too_many(parameter: &str, limit: usize) -> ApiError {
    bad(format!("The collection {parameter} must not have a size greater than {limit}."))
}

/// `ValidationError`, which the newer operations use.
pub(crate) fn validation(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationError", message)
}

/// A token that this cloud did not make.
pub(crate) fn bad_token() -> ApiError {
    ApiError::client("InvalidNextToken", "The next token specified is invalid.")
}
