//! Answers that the gateway gives by itself [Troubleshooting issues with HTTP API Lambda integrations and JWT authorizers].

use serde_json::json;

use crate::http::Reply;

/// Why the gateway answers by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::services::apigatewayv2) enum Refusal {
    /// No route fits, and there is no `$default`.
    NotFound,
    /// The caller did not say who it is; the text tells it in `www-authenticate`, where there is one.
    Unauthorized(Option<String>),
    /// The caller may not do that.
    Forbidden(Option<String>),
    /// Requests come too fast.
    Throttled,
    /// The request, or the event made of it, is over its limit.
    TooLong,
    /// The function failed, could not be invoked, or what it answered is no response.
    Failed,
    /// The function did not answer within the integration's timeout.
    TimedOut,
}

impl Refusal {
    /// The answer.
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
