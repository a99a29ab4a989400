//! `ImportApi` and `ReimportApi`: an API from an OpenAPI 3 document with API Gateway's extensions [Working with OpenAPI definitions for HTTP APIs;
//! OpenAPI extensions for API Gateway].

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{operations::members, parts};
use crate::{
    error::ApiError,
    services::apigatewayv2::{
        model::Api,
        settings::{ApiSettings, Members, bad_request, read as read_settings},
    },
};

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", ANY];
const ANY: &str = "x-amazon-apigateway-any-method";

/// Reads a document.
pub(super) fn read(body: &str) -> Result<Value, ApiError> {
    let document: Value = serde_json::from_str(body)
        .map_err(|error| bad_request(format!("Unable to parse the API definition as JSON: {error}")))?;
    match document["openapi"].as_str() {
        Some(version) if version.starts_with("3.") => Ok(document),
        _ => Err(bad_request("The API definition must be an OpenAPI document of version 3")),
    }
}

/// The settings of the API itself.
pub(super) fn settings(document: &Value) -> Result<ApiSettings, ApiError> {
    let mut settings = json!({
        "name": document["info"]["title"],
        "protocolType": "HTTP",
        "version": document["info"]["version"],
        "description": document["info"]["description"],
        "corsConfiguration": document["x-amazon-apigateway-cors"],
    });
    // In a document tags are a list of names, and their values are an extension.
    let tags: Members = document["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|tag| {
            Some((tag["name"].as_str()?.to_owned(), tag.get("x-amazon-apigateway-tag-value")?.clone()))
        })
        .collect();
    settings["tags"] = tags.into();
    read_settings(members(settings))
}

/// Creates the document's authorizers, integrations and routes.
pub(super) fn fill(api: &Api, document: &Value, now_ms: i64) -> Result<(), ApiError> {
    let mut authorizers = BTreeMap::new();
    let schemes = document["components"]["securitySchemes"].as_object();
    for (name, scheme) in schemes.into_iter().flatten() {
        let Some(given) = scheme.get("x-amazon-apigateway-authorizer") else { continue };
        let answer = parts::call(api, "CreateAuthorizer", authorizer(name, given)?, now_ms)?;
        let kind = if answer["authorizerType"] == "JWT" { "JWT" } else { "CUSTOM" };
        authorizers.insert(name.as_str(), (kind, answer["authorizerId"].clone()));
    }
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            if !METHODS.contains(&method.as_str()) {
                continue;
            }
            let Some(given) = operation.get("x-amazon-apigateway-integration") else {
                return Err(bad_request(format!("{method} {path} has no x-amazon-apigateway-integration")));
            };
            let integration = parts::call(api, "CreateIntegration", integration(given)?, now_ms)?;
            let key = match (path.as_str(), method.as_str()) {
                ("/$default" | "$default", _) => "$default".to_owned(),
                (path, ANY) => format!("ANY {path}"),
                (path, method) => format!("{} {path}", method.to_ascii_uppercase()),
            };
            let mut route = json!({
                "routeKey": key,
                "target": format!("integrations/{}", integration["integrationId"].as_str().unwrap_or_default()),
                "operationName": operation["operationId"],
            });
            let security = operation.get("security").or_else(|| document.get("security"));
            let required =
                security.and_then(Value::as_array).and_then(|list| list.first()).and_then(Value::as_object);
            if let Some((name, scopes)) = required.and_then(|required| required.iter().next()) {
                let (kind, id) = authorizers.get(name.as_str()).ok_or_else(|| {
                    bad_request(format!("{key} asks for the security scheme {name}, which is no authorizer"))
                })?;
                route["authorizationType"] = (*kind).into();
                route["authorizerId"] = id.clone();
                if scopes.as_array().is_some_and(|scopes| !scopes.is_empty()) {
                    route["authorizationScopes"] = scopes.clone();
                }
            }
            parts::call(api, "CreateRoute", members(route), now_ms)?;
        }
    }
    Ok(())
}

fn integration(given: &Value) -> Result<Members, ApiError> {
    let mut out = Members::new();
    for (name, value) in given.as_object().into_iter().flatten() {
        let name = match name.as_str() {
            "type" => {
                let kind = value.as_str().unwrap_or_default().to_ascii_uppercase();
                out.insert("integrationType".to_owned(), kind.into());
                continue;
            }
            "uri" => "integrationUri",
            "httpMethod" => "integrationMethod",
            "credentials" => "credentialsArn",
            // `connectionType` occurs in older documents; its only supported value is `INTERNET`.
            other @ ("payloadFormatVersion" | "timeoutInMillis" | "connectionType" | "description") => other,
            other => {
                return Err(ApiError::unsupported(format_args!(
                    "the member {other} of x-amazon-apigateway-integration (apigatewayv2)"
                )));
            }
        };
        out.insert(name.to_owned(), value.clone());
    }
    Ok(out)
}

fn authorizer(name: &str, given: &Value) -> Result<Members, ApiError> {
    let mut out = Members::new();
    out.insert("name".to_owned(), name.into());
    for (member, value) in given.as_object().into_iter().flatten() {
        let (member, value) = match member.as_str() {
            "type" => {
                let kind = value.as_str().unwrap_or_default().to_ascii_uppercase();
                ("authorizerType", kind.into())
            }
            "identitySource" => {
                let sources = value.as_str().unwrap_or_default().split(',');
                ("identitySource", sources.map(|source| source.trim().to_owned()).collect::<Vec<_>>().into())
            }
            "authorizerCredentials" => ("authorizerCredentialsArn", value.clone()),
            other @ ("jwtConfiguration"
            | "authorizerUri"
            | "authorizerPayloadFormatVersion"
            | "authorizerResultTtlInSeconds"
            | "enableSimpleResponses") => (other, value.clone()),
            other => {
                return Err(ApiError::unsupported(format_args!(
                    "the member {other} of x-amazon-apigateway-authorizer (apigatewayv2)"
                )));
            }
        };
        out.insert(member.to_owned(), value);
    }
    Ok(out)
}
