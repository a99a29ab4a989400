//! The settings of an authorizer.

use serde::{Deserialize, Serialize};

use super::{Settings, bad_request, function_of};
use crate::error::ApiError;

/// The settings of an authorizer, with AWS's member names.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::services::apigatewayv2) struct AuthorizerSettings {
    pub(in crate::services::apigatewayv2) name: String,
    pub(in crate::services::apigatewayv2) authorizer_type: String,
    #[serde(default)]
    pub(in crate::services::apigatewayv2) identity_source: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::services::apigatewayv2) jwt_configuration: Option<Jwt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::services::apigatewayv2) authorizer_uri: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::services::apigatewayv2) authorizer_credentials_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::services::apigatewayv2) authorizer_payload_format_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::services::apigatewayv2) authorizer_result_ttl_in_seconds: Option<u32>,
    /// Of a Lambda authorizer; a JWT authorizer is shown without it [get-authorizer, AWS CLI Command Reference].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::services::apigatewayv2) enable_simple_responses: Option<bool>,
}

/// The issuer and the audience of tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(in crate::services::apigatewayv2) struct Jwt {
    pub(in crate::services::apigatewayv2) audience: Vec<String>,
    pub(in crate::services::apigatewayv2) issuer: String,
}

impl Settings for AuthorizerSettings {
    const OF: &'static str = "Authorizer";

    fn check(&self) -> Result<(), ApiError> {
        for source in &self.identity_source {
            let known = ["$request.header.", "$request.querystring.", "$context.", "$stageVariables."];
            if !known.iter().any(|start| source.starts_with(start)) {
                return Err(bad_request(format!("Invalid identity source specified `{source}`")));
            }
        }
        match self.authorizer_type.as_str() {
            "JWT" => {
                if self.identity_source.len() != 1 {
                    return Err(bad_request("A JWT authorizer needs exactly one identity source"));
                }
                match &self.jwt_configuration {
                    Some(jwt) if !jwt.issuer.is_empty() => Ok(()),
                    _ => Err(bad_request("A JWT authorizer needs a JwtConfiguration with an Issuer")),
                }
            }
            "REQUEST" => {
                if self.authorizer_uri.as_deref().and_then(function_of).is_none() {
                    return Err(bad_request("AuthorizerUri must name a Lambda function"));
                }
                if self.authorizer_result_ttl_in_seconds.is_some_and(|seconds| seconds > 3_600) {
                    return Err(bad_request("AuthorizerResultTtlInSeconds must be between 0 and 3600"));
                }
                match self.authorizer_payload_format_version.as_deref() {
                    Some("1.0") if self.enable_simple_responses == Some(true) => {
                        Err(bad_request("Simple responses need the payload format version 2.0"))
                    }
                    Some("1.0" | "2.0") => Ok(()),
                    _ => {
                        Err(bad_request("AuthorizerPayloadFormatVersion is a required parameter: 1.0 or 2.0"))
                    }
                }
            }
            other => Err(bad_request(format!("Invalid authorizer type specified {other}"))),
        }
    }
}
