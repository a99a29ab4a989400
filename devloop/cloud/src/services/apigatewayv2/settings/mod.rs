//! The settings that users give an API and its parts. They are the members of the operations' inputs; unknown ones are
//! refused [API Gateway V2 API reference].

mod authorizer;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{error::ApiError, proxy::Cors};

pub(super) use authorizer::{AuthorizerSettings, Jwt};

/// Members of an input, by name.
pub(super) type Members = Map<String, Value>;

/// The settings of one kind of thing.
pub(super) trait Settings: Serialize + DeserializeOwned {
    /// The name of the kind, for messages.
    const OF: &'static str;

    /// Refuses values that AWS or this cloud does not accept.
    fn check(&self) -> Result<(), ApiError>;
}

/// Reads and checks settings; an unknown member is refused, and the error names it.
pub(super) fn read<S: Settings>(mut members: Members) -> Result<S, ApiError> {
    members.retain(|_, value| !value.is_null());
    let settings: S = serde_json::from_value(Value::Object(members)).map_err(|error| {
        let text = error.to_string();
        match text.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) {
            Some(field) => {
                ApiError::unsupported(format_args!("the member {field} of {} (apigatewayv2)", S::OF))
            }
            None => bad_request(format!("Invalid {}: {text}", S::OF)),
        }
    })?;
    settings.check()?;
    Ok(settings)
}

/// The settings `old` with the given `members` replaced.
pub(super) fn updated<S: Settings>(old: &S, members: Members) -> Result<S, ApiError> {
    let Ok(Value::Object(mut all)) = serde_json::to_value(old) else {
        return Err(ApiError::internal(format!("the settings of {} could not be written", S::OF)));
    };
    all.extend(members.into_iter().filter(|(_, value)| !value.is_null()));
    read(all)
}

/// `BadRequestException`, status 400.
pub(super) fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::client("BadRequestException", message)
}

/// `NotFoundException`, status 404.
pub(super) fn not_found(what: &str, id: &str) -> ApiError {
    ApiError::with_status(404, "NotFoundException", format!("Invalid {what} identifier specified {id}"))
}

/// A map of texts.
pub(super) type Texts = BTreeMap<String, String>;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ApiSettings {
    pub(super) name: String,
    pub(super) protocol_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cors_configuration: Option<Cors>,
    #[serde(default)]
    pub(super) disable_execute_api_endpoint: bool,
    #[serde(default = "api_key_selection")]
    pub(super) api_key_selection_expression: String,
    #[serde(default = "route_selection")]
    pub(super) route_selection_expression: String,
    #[serde(default = "ipv4")]
    pub(super) ip_address_type: String,
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub(super) tags: Texts,
}

fn api_key_selection() -> String {
    "$request.header.x-api-key".to_owned()
}

fn route_selection() -> String {
    "$request.method $request.path".to_owned()
}

fn ipv4() -> String {
    "ipv4".to_owned()
}

impl Settings for ApiSettings {
    const OF: &'static str = "Api";

    fn check(&self) -> Result<(), ApiError> {
        match self.protocol_type.as_str() {
            "HTTP" => {}
            "WEBSOCKET" => return Err(ApiError::unsupported("WebSocket APIs of API Gateway")),
            other => return Err(bad_request(format!("Invalid protocol type specified {other}"))),
        }
        if self.route_selection_expression != route_selection() {
            return Err(bad_request("Invalid route selection expression for an HTTP API"));
        }
        let cors = self.cors_configuration.as_ref();
        if cors.is_some_and(|cors| {
            cors.allow_credentials == Some(true) && cors.allow_origins.iter().any(|o| o == "*")
        }) {
            return Err(bad_request("When allowCredentials is true, allowOrigins must not be *"));
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct RouteSettings {
    pub(super) route_key: String,
    #[serde(default = "none")]
    pub(super) authorization_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) authorizer_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) authorization_scopes: Vec<String>,
    #[serde(default)]
    pub(super) api_key_required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) operation_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<String>,
}

fn none() -> String {
    "NONE".to_owned()
}

impl RouteSettings {
    /// The route's method and path; `None` for `$default`.
    pub(super) fn method_and_path(&self) -> Option<(&str, &str)> {
        self.route_key.split_once(' ')
    }

    /// The id of the route's integration.
    pub(super) fn integration(&self) -> Option<&str> {
        self.target.as_deref()?.strip_prefix("integrations/")
    }
}

impl Settings for RouteSettings {
    const OF: &'static str = "Route";

    fn check(&self) -> Result<(), ApiError> {
        const METHODS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
        let is_known = match self.method_and_path() {
            None => self.route_key == "$default",
            Some((method, path)) => METHODS.contains(&method) && is_path(path),
        };
        if !is_known {
            let key = &self.route_key;
            return Err(bad_request(format!(
                "The provided route key is not formatted properly for HTTP protocol: `{key}`. Format should be \"<HTTP METHOD> \
                 /<RESOURCE PATH>\" or \"$default\""
            )));
        }
        if self.api_key_required {
            return Err(bad_request("API keys are not supported for HTTP APIs"));
        }
        match self.authorization_type.as_str() {
            "NONE" => Ok(()),
            "JWT" | "CUSTOM" if self.authorizer_id.is_some() => Ok(()),
            "JWT" | "CUSTOM" => Err(bad_request("AuthorizerId must be given with this authorization type")),
            "AWS_IAM" => Err(ApiError::unsupported("authorization by IAM of HTTP APIs (AWS_IAM)")),
            other => Err(bad_request(format!("Invalid authorization type specified {other}"))),
        }
    }
}

