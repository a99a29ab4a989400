//! `CreateStage`, `GetStage`, `GetStages`, `UpdateStage`, `DeleteStage`.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{
    errors::{bad_request, conflict},
    members::{Input, Members},
    patch::{Patch, Verb},
};
use crate::{
    error::ApiError,
    services::apigateway::{
        ApiGateway,
        data::Live,
        model::{Api, Deployment, MethodSetting, Stage},
        plans::Throttle,
    },
};

fn no_such_stage() -> ApiError {
    ApiError::with_status(404, "NotFoundException", "Invalid Stage identifier specified")
}

fn no_such_deployment() -> ApiError {
    bad_request("Deployment id does not exist")
}

/// Checks a stage's name [`CreateStage`, API Gateway V1 API reference].
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let valid = (1..=128).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if valid { Ok(()) } else { Err(bad_request("Stage name only allows a-zA-Z0-9_-")) }
}

/// Checks stage variables [Stage variables for REST APIs].
pub(super) fn check_variables(variables: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let valid =
        |text: &str, more: &[u8]| text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b));
    for (name, value) in variables {
        if name.is_empty() || !valid(name, b"_") {
            return Err(bad_request("Stage variable names only allow a-zA-Z0-9_"));
        }
        if !valid(value, b"-._~:/?#&=,") {
            return Err(bad_request(format!(
                "Stage variable values only allow a-zA-Z0-9-._~:/?#&=, , which {name} does not keep to"
            )));
        }
    }
    Ok(())
}

/// A stage that serves `deployment`.
pub(super) fn new(
    api: &Api,
    name: String,
    deployment: &Deployment,
    description: Option<String>,
    variables: BTreeMap<String, String>,
    tags: BTreeMap<String, String>,
    now: i64,
) -> Stage {
    let live = live(api, &name, deployment, &variables, &BTreeMap::new());
    Stage {
        stage_name: name,
        deployment_id: deployment.id.clone(),
        description,
        variables,
        cache_cluster_enabled: false,
        cache_cluster_status: "NOT_AVAILABLE",
        method_settings: BTreeMap::new(),
        tracing_enabled: false,
        tags,
        created_date: now,
        last_updated_date: now,
        live,
    }
}

/// Makes the changed `stage` take effect for requests.
pub(super) fn refresh(api: &Api, stage: &mut Stage, deployment: &Deployment) {
    stage.live = live(api, &stage.stage_name, deployment, &stage.variables, &stage.method_settings);
}

/// The key of a method's settings: `*/*` for all methods, else the path without its leading slash and the method.
fn setting_name(path: &str, method: &str) -> String {
    format!("{}/{method}", path.strip_prefix('/').unwrap_or(path))
}

fn live(
    api: &Api,
    stage: &str,
    deployment: &Deployment,
    variables: &BTreeMap<String, String>,
    settings: &BTreeMap<String, MethodSetting>,
) -> Arc<Live> {
    let throttles = settings.iter().filter_map(|(name, setting)| {
        let (rate, burst) = (setting.throttling_rate_limit, setting.throttling_burst_limit);
        let rate_limit = rate.or_else(|| burst.map(|burst| burst as f64))?;
        let burst_limit = burst.unwrap_or(rate_limit.ceil() as i64);
        Some((name.clone(), Throttle { burst_limit, rate_limit }))
    });
    Arc::new(Live {
        throttles: throttles.collect(),
        api: api.id.clone(),
        region: Arc::clone(&api.region),
        stage: stage.to_owned(),
        deployment: deployment.id.clone(),
        variables: variables.clone(),
        snapshot: Arc::clone(&deployment.snapshot),
        verdicts: Mutex::default(),
    })
}

/// `CreateStage`.
pub(super) fn create(service: &ApiGateway, api: &Api, input: Input) -> Result<Value, ApiError> {
    let mut members = Members::read("CreateStage", input);
    let name = members.required("stageName")?;
    let deployment = members.required("deploymentId")?;
    let description = members.take("description")?;
    let variables = members.map("variables")?;
    let tags = members.map("tags")?;
    members.finish()?;
    check_name(&name)?;
    check_variables(&variables)?;
    let mut state = api.state.write();
    let deployment = state.deployments.get(&deployment).ok_or_else(no_such_deployment)?;
    if state.stages.contains_key(&name) {
        return Err(conflict("Stage already exists"));
    }
    let now = service.clock.now_ms() / 1000;
    let stage = new(api, name, deployment, description, variables, tags, now);
    let reply = json!(stage);
    state.stages.insert(stage.stage_name.clone(), stage);
    Ok(reply)
}

/// `GetStages`, the only list operation without pages.
pub(super) fn list(api: &Api, input: &Input) -> Result<Value, ApiError> {
    let wanted = input.get("deploymentId").and_then(Value::as_str);
    let state = api.state.read();
    if wanted.is_some_and(|id| !state.deployments.contains_key(id)) {
        return Err(no_such_deployment());
    }
    let found: Vec<Value> = state
        .stages
        .values()
        .filter(|stage| wanted.is_none_or(|id| stage.deployment_id == id))
        .map(|stage| json!(stage))
        .collect();
    Ok(json!({ "item": found }))
}

/// `GetStage`.
pub(super) fn get(api: &Api, name: &str) -> Result<Value, ApiError> {
    let state = api.state.read();
    let stage = state.stages.get(name).ok_or_else(no_such_stage)?;
    Ok(json!(stage))
}

/// `UpdateStage`: deployment, description and variables. Takes effect at once.
pub(super) fn update(service: &ApiGateway, api: &Api, name: &str, input: Input) -> Result<Value, ApiError> {
    let patches = Patch::read("UpdateStage", input)?;
    let mut state = api.state.write();
    let mut stage = state.stages.get(name).ok_or_else(no_such_stage)?.clone();
    for patch in &patches {
        let steps = patch.steps();
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        match (patch.verb()?, steps.as_slice()) {
            (Verb::Replace, ["deploymentId"]) => stage.deployment_id = patch.value()?,
            (Verb::Replace, ["description"]) => stage.description = Some(patch.value()?),
            (Verb::Replace | Verb::Add, ["variables", variable]) => {
                stage.variables.insert((*variable).to_owned(), patch.value()?);
            }
            (Verb::Remove, ["variables", variable]) => {
                stage.variables.remove(*variable);
            }
            (Verb::Replace | Verb::Add, [path, method, "throttling", limit]) => {
                let setting = stage.method_settings.entry(setting_name(path, method)).or_default();
                let number: f64 = patch.value()?.parse().map_err(|_| patch.refusal())?;
                match *limit {
                    "rateLimit" => setting.throttling_rate_limit = Some(number),
                    "burstLimit" => setting.throttling_burst_limit = Some(number as i64),
                    _ => return Err(patch.refusal()),
                }
            }
            (Verb::Remove, [path, method]) => {
                let removed = stage.method_settings.remove(&setting_name(path, method));
                removed.ok_or_else(|| patch.refusal())?;
            }
            _ => return Err(patch.refusal()),
        }
    }
    check_variables(&stage.variables)?;
    let deployment = state.deployments.get(&stage.deployment_id).ok_or_else(no_such_deployment)?;
    refresh(api, &mut stage, deployment);
    stage.last_updated_date = service.clock.now_ms() / 1000;
    let reply = json!(stage);
    state.stages.insert(name.to_owned(), stage);
    Ok(reply)
}

/// `DeleteStage`.
pub(super) fn delete(api: &Api, name: &str) -> Result<Value, ApiError> {
    api.state.write().stages.remove(name).ok_or_else(no_such_stage)?;
    Ok(Value::Null)
}
