//! Request validators: which parts of a request are checked before its integration is called.

use serde_json::{Value, json};

use super::{
    errors::not_found,
    members::{Input, Members},
    page::page,
    patch::{Patch, Verb},
};
use crate::{
    error::ApiError,
    services::apigateway::model::{Api, Validator, new_id},
};

fn absent() -> ApiError {
    not_found("Request Validator")
}

/// `CreateRequestValidator`.
pub(super) fn create(api: &Api, input: Input) -> Result<Value, ApiError> {
    let mut members = Members::read("CreateRequestValidator", input);
    let validator = Validator {
        id: new_id(6),
        name: members.take("name")?,
        validate_request_body: members.take("validateRequestBody")?.unwrap_or(false),
        validate_request_parameters: members.take("validateRequestParameters")?.unwrap_or(false),
    };
    members.finish()?;
    let shown = json!(validator);
    api.state.write().validators.insert(validator.id.clone(), validator);
    Ok(shown)
}

/// `GetRequestValidators`.
pub(super) fn list(api: &Api, input: &Input) -> Result<Value, ApiError> {
    page(input, api.state.read().validators.values().map(|validator| json!(validator)).collect())
}

/// `GetRequestValidator`.
pub(super) fn get(api: &Api, id: &str) -> Result<Value, ApiError> {
    Ok(json!(api.state.read().validators.get(id).ok_or_else(absent)?))
}

/// `UpdateRequestValidator`. Takes effect with the next deployment.
pub(super) fn update(api: &Api, id: &str, input: Input) -> Result<Value, ApiError> {
    let patches = Patch::read("UpdateRequestValidator", input)?;
    let mut state = api.state.write();
    let place = state.validators.get_mut(id).ok_or_else(absent)?;
    let mut validator = place.clone();
    for patch in &patches {
        let steps = patch.steps();
        let flag = || patch.value().and_then(|text| text.parse().map_err(|_| patch.refusal()));
        match (patch.verb()?, steps.first().map(String::as_str)) {
            (Verb::Replace, Some("name")) => validator.name = Some(patch.value()?),
            (Verb::Replace, Some("validateRequestBody")) => validator.validate_request_body = flag()?,
            (Verb::Replace, Some("validateRequestParameters")) => {
                validator.validate_request_parameters = flag()?;
            }
            _ => return Err(patch.refusal()),
        }
    }
    *place = validator;
    Ok(json!(place))
}

/// `DeleteRequestValidator`.
pub(super) fn delete(api: &Api, id: &str) -> Result<Value, ApiError> {
    api.state.write().validators.remove(id).ok_or_else(absent)?;
    Ok(Value::Null)
}
