//! The gateway's own answers when there is no valid answer of a function [Troubleshooting issues with HTTP API Lambda
//! integrations and JWT authorizers].

use serde_json::json;

use crate::http::Reply;

/// Why the gateway answers itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::services::apigatewayv2) enum Refusal {
    /// No route matches, and there is no `$default` route.
    NotFound,
    /// The identity is missing or invalid. The text, if any, goes into the header `www-authenticate`.
    Unauthorized(Option<String>),
    /// The caller is not allowed to do this. The text, if any, goes into the header `www-authenticate`.
    Forbidden(Option<String>),
    /// The request exceeds a rate limit.
    Throttled,
    /// The request or its event is too large.
    TooLong,
    /// The function failed, could not be invoked, or returned an invalid answer.
    Failed,
    /// The function did not answer within the integration's timeout.
    TimedOut,
}

impl Refusal {
    /// The HTTP response.
    pub(in crate::services::apigatewayv2) fn reply(self) -> Reply {
        let status = match self {
            Self::NotFound => 404,
            Self::Unauthorized(_) => 401,
            Self::Forbidden(_) => 403,
            Self::Throttled => 429,
            Self::TooLong => 413,
            Self::Failed => 500,
            Self::TimedOut => 503,
        };
        let reply = Reply::json(status, &json!({ "message": self.message() }));
        match self {
            Self::Unauthorized(Some(challenge)) | Self::Forbidden(Some(challenge)) => {
                reply.header("www-authenticate", &challenge)
            }
            _ => reply,
        }
    }

    /// The message in the response.
    pub(super) fn message(&self) -> &'static str {
        match self {
            Self::NotFound => "Not Found",
            Self::Unauthorized(_) => "Unauthorized",
            Self::Forbidden(_) => "Forbidden",
            Self::Throttled => "Too Many Requests",
            Self::TooLong => "Request Entity Too Large",
            Self::Failed => "Internal Server Error",
            Self::TimedOut => "Service Unavailable",
        }
    }

    /// The name of this kind of response [Gateway response types for API Gateway].
    pub(super) fn response_type(&self) -> &'static str {
        match self {
            Self::NotFound => "RESOURCE_NOT_FOUND",
            Self::Unauthorized(_) => "UNAUTHORIZED",
            Self::Forbidden(_) => "ACCESS_DENIED",
            Self::Throttled => "THROTTLED",
            Self::TooLong => "REQUEST_TOO_LARGE",
            Self::Failed => "INTEGRATION_FAILURE",
            Self::TimedOut => "INTEGRATION_TIMEOUT",
        }
    }
}
