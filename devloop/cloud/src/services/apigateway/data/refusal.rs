//! Answers that the gateway gives without a function, or instead of one [Gateway response types for API Gateway], and how an
//! API words them itself.

use std::collections::BTreeMap;

use hyper::header::{HeaderName, HeaderValue};
use serde_json::json;

use crate::{http::Reply, services::apigateway::model::GatewayResponse};

/// Why the gateway answers by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No resource of the deployment serves the path with this method.
    UnknownRoute,
    /// The caller did not say who it is.
    Unauthorized,
    /// The authorizer's policy does not let the caller do that.
    Denied,
    /// The authorizer failed, or what it answered is no verdict.
    NoVerdict,
    /// The method needs a key of a usage plan of this stage.
    Key,
    /// Requests come too fast.
    Throttled,
    /// The plan's quota is used up.
    Quota,
    /// What the request validator asked for is missing; the text says what.
    Parameters(String),
    /// The body does not fit its model.
    Body,
    /// No template takes the body's media type.
    MediaType,
    /// The request, or the event made of it, is over its limit.
    TooLong,
    /// The function failed, or what it answered is no proxy response.
    BadAnswer,
    /// The function could not be invoked: it is missing, may not be called, or is throttled. A throttle too is a 500 here,
    /// not a 429 [How do I troubleshoot issues for API Gateway endpoints that integrate with Lambda?, AWS re:Post].
    NotInvoked,
    /// The function did not answer within the integration's timeout.
    TimedOut,
}

impl Refusal {
    /// The response type, the status, the class in `x-amzn-errortype`, and the message.
    fn about(&self) -> (&'static str, u16, &'static str, &str) {
        let internal = "InternalServerErrorException";
        match self {
            Self::UnknownRoute => (
                "MISSING_AUTHENTICATION_TOKEN",
                403,
                "MissingAuthenticationTokenException",
                "Missing Authentication Token",
            ),
            Self::Unauthorized => ("UNAUTHORIZED", 401, "UnauthorizedException", "Unauthorized"),
            Self::Denied => (
                "ACCESS_DENIED",
                403,
                "AccessDeniedException",
                "User is not authorized to access this resource",
            ),
            Self::NoVerdict => (
                "AUTHORIZER_CONFIGURATION_ERROR",
                500,
                "AuthorizerConfigurationException",
                "Internal server error",
            ),
            Self::Key => ("INVALID_API_KEY", 403, "ForbiddenException", "Forbidden"),
            Self::Throttled => ("THROTTLED", 429, "TooManyRequestsException", "Too Many Requests"),
            Self::Quota => ("QUOTA_EXCEEDED", 429, "LimitExceededException", "Limit Exceeded"),
            Self::Parameters(message) => {
                ("BAD_REQUEST_PARAMETERS", 400, "BadRequestException", message.as_str())
            }
            Self::Body => ("BAD_REQUEST_BODY", 400, "BadRequestException", "Invalid request body"),
            Self::MediaType => {
                ("UNSUPPORTED_MEDIA_TYPE", 415, "BadRequestException", "Unsupported Media Type")
            }
            Self::TooLong => ("REQUEST_TOO_LARGE", 413, "RequestTooLargeException", "Request Too Long"),
            Self::BadAnswer => ("API_CONFIGURATION_ERROR", 502, internal, "Internal server error"),
            Self::NotInvoked => ("API_CONFIGURATION_ERROR", 500, internal, "Internal server error"),
            Self::TimedOut => ("INTEGRATION_TIMEOUT", 504, internal, "Endpoint request timed out"),
        }
    }

    /// The answer as every API gives it that does not word it itself.
    pub(super) fn plain(&self) -> Reply {
        let (_, status, class, message) = self.about();
        refusal(status, class, message)
    }

    /// The answer in the API's own words, where it has some: for this refusal, or for all of its kind.
    pub(super) fn reply(&self, own: &BTreeMap<String, GatewayResponse>) -> Reply {
        let (kind, status, _, message) = self.about();
        let plain = self.plain();
        let group = if status < 500 { "DEFAULT_4XX" } else { "DEFAULT_5XX" };
        let Some(response) = own.get(kind).or_else(|| own.get(group)) else { return plain };
        let mut reply = plain;
        if let Some(status) = response.status_code.as_ref().and_then(|status| status.parse().ok()) {
            reply.status = status;
        }
        if let Some(template) = response.response_templates.get("application/json") {
            let quoted = json!(message).to_string();
            let text = template
                .replace("$context.error.messageString", &quoted)
                .replace("$context.error.message", message)
                .replace("$context.error.responseType", kind);
            reply.body = text.into();
        }
        for (name, value) in &response.response_parameters {
            let name = name.strip_prefix("gatewayresponse.header.").unwrap_or(name);
            if let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value.trim_matches('\'')))
            {
                reply.headers.insert(name, value);
            }
        }
        reply
    }
}

/// Refuses a gateway response that asks for what is not offered; the error says what.
pub(in crate::services::apigateway) fn check_response(response: &GatewayResponse) -> Result<(), String> {
    const TYPES: [&str; 21] = [
        "ACCESS_DENIED",
        "API_CONFIGURATION_ERROR",
        "AUTHORIZER_CONFIGURATION_ERROR",
        "AUTHORIZER_FAILURE",
        "BAD_REQUEST_BODY",
        "BAD_REQUEST_PARAMETERS",
        "DEFAULT_4XX",
        "DEFAULT_5XX",
        "EXPIRED_TOKEN",
        "INTEGRATION_FAILURE",
        "INTEGRATION_TIMEOUT",
        "INVALID_API_KEY",
        "INVALID_SIGNATURE",
        "MISSING_AUTHENTICATION_TOKEN",
        "QUOTA_EXCEEDED",
        "REQUEST_TOO_LARGE",
        "RESOURCE_NOT_FOUND",
        "THROTTLED",
        "UNAUTHORIZED",
        "UNSUPPORTED_MEDIA_TYPE",
        "WAF_FILTERED",
    ];
    if !TYPES.contains(&response.response_type.as_str()) {
        return Err("Invalid gateway response type specified".to_owned());
    }
    if let Some(status) = &response.status_code
        && !status.parse::<u16>().is_ok_and(|status| (100..=599).contains(&status))
    {
        return Err("Invalid status code specified. Must be between 100 and 599".to_owned());
    }
    for (name, value) in &response.response_parameters {
        let is_static = value.len() >= 2 && value.starts_with('\'') && value.ends_with('\'');
        if !name.starts_with("gatewayresponse.header.") || !is_static {
            return Err(format!(
                "only headers with a text in single quotes are supported, not {name}: {value}"
            ));
        }
    }
    for template in response.response_templates.values() {
        let rest = template
            .replace("$context.error.messageString", "")
            .replace("$context.error.message", "")
            .replace("$context.error.responseType", "");
        if super::mock::has_expressions(&rest) {
            return Err(format!(
                "the embedded cloud does not support the expressions of the template `{template}`"
            ));
        }
    }
    Ok(())
}

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

/// The request is over its limit, before its API is known.
pub(in crate::services::apigateway) fn too_long() -> Reply {
    Refusal::TooLong.plain()
}