/// Whether a route's path is valid, such as `/a/{b}/{c+}`. Nothing may follow the greedy variable.
fn is_path(path: &str) -> bool {
    let Some(path) = path.strip_prefix('/') else { return false };
    let parts: Vec<&str> = path.split('/').collect();
    parts.iter().enumerate().all(|(at, part)| match part.strip_prefix('{') {
        None => !part.contains(['{', '}']),
        Some(rest) => rest.strip_suffix('}').is_some_and(|name| {
            !name.trim_end_matches('+').is_empty() && (!name.ends_with('+') || at + 1 == parts.len())
        }),
    })
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct IntegrationSettings {
    pub(super) integration_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) integration_uri: Option<String>,
    #[serde(default = "post", skip_serializing_if = "Option::is_none")]
    pub(super) integration_method: Option<String>,
    #[serde(default = "first_format")]
    pub(super) payload_format_version: String,
    #[serde(default = "internet")]
    pub(super) connection_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) credentials_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(default = "longest")]
    pub(super) timeout_in_millis: u64,
}

/// How functions are called; it is shown where nobody gave it too [create-integration, AWS CLI Command Reference].
#[allow(clippy::unnecessary_wraps, reason = "the default of an optional member")]
fn post() -> Option<String> {
    Some("POST".to_owned())
}

fn first_format() -> String {
    "1.0".to_owned()
}

fn internet() -> String {
    "INTERNET".to_owned()
}

/// The longest timeout of an integration, in ms [Quotas for configuring and running an HTTP API].
const LONGEST_MS: u64 = 30_000;

fn longest() -> u64 {
    LONGEST_MS
}

impl IntegrationSettings {
    /// The function in the URI: an ARN, or API Gateway's own form with the ARN inside.
    pub(super) fn function(&self) -> Option<&str> {
        function_of(self.integration_uri.as_deref()?)
    }
}

/// The function in a URI: an ARN, or `arn:aws:apigateway:…/functions/<ARN>/invocations`.
pub(super) fn function_of(uri: &str) -> Option<&str> {
    crate::services::apigateway::function_of(uri)
        .or_else(|| uri.starts_with("arn:aws:lambda:").then_some(uri))
}

impl Settings for IntegrationSettings {
    const OF: &'static str = "Integration";

    fn check(&self) -> Result<(), ApiError> {
        if self.integration_type != "AWS_PROXY" {
            let kind = &self.integration_type;
            return Err(ApiError::unsupported(format_args!(
                "integrations of the type {kind} (apigatewayv2)"
            )));
        }
        if self.connection_type != "INTERNET" {
            return Err(ApiError::unsupported("VPC links of API Gateway"));
        }
        if self.function().is_none() {
            return Err(bad_request("Invalid integration URI specified: it must name a Lambda function"));
        }
        if !["1.0", "2.0"].contains(&self.payload_format_version.as_str()) {
            return Err(bad_request("PayloadFormatVersion must be 1.0 or 2.0"));
        }
        if !(50..=LONGEST_MS).contains(&self.timeout_in_millis) {
            return Err(bad_request(format!("TimeoutInMillis must be between 50 and {LONGEST_MS}")));
        }
        Ok(())
    }
}

/// The throttle of one route, or the default for all routes without one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Bounds {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) throttling_burst_limit: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) throttling_rate_limit: Option<f64>,
    pub(super) detailed_metrics_enabled: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StageSettings {
    pub(super) stage_name: String,
    #[serde(default)]
    pub(super) auto_deploy: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deployment_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(default)]
    pub(super) default_route_settings: Bounds,
    #[serde(default)]
    pub(super) route_settings: BTreeMap<String, Bounds>,
    #[serde(default)]
    pub(super) stage_variables: Texts,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) access_log_settings: Option<AccessLog>,
    #[serde(default, skip_serializing_if = "Texts::is_empty")]
    pub(super) tags: Texts,
}

/// The destination of a stage's access log, and its format. Only log groups are written to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct AccessLog {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) destination_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) format: Option<String>,
}

impl Settings for StageSettings {
    const OF: &'static str = "Stage";

    fn check(&self) -> Result<(), ApiError> {
        let name = &self.stage_name;
        let valid = (1..=128).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if !valid && name != "$default" {
            return Err(bad_request("Stage name only allows a-zA-Z0-9_- or $default"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal<S: Settings>(members: Value) -> Option<String> {
        let Value::Object(members) = members else { unreachable!() };
        read::<S>(members).err().map(|error| error.message)
    }

    #[test]
    fn unknown_and_invalid_settings_are_refused_by_name() {
        let api = |members: Value| refusal::<ApiSettings>(members);
        assert_eq!(api(json!({"name": "a", "protocolType": "HTTP", "description": null})), None);
        assert!(api(json!({"name": "a", "protocolType": "WEBSOCKET"})).unwrap().contains("WebSocket"));
        assert!(
            api(json!({"name": "a", "protocolType": "HTTP", "strange": 1}))
                .unwrap()
                .contains("strange of Api")
        );
        assert!(api(json!({"protocolType": "HTTP"})).unwrap().contains("missing field `name`"));
        let route = |key: &str| refusal::<RouteSettings>(json!({"routeKey": key}));
        for key in ["$default", "GET /", "ANY /a/{b}/{c+}", "POST /a-b"] {
            assert_eq!(route(key), None, "{key}");
        }
        for key in ["GET", "get /a", "GET a", "GET /{a+}/b", "GET /{}", "GET /a{b}"] {
            assert!(route(key).is_some(), "{key}");
        }
    }
}
