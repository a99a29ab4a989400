//! `GetAccount` and `UpdateAccount`: the role for execution logs, and the account's throttle limits.

use serde_json::{Value, json};

use super::{
    members::Input,
    patch::{Patch, Verb},
};
use crate::{context::Context, error::ApiError, services::apigateway::ApiGateway};

/// `GetAccount`.
pub(super) fn get(service: &ApiGateway, cx: &Context) -> Value {
    let role = service.log_roles.of(&cx.region).lock().clone();
    let mut body = json!({
        "throttleSettings": { "burstLimit": 5000, "rateLimit": 10000.0 },
        "features": ["UsagePlans"],
        "apiKeyVersion": "4",
    });
    if let Some(role) = role {
        body["cloudwatchRoleArn"] = role.into();
    }
    body
}

/// `UpdateAccount`.
pub(super) fn update(service: &ApiGateway, cx: &Context, input: Input) -> Result<Value, ApiError> {
    let patches = Patch::read("UpdateAccount", input)?;
    let mut roles = Vec::with_capacity(patches.len());
    for patch in &patches {
        let steps = patch.steps();
        match (patch.verb()?, steps.as_slice()) {
            (Verb::Replace | Verb::Add, [step]) if step == "cloudwatchRoleArn" => {
                roles.push(Some(patch.value()?).filter(|role| !role.is_empty()));
            }
            (Verb::Remove, [step]) if step == "cloudwatchRoleArn" => roles.push(None),
            _ => return Err(patch.refusal()),
        }
    }
    if let Some(role) = roles.pop() {
        *service.log_roles.of(&cx.region).lock() = role;
    }
    Ok(get(service, cx))
}
