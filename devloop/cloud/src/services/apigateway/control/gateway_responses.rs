//! Gateway responses: the API's own wording of the errors that the gateway returns.

use serde_json::{Value, json};

use super::{
    errors::{bad_request, not_found},
    members::{Input, Members},
    page::page,
};
use crate::{
    error::ApiError,
    services::apigateway::{
        data,
        model::{Api, GatewayResponse},
    },
};

/// `PutGatewayResponse`. Takes effect with the next deployment.
pub(super) fn put(api: &Api, kind: &str, input: Input) -> Result<Value, ApiError> {
    let mut members = Members::read("PutGatewayResponse", input);
    let response = GatewayResponse {
        response_type: kind.to_owned(),
        status_code: members.take("statusCode")?,
        response_parameters: members.map("responseParameters")?,
        response_templates: members.map("responseTemplates")?,
        default_response: false,
    };
    members.finish()?;
    data::check_response(&response).map_err(bad_request)?;
    let shown = json!(response);
    api.state.write().gateway_responses.insert(kind.to_owned(), response);
    Ok(shown)
}

/// `GetGatewayResponses`: one of every type, the API's own or the gateway's.
pub(super) fn list(api: &Api, input: &Input) -> Result<Value, ApiError> {
    let state = api.state.read();
    let shown = data::default_responses()
        .map(|default| json!(state.gateway_responses.get(&default.response_type).unwrap_or(&default)));
    page(input, shown.collect())
}

/// `GetGatewayResponse`.
pub(super) fn get(api: &Api, kind: &str) -> Result<Value, ApiError> {
    let state = api.state.read();
    let mut defaults = data::default_responses();
    let default = defaults.find(|default| default.response_type == kind);
    let default = default.ok_or_else(|| not_found("Gateway Response"))?;
    Ok(json!(state.gateway_responses.get(kind).unwrap_or(&default)))
}

/// `DeleteGatewayResponse`.
pub(super) fn delete(api: &Api, kind: &str) -> Result<Value, ApiError> {
    api.state.write().gateway_responses.remove(kind).ok_or_else(|| not_found("Gateway Response"))?;
    Ok(Value::Null)
}
