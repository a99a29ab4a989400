//! Answers that the gateway gives without a function, or instead of one [Gateway response types for API Gateway].

use serde_json::json;

use crate::http::Reply;

fn refusal(status: u16, class: &'static str, message: &str) -> Reply {
    Reply::json(status, &json!({ "message": message })).header("x-amzn-errortype", class)
}

/// Nothing is deployed under an API id; worded as `LocalStack` words it.
pub(in crate::services::apigateway) fn unknown_api(id: &str) -> Reply {
    refusal(
        404,
        "NotFoundException",
        &format!("The API id '{id}' does not correspond to a deployed API Gateway API"),
    )
}

/// The API has no such stage.
pub(in crate::services::apigateway) fn unknown_stage() -> Reply {
    refusal(403, "ForbiddenException", "Forbidden")
}

/// No resource of the deployment serves the path with this method.
pub(super) fn unknown_route() -> Reply {
    refusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
}

/// The request, or the event made of it, is over its limit.
pub(in crate::services::apigateway) fn too_long() -> Reply {
    refusal(413, "RequestTooLargeException", "Request Too Long")
}

/// The function failed, or what it answered is no proxy response.
pub(super) fn bad_answer() -> Reply {
    refusal(502, "InternalServerErrorException", "Internal server error")
}

/// The function could not be invoked: it is missing, may not be called, or is throttled. A throttle too is a 500 here,
/// not a 429 [How do I troubleshoot issues for API Gateway endpoints that integrate with Lambda?, AWS re:Post].
pub(super) fn not_invoked() -> Reply {
    refusal(500, "InternalServerErrorException", "Internal server error")
}

/// The function did not answer within the integration's timeout.
pub(super) fn timed_out() -> Reply {
    refusal(504, "InternalServerErrorException", "Endpoint request timed out")
}
