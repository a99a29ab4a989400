//! `PutMethod`, `GetMethod`, `DeleteMethod` and their responses.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    errors::{bad_request, conflict, not_found},
    members::{Input, Members},
};
use crate::{
    error::ApiError,
    services::apigateway::model::{Api, Method, State},
};

/// The models that every API has [Models for REST APIs].
pub(super) const BUILT_IN_MODELS: [&str; 2] = ["Empty", "Error"];

const HTTP_METHODS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// The method and resource that a path names.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'p> {
    pub(super) resource: &'p str,
    pub(super) method: &'p str,
}

impl At<'_> {
    /// The method in `state`.
    pub(super) fn find<'s>(&self, state: &'s State) -> Result<&'s Method, ApiError> {
        let resource = state.resources.get(self.resource).ok_or_else(|| not_found("Resource"))?;
        resource.methods.get(self.method).ok_or_else(|| not_found("Method"))
    }

    /// The method in `state`, mutable.
    pub(super) fn find_mut<'s>(&self, state: &'s mut State) -> Result<&'s mut Method, ApiError> {
        let resource = state.resources.get_mut(self.resource).ok_or_else(|| not_found("Resource"))?;
        resource.methods.get_mut(self.method).ok_or_else(|| not_found("Method"))
    }
}

/// `PutMethod`.
pub(super) fn put(api: &Api, at: &At<'_>, input: Input) -> Result<Value, ApiError> {
    let mut members = Members::read("PutMethod", input);
    let authorization_type = match members.take::<String>("authorizationType")?.as_deref() {
        Some("NONE") => "NONE",
        Some("CUSTOM") => "CUSTOM",
        Some(kind @ ("AWS_IAM" | "COGNITO_USER_POOLS")) => {
            return Err(ApiError::unsupported(format_args!(
                "authorizationType {kind} of apigateway:PutMethod"
            )));
        }
        _ => {
            return Err(bad_request(
                "Invalid authorization type specified. Must be one of [NONE, AWS_IAM, CUSTOM, COGNITO_USER_POOLS]",
            ));
        }
    };
    // Only the type CUSTOM uses an authorizer; other types ignore its id.
    let authorizer_id = members.take::<String>("authorizerId")?.filter(|_| authorization_type == "CUSTOM");
    let operation_name = members.take("operationName")?;
    let api_key_required = members.take("apiKeyRequired")?.unwrap_or(false);
    let request_validator_id = members.take::<String>("requestValidatorId")?;
    let request_parameters = members.take::<BTreeMap<String, bool>>("requestParameters")?.unwrap_or_default();
    let request_models = members.map("requestModels")?;
    members.finish()?;
    if !HTTP_METHODS.contains(&at.method) {
        return Err(bad_request(format!(
            "Invalid HTTP method specified. Must be one of: [{}]",
            HTTP_METHODS.join(", ")
        )));
    }
    let mut state = api.state.write();
    let known =
        |model: &&String| BUILT_IN_MODELS.contains(&model.as_str()) || state.models.contains_key(*model);
    if let Some(model) = request_models.values().find(|model| !known(model)) {
        return Err(bad_request(format!("Invalid model identifier specified: {model}")));
    }
    let is_known = authorizer_id.as_ref().is_some_and(|id| state.authorizers.contains_key(id));
    if authorization_type == "CUSTOM" && !is_known {
        return Err(bad_request(
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM requires a valid authorizer.",
        ));
    }
    if request_validator_id.as_ref().is_some_and(|id| !state.validators.contains_key(id)) {
        return Err(bad_request("Invalid Request Validator identifier specified"));
    }
    let resource = state.resources.get_mut(at.resource).ok_or_else(|| not_found("Resource"))?;
    if resource.methods.contains_key(at.method) {
        return Err(conflict("Method already exists for this resource"));
    }
    let method = Method {
        http_method: at.method.to_owned(),
        authorization_type,
        authorizer_id,
        api_key_required,
        operation_name,
        request_validator_id,
        request_parameters,
        request_models,
        method_responses: BTreeMap::new(),
        method_integration: None,
    };
    let reply = json!(method);
    resource.methods.insert(at.method.to_owned(), method);
    Ok(reply)
}

/// `GetMethod`.
pub(super) fn get(api: &Api, at: &At<'_>) -> Result<Value, ApiError> {
    Ok(json!(at.find(&api.state.read())?))
}

/// `DeleteMethod`.
pub(super) fn delete(api: &Api, at: &At<'_>) -> Result<Value, ApiError> {
    let mut state = api.state.write();
    let resource = state.resources.get_mut(at.resource).ok_or_else(|| not_found("Resource"))?;
    resource.methods.remove(at.method).ok_or_else(|| not_found("Method"))?;
    Ok(Value::Null)
}

/// `PutMethodResponse`.
pub(super) fn put_response(api: &Api, at: &At<'_>, status: &str, input: Input) -> Result<Value, ApiError> {
    let mut members = Members::read("PutMethodResponse", input);
    let parameters = members.take::<BTreeMap<String, bool>>("responseParameters")?;
    let models = members.take::<BTreeMap<String, String>>("responseModels")?;
    members.finish()?;
    let response =
        response(status, [("responseParameters", json!(parameters)), ("responseModels", json!(models))])?;
    let mut state = api.state.write();
    let responses = &mut at.find_mut(&mut state)?.method_responses;
    if responses.contains_key(status) {
        return Err(conflict("Response already exists for this resource"));
    }
    responses.insert(status.to_owned(), response.clone());
    Ok(response)
}

/// `GetMethodResponse`.
pub(super) fn get_response(api: &Api, at: &At<'_>, status: &str) -> Result<Value, ApiError> {
    let state = api.state.read();
    let response = at.find(&state)?.method_responses.get(status).ok_or_else(no_such_status)?;
    Ok(response.clone())
}

/// `DeleteMethodResponse`.
pub(super) fn delete_response(api: &Api, at: &At<'_>, status: &str) -> Result<Value, ApiError> {
    let mut state = api.state.write();
    at.find_mut(&mut state)?.method_responses.remove(status).ok_or_else(no_such_status)?;
    Ok(Value::Null)
}

/// A response of a method or of an integration, without the members that are null.
pub(super) fn response<const N: usize>(status: &str, members: [(&str, Value); N]) -> Result<Value, ApiError> {
    if status.len() != 3 || !status.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad_request("Invalid status code specified. Must be between 100 and 599"));
    }
    let mut response = json!({ "statusCode": status });
    for (name, value) in members {
        if !value.is_null() {
            response[name] = value;
        }
    }
    Ok(response)
}

/// The error for a status that has no response.
pub(super) fn no_such_status() -> ApiError {
    ApiError::with_status(404, "NotFoundException", "Invalid Response status code specified")
}
