//! The errors of CloudWatch, worded as AWS words them.

use std::fmt::Display;

use crate::error::ApiError;

/// A value that the parameter does not take.
pub(crate) fn invalid(value: impl Display, parameter: &str) -> ApiError {
    bad(format!("The value {value} for parameter {parameter} is invalid."))
}

/// `InvalidParameterValue` with a sentence of its own.
pub(crate) fn bad(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterValueException", message)
}

/// `InvalidParameterCombination`.
pub(crate) fn combination(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterCombinationException", message)
}

/// Two parameters of which at most one may be given.
pub(crate) fn exclusive(one: &str, other: &str) -> ApiError {
    combination(format!(
        "The parameters {one} and {other} are mutually exclusive and you have specified both."
    ))
}

/// A parameter that must be given.
pub(crate) fn missing(parameter: &str) -> ApiError {
    ApiError::client("MissingRequiredParameterException", format!("The parameter {parameter} is required."))
}

/// A list with more items than the service takes.
pub(crate) fn too_many(parameter: &str, limit: usize) -> ApiError {
    bad(format!("The collection {parameter} must not have a size greater than {limit}."))
}

/// `ValidationError`, as the newer operations answer.
pub(crate) fn validation(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationError", message)
}

/// A token that this cloud did not make.
pub(crate) fn bad_token() -> ApiError {
    ApiError::client("InvalidNextToken", "The next token specified is invalid.")
}
