//! Gateway responses: what the gateway answers when there is no valid answer of a function [Gateway response types for API
//! Gateway], and an API's own wording of them.

use std::collections::BTreeMap;

use hyper::header::{HeaderName, HeaderValue};
use serde_json::json;

use crate::{http::Reply, services::apigateway::model::GatewayResponse};

/// Why the gateway answers itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The deployment has no resource for the path, or no method of this name on it.
    UnknownRoute,
    /// The request has no identity for the authorizer.
    Unauthorized,
    /// The authorizer's policy denies the request.
    Denied,
    /// The authorizer failed, or its answer is invalid.
    NoVerdict,
    /// The method needs an API key of a usage plan for this stage.
    Key,
    /// The request exceeds a rate limit.
    Throttled,
    /// The usage plan's quota is used up.
    Quota,
    /// The request lacks a required parameter; the text names it.
    Parameters(String),
    /// The body does not fit its model.
    Body,
    /// No template exists for the body's media type.
    MediaType,
    /// The request or its event is too large.
    TooLong,
    /// The function failed, or its answer is not a valid proxy response.
    BadAnswer,
    /// The function could not be invoked: it is missing, may not be called, or is throttled. Even a throttle gives a 500
    /// here, not a 429 [How do I troubleshoot issues for API Gateway endpoints that integrate with Lambda?, AWS re:Post].
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

    /// The default answer, for APIs without their own wording.
    pub(super) fn plain(&self) -> Reply {
        let (_, status, class, message) = self.about();
        refusal(status, class, message)
    }

    /// The answer in the API's own wording, if it has one for this type of refusal or for its class (4xx or 5xx).
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

/// Every response type with its status; the two of a class have none of their own [Gateway response types for API Gateway].
const TYPES: [(&str, Option<u16>); 21] = [
    ("ACCESS_DENIED", Some(403)),
    ("API_CONFIGURATION_ERROR", Some(500)),
    ("AUTHORIZER_CONFIGURATION_ERROR", Some(500)),
    ("AUTHORIZER_FAILURE", Some(500)),
    ("BAD_REQUEST_BODY", Some(400)),
    ("BAD_REQUEST_PARAMETERS", Some(400)),
    ("DEFAULT_4XX", None),
    ("DEFAULT_5XX", None),
    ("EXPIRED_TOKEN", Some(403)),
    ("INTEGRATION_FAILURE", Some(504)),
    ("INTEGRATION_TIMEOUT", Some(504)),
    ("INVALID_API_KEY", Some(403)),
    ("INVALID_SIGNATURE", Some(403)),
    ("MISSING_AUTHENTICATION_TOKEN", Some(403)),
    ("QUOTA_EXCEEDED", Some(429)),
    ("REQUEST_TOO_LARGE", Some(413)),
    ("RESOURCE_NOT_FOUND", Some(404)),
    ("THROTTLED", Some(429)),
    ("UNAUTHORIZED", Some(401)),
    ("UNSUPPORTED_MEDIA_TYPE", Some(415)),
    ("WAF_FILTERED", Some(403)),
];

/// The gateway's own response of every type, as `GetGatewayResponses` shows it [GetGatewayResponses, API Gateway API reference].
pub(in crate::services::apigateway) fn default_responses() -> impl Iterator<Item = GatewayResponse> {
    let template = "{\"message\":$context.error.messageString}".to_owned();
    TYPES.into_iter().map(move |(kind, status)| GatewayResponse {
        response_type: kind.to_owned(),
        status_code: status.map(|status| status.to_string()),
        response_parameters: BTreeMap::new(),
        response_templates: BTreeMap::from([("application/json".to_owned(), template.clone())]),
        default_response: true,
    })
}

/// Checks a gateway response; the error names what is not supported.
pub(in crate::services::apigateway) fn check_response(response: &GatewayResponse) -> Result<(), String> {
    if !TYPES.iter().any(|(kind, _)| *kind == response.response_type) {
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

/// The answer for an API id without a deployed API, in LocalStack's words.
pub(in crate::services::apigateway) fn unknown_api(id: &str) -> Reply {
    refusal(
        404,
        "NotFoundException",
        &format!("The API id '{id}' does not correspond to a deployed API Gateway API"),
    )
}

/// The answer for a stage that the API does not have.
pub(in crate::services::apigateway) fn unknown_stage() -> Reply {
    refusal(403, "ForbiddenException", "Forbidden")
}

/// The answer for a request that is too large, given before its API is known.
pub(in crate::services::apigateway) fn too_long() -> Reply {
    Refusal::TooLong.plain()
}
