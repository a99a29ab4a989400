//! The errors of IAM and STS, in AWS's words.

use crate::error::{ApiError, absence, detected, violation};

/// `NoSuchEntity`, status 404.
pub(crate) fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::with_status(404, "NoSuchEntityException", message)
}

/// `EntityAlreadyExists`, status 409.
pub(crate) fn exists(message: impl Into<String>) -> ApiError {
    ApiError::with_status(409, "EntityAlreadyExistsException", message)
}

/// `DeleteConflict`, status 409.
pub(crate) fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::with_status(409, "DeleteConflictException", message)
}

/// `AccessDenied`, status 403.
pub(crate) fn denied(message: impl Into<String>) -> ApiError {
    ApiError::with_status(403, "AccessDeniedException", message)
}

/// `InvalidInput`.
pub(crate) fn invalid_input(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidInputException", message)
}

/// `ValidationError`.
pub(crate) fn validation(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationError", message)
}

/// The error for a member that breaks a constraint of the API's model.
pub(crate) fn constraint(value: &str, member: &str, constraint: &str) -> ApiError {
    validation(detected(&[violation(value, &camel(member), constraint)]))
}

/// The error for a required member that is missing.
pub(crate) fn missing(member: &str) -> ApiError {
    validation(detected(&[absence(&camel(member))]))
}

/// A member's name as messages write it, with a small first letter.
fn camel(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
