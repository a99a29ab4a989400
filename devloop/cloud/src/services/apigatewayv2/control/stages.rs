//! Stages and deployments.

use std::sync::Arc;

use serde_json::Value;

use super::operations::{page, taken};
use crate::{
    error::ApiError,
    services::{
        apigateway::new_id,
        apigatewayv2::{
            data::{Live, Snapshot},
            model::{Api, Deployment, Stage, State},
            settings::{Members, StageSettings, bad_request, not_found, read, updated},
        },
    },
};

/// The most deployments and stages of an API. When there are more deployments, the oldest that no stage serves is deleted.
const MOST_DEPLOYMENTS: usize = 100;
const MOST_STAGES: usize = 100;

/// Runs an operation on stages or deployments of `api`.
pub(super) fn call(api: &Api, operation: &str, mut input: Members, now_ms: i64) -> Result<Value, ApiError> {
    let mut state = api.state.write();
    match operation {
        "CreateStage" => {
            let settings: StageSettings = read(input)?;
            if state.stages.contains_key(&settings.stage_name) {
                return Err(ApiError::with_status(409, "ConflictException", "Stage already exists"));
            }
            if state.stages.len() >= MOST_STAGES {
                let message = format!("an API has at most {MOST_STAGES} stages");
                return Err(ApiError::with_status(429, "TooManyRequestsException", message));
            }
            put(api, &mut state, settings, now_ms)
        }
        "UpdateStage" => {
            let name = taken(&mut input, "stageName")?;
            let stage = state.stages.get(&name).ok_or_else(|| not_found("Stage", &name))?;
            let settings = updated(&stage.settings, input)?;
            put(api, &mut state, settings, now_ms)
        }
        "GetStage" => {
            let name = taken(&mut input, "stageName")?;
            state.stages.get(&name).map(Stage::shown).ok_or_else(|| not_found("Stage", &name))
        }
        "GetStages" => Ok(page(&input, state.stages.values().map(Stage::shown).collect())),
        "DeleteStage" => {
            let name = taken(&mut input, "stageName")?;
            state.stages.remove(&name).ok_or_else(|| not_found("Stage", &name))?;
            api.buckets.lock().retain(|(stage, _), _| *stage != name);
            Ok(Value::Null)
        }
        "CreateDeployment" => {
            let description = input.remove("description").and_then(|text| text.as_str().map(str::to_owned));
            let stage = input.remove("stageName").and_then(|text| text.as_str().map(str::to_owned));
            if let Some(name) = &stage
                && !state.stages.contains_key(name)
            {
                return Err(not_found("Stage", name));
            }
            let id = deploy(&mut state, description, false, now_ms);
            if let Some(stage) = stage {
                show(api, &mut state, &stage, &id, now_ms)?;
            }
            Ok(state.deployments[&id].shown(&id))
        }
        "GetDeployments" => {
            Ok(page(&input, state.deployments.iter().map(|(id, deployment)| deployment.shown(id)).collect()))
        }
        _ => {
            let id = taken(&mut input, "deploymentId")?;
            let absent = || not_found("Deployment", &id);
            match operation {
                "GetDeployment" => {}
                "UpdateDeployment" => {
                    let deployment = state.deployments.get_mut(&id).ok_or_else(absent)?;
                    if let Some(text) = input.get("description").and_then(Value::as_str) {
                        deployment.description = Some(text.to_owned());
                    }
                }
                "DeleteDeployment" => {
                    if is_shown(&state, &id) {
                        return Err(bad_request(
                            "Active stages pointing to this deployment must be moved or deleted",
                        ));
                    }
                    return state.deployments.remove(&id).map(|_| Value::Null).ok_or_else(absent);
                }
                _ => return Err(ApiError::unknown_operation("apigatewayv2", operation)),
            }
            state.deployments.get(&id).map(|deployment| deployment.shown(&id)).ok_or_else(absent)
        }
    }
}

/// Deploys the API to all stages with automatic deployment.
pub(super) fn redeploy(api: &Api, state: &mut State, now_ms: i64) -> Result<(), ApiError> {
    let stages: Vec<String> = state
        .stages
        .iter()
        .filter(|(_, stage)| stage.settings.auto_deploy)
        .map(|(name, _)| name.clone())
        .collect();
    if stages.is_empty() {
        return Ok(());
    }
    let id = deploy(
        state,
        Some("Automatic deployment triggered by changes to the Api configuration".into()),
        true,
        now_ms,
    );
    for stage in stages {
        show(api, state, &stage, &id, now_ms)?;
    }
    Ok(())
}

fn is_shown(state: &State, id: &str) -> bool {
    state.stages.values().any(|stage| stage.settings.deployment_id.as_deref() == Some(id))
}

fn deploy(state: &mut State, description: Option<String>, auto: bool, now_ms: i64) -> String {
    if state.deployments.len() >= MOST_DEPLOYMENTS {
        let spare = state.deployments.iter().filter(|(id, _)| !is_shown(state, id));
        let oldest = spare.min_by_key(|(_, deployment)| deployment.created_ms).map(|(id, _)| id.clone());
        if let Some(oldest) = oldest {
            state.deployments.remove(&oldest);
        }
    }
    let id = new_id(6);
    let snapshot = Arc::new(Snapshot::of(state));
    state.deployments.insert(id.clone(), Deployment { created_ms: now_ms, description, auto, snapshot });
    id
}

/// Makes a stage serve a deployment.
fn show(api: &Api, state: &mut State, name: &str, deployment: &str, now_ms: i64) -> Result<(), ApiError> {
    let snapshot = state.deployments.get(deployment).map(|found| Arc::clone(&found.snapshot));
    let snapshot = snapshot.ok_or_else(|| bad_request("Deployment id does not exist"))?;
    let stage = state.stages.get_mut(name).ok_or_else(|| not_found("Stage", name))?;
    stage.settings.deployment_id = Some(deployment.to_owned());
    stage.updated_ms = now_ms;
    stage.live = Some(Arc::new(Live::new(api, &stage.settings, snapshot)));
    Ok(())
}

/// Creates or replaces a stage.
fn put(api: &Api, state: &mut State, settings: StageSettings, now_ms: i64) -> Result<Value, ApiError> {
    let name = settings.stage_name.clone();
    let deployment = settings.deployment_id.clone();
    if let Some(id) = &deployment
        && !state.deployments.contains_key(id)
    {
        return Err(bad_request("Deployment id does not exist"));
    }
    // Changed throttles start with full token buckets.
    api.buckets.lock().retain(|(stage, _), _| *stage != name);
    let auto = settings.auto_deploy;
    let created_ms = state.stages.get(&name).map_or(now_ms, |stage| stage.created_ms);
    state.stages.insert(name.clone(), Stage { settings, created_ms, updated_ms: now_ms, live: None });
    match deployment {
        Some(id) => show(api, state, &name, &id, now_ms)?,
        None if auto => {
            let id = deploy(state, None, true, now_ms);
            show(api, state, &name, &id, now_ms)?;
        }
        None => {}
    }
    Ok(state.stages[&name].shown())
}
