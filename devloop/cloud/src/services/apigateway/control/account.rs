//! `GetAccount` and `UpdateAccount`: the role for execution logs, and the limits that AWS names.

use serde_json::json;

use super::patch::{Patch, Verb};
use crate::{context::Context, error::ApiError, http::Reply, services::apigateway::ApiGateway};

/// `GetAccount`.
pub(super) fn get(service: &ApiGateway, cx: &Context) -> Reply {
    let role = service.log_roles.of(&cx.region).lock().clone();
    let mut body = json!({
        "throttleSettings": { "burstLimit": 5000, "rateLimit": 10000.0 },
        "features": ["UsagePlans"],
        "apiKeyVersion": "4",
    });
    if let Some(role) = role {
        body["cloudwatchRoleArn"] = role.into();
    }
    Reply::json(200, &body)
}

/// `UpdateAccount`.
pub(super) fn update(service: &ApiGateway, cx: &Context, body: &[u8]) -> Result<Reply, ApiError> {
    let patches = Patch::read("UpdateAccount", body)?;
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
