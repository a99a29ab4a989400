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
        let (status, message, challenge) = match self {
            Self::NotFound => (404, "Not Found", None),
            Self::Unauthorized(challenge) => (401, "Unauthorized", challenge),
            Self::Forbidden(challenge) => (403, "Forbidden", challenge),
            Self::Throttled => (429, "Too Many Requests", None),
            Self::TooLong => (413, "Request Entity Too Large", None),
            Self::Failed => (500, "Internal Server Error", None),
            Self::TimedOut => (503, "Service Unavailable", None),
        };
        let reply = Reply::json(status, &json!({ "message": message }));
        match challenge {
            Some(challenge) => reply.header("www-authenticate", &challenge),
            None => reply,
        }
    }
}
