//! The things that the service keeps. Their serialised forms are the shapes of the API Gateway V1 API reference.
#![expect(clippy::struct_field_names, reason = "the fields have the names that AWS gives the members")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parking_lot::RwLock;
use rand::Rng as _;
use serde::Serialize;
use serde_json::Value;

use super::data::Live;

/// One REST API with everything below it.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) id: String,
    pub(super) region: Arc<str>,
    pub(super) state: RwLock<State>,
}

/// The mutable part of an [`Api`].
#[derive(Debug)]
pub(super) struct State {
    pub(super) about: RestApi,
    pub(super) resources: BTreeMap<String, Resource>,
    pub(super) deployments: BTreeMap<String, Deployment>,
    pub(super) stages: BTreeMap<String, Stage>,
    pub(super) validators: BTreeMap<String, Validator>,
    /// By name, without the two built-in models.
    pub(super) models: BTreeMap<String, Model>,
    /// By response type.
    pub(super) gateway_responses: BTreeMap<String, GatewayResponse>,
    pub(super) authorizers: BTreeMap<String, Authorizer>,
}

/// `Authorizer`, of the types `TOKEN` and `REQUEST`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Authorizer {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// A word for exports of the API, without effect.
    pub(super) auth_type: String,
    pub(super) authorizer_uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) authorizer_credentials: Option<String>,
    /// Comma-separated identity sources.
    pub(super) identity_source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) identity_validation_expression: Option<String>,
    pub(super) authorizer_result_ttl_in_seconds: u32,
}

impl Authorizer {
    /// The single identity sources.
    pub(super) fn sources(&self) -> impl Iterator<Item = &str> {
        self.identity_source.split(',').map(str::trim).filter(|source| !source.is_empty())
    }
}

/// `RequestValidator`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Validator {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    pub(super) validate_request_body: bool,
    pub(super) validate_request_parameters: bool,
}

/// `Model`: a JSON schema (draft 4) with a name.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Model {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    /// The schema's text as the client gave it.
    pub(super) schema: String,
    pub(super) content_type: String,
}

/// `GatewayResponse`: the API's own wording of a gateway response.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GatewayResponse {
    pub(super) response_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status_code: Option<String>,
    /// Header values, by `gatewayresponse.header.<name>`; each is a text in single quotes.
    pub(super) response_parameters: BTreeMap<String, String>,
    /// Body templates, by media type.
    pub(super) response_templates: BTreeMap<String, String>,
    pub(super) default_response: bool,
}

/// `RestApi`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RestApi {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    /// Seconds since the epoch.
    pub(super) created_date: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) binary_media_types: Vec<String>,
    pub(super) api_key_source: &'static str,
    pub(super) endpoint_configuration: EndpointConfiguration,
    pub(super) disable_execute_api_endpoint: bool,
    pub(super) root_resource_id: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, String>,
}

/// `EndpointConfiguration`: kept and shown. The cloud serves every API from the same endpoint.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EndpointConfiguration {
    pub(super) types: Vec<String>,
    pub(super) ip_address_type: &'static str,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) parent_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) path_part: Option<String>,
    pub(super) path: String,
    /// By HTTP method or `ANY`. The request decides how much of each the output shows.
    #[serde(skip)]
    pub(super) methods: BTreeMap<String, Method>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Method {
    pub(super) http_method: String,
    pub(super) authorization_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) authorizer_id: Option<String>,
    pub(super) api_key_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) operation_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_validator_id: Option<String>,
    /// Whether each parameter is required. Only a request validator checks this.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) request_parameters: BTreeMap<String, bool>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) request_models: BTreeMap<String, String>,
    /// By status code. Answers of a proxy integration do not pass through them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) method_responses: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) method_integration: Option<Integration>,
}

/// `Integration` of type `AWS_PROXY` or `MOCK`.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Integration {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// Empty for a mock, as is `uri`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) http_method: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) uri: String,
    /// By media type; a mock takes its status code from them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) request_templates: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) credentials: Option<String>,
    pub(super) passthrough_behavior: String,
    /// Kept and shown; a mock reads its template whatever the body is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content_handling: Option<String>,
    #[serde(rename = "timeoutInMillis", serialize_with = "millis")]
    pub(super) timeout: Duration,
    pub(super) cache_namespace: String,
    pub(super) cache_key_parameters: [String; 0],
    /// By status code. Answers of a proxy integration do not pass through them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) integration_responses: BTreeMap<String, Value>,
}

fn millis<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(duration.as_millis() as u64)
}

/// `Deployment`: a snapshot of the API.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deployment {
    pub(super) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    /// Seconds since the epoch.
    pub(super) created_date: i64,
    #[serde(skip)]
    pub(super) snapshot: Arc<super::data::Snapshot>,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stage {
    pub(super) stage_name: String,
    pub(super) deployment_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) variables: BTreeMap<String, String>,
    pub(super) cache_cluster_enabled: bool,
    pub(super) cache_cluster_status: &'static str,
    /// By `<path>/<method>`, where `*/*` means every method.
    pub(super) method_settings: BTreeMap<String, MethodSetting>,
    pub(super) tracing_enabled: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, String>,
    /// Seconds since the epoch.
    pub(super) created_date: i64,
    /// Seconds since the epoch.
    pub(super) last_updated_date: i64,
    /// What requests to this stage use; replaced whenever the stage changes.
    #[serde(skip)]
    pub(super) live: Arc<Live>,
}

/// `MethodSetting`, as far as it has an effect here: throttling.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MethodSetting {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) throttling_burst_limit: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) throttling_rate_limit: Option<f64>,
}

/// A new id, made of characters that a host name can contain.
pub(crate) fn new_id(length: usize) -> String {
    const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut random = rand::rng();
    (0..length).map(|_| char::from(ALPHABET[random.random_range(0..ALPHABET.len())])).collect()
}
