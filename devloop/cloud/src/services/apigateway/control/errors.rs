//! The service's errors, worded as AWS words them.

use crate::error::ApiError;

/// `BadRequestException`, status 400.
pub(in crate::services::apigateway) fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::client("BadRequestException", message)
}

/// `ConflictException`, status 409.
pub(in crate::services::apigateway) fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::with_status(409, "ConflictException", message)
}

/// `NotFoundException`, status 404. `what` is the kind of thing that does not exist, such as `Resource`.
pub(in crate::services::apigateway) fn not_found(what: &str) -> ApiError {
    ApiError::with_status(404, "NotFoundException", format!("Invalid {what} identifier specified"))
}
