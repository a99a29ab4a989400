//! Runs the operations on API keys and usage plans by their API names.

use serde_json::Value;

use super::{keys, store::Plans, usage, usage_plans};
use crate::{
    error::ApiError,
    services::apigateway::control::{Input, taken},
};

/// The operations that [`call`] runs.
pub(in crate::services::apigateway) const OPERATIONS: [&str; 16] = [
    "CreateApiKey",
    "CreateUsagePlan",
    "CreateUsagePlanKey",
    "DeleteApiKey",
    "DeleteUsagePlan",
    "DeleteUsagePlanKey",
    "GetApiKey",
    "GetApiKeys",
    "GetUsage",
    "GetUsagePlan",
    "GetUsagePlanKey",
    "GetUsagePlanKeys",
    "GetUsagePlans",
    "UpdateApiKey",
    "UpdateUsage",
    "UpdateUsagePlan",
];

/// Runs one operation.
pub(in crate::services::apigateway) fn call(
    plans: &Plans,
    now_ms: i64,
    operation: &str,
    mut input: Input,
) -> Result<Value, ApiError> {
    let mut store = plans.0.lock();
    match operation {
        "CreateApiKey" => return keys::create(&mut store, now_ms, input),
        "GetApiKeys" => return keys::list(&store, &input),
        "CreateUsagePlan" => return usage_plans::create(&mut store, now_ms, input),
        "GetUsagePlans" => return usage_plans::list(&store, &input),
        "GetApiKey" => return keys::get(&store, &taken(&mut input, "apiKey")?, &input),
        "UpdateApiKey" => return keys::update(&mut store, now_ms, &taken(&mut input, "apiKey")?, input),
        "DeleteApiKey" => return keys::delete(&mut store, &taken(&mut input, "apiKey")?),
        _ => {}
    }
    let plan = taken(&mut input, "usagePlanId")?;
    match operation {
        "GetUsagePlan" => usage_plans::get(&store, &plan),
        "UpdateUsagePlan" => usage_plans::update(&mut store, &plan, input),
        "DeleteUsagePlan" => usage_plans::delete(&mut store, &plan),
        "CreateUsagePlanKey" => usage_plans::add_key(&mut store, &plan, input),
        "GetUsagePlanKeys" => usage_plans::list_keys(&store, &plan, &input),
        "GetUsagePlanKey" => usage_plans::get_key(&store, &plan, &taken(&mut input, "keyId")?),
        "DeleteUsagePlanKey" => usage_plans::remove_key(&mut store, &plan, &taken(&mut input, "keyId")?),
        "GetUsage" => usage::get(&store, now_ms, &plan, &input),
        "UpdateUsage" => usage::update(&mut store, now_ms, &plan, &taken(&mut input, "keyId")?, input),
        _ => Err(ApiError::unknown_operation("apigateway", operation)),
    }
}
