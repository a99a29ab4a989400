//! Models: JSON schemas that request bodies are validated against.

use serde_json::{Value, json};

use super::{
    errors::{bad_request, conflict, not_found},
    members::{Input, Members},
    methods::BUILT_IN_MODELS,
    page::page,
};
use crate::{
    error::ApiError,
    services::apigateway::{
        data,
        model::{Api, Model, new_id},
    },
};

/// `CreateModel`.
pub(super) fn create(api: &Api, input: Input) -> Result<Value, ApiError> {
    let mut members = Members::read("CreateModel", input);
    let model = Model {
        id: new_id(6),
        name: members.required("name")?,
        description: members.take("description")?,
        schema: members.take("schema")?.unwrap_or_else(|| "{}".to_owned()),
        content_type: members.required("contentType")?,
    };
    members.finish()?;
    if !model.name.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(bad_request("Model name must be alphanumeric"));
    }
    data::schema(&model.schema)
        .map_err(|why| bad_request(format!("Model schema is not a valid JSON schema: {why}")))?;
    let shown = json!(model);
    let mut state = api.state.write();
    if BUILT_IN_MODELS.contains(&model.name.as_str()) || state.models.contains_key(&model.name) {
        return Err(conflict("Model name already exists for this REST API"));
    }
    state.models.insert(model.name.clone(), model);
    Ok(shown)
}

/// `GetModels`.
pub(super) fn list(api: &Api, input: &Input) -> Result<Value, ApiError> {
    page(input, api.state.read().models.values().map(|model| json!(model)).collect())
}

/// `GetModel`.
pub(super) fn get(api: &Api, name: &str) -> Result<Value, ApiError> {
    Ok(json!(api.state.read().models.get(name).ok_or_else(|| not_found("Model"))?))
}

/// `DeleteModel`.
pub(super) fn delete(api: &Api, name: &str) -> Result<Value, ApiError> {
    api.state.write().models.remove(name).ok_or_else(|| not_found("Model"))?;
    Ok(Value::Null)
}
