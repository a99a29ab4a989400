//! `CreateDeployment`, `GetDeployment`, `GetDeployments`, `DeleteDeployment`.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{
    errors::{bad_request, not_found},
    members::{Input, Members},
    page::page,
    stages,
};
use crate::{
    error::ApiError,
    services::apigateway::{
        ApiGateway,
        data::Snapshot,
        model::{Api, Deployment, new_id},
    },
};

/// `CreateDeployment`: makes a snapshot of the API. If the input names a stage, the stage serves the snapshot at once.
pub(super) fn create(service: &ApiGateway, api: &Api, input: Input) -> Result<Value, ApiError> {
    let mut members = Members::read("CreateDeployment", input);
    let stage = members.take::<String>("stageName")?.filter(|name| !name.is_empty());
    let stage_description = members.take("stageDescription")?;
    let description = members.take("description")?;
    let variables: BTreeMap<String, String> = members.map("variables")?;
    members.finish()?;

    let now = service.clock.now_ms() / 1000;
    let mut state = api.state.write();
    let snapshot = Snapshot::of(&state).map_err(bad_request)?;
    let deployment =
        Deployment { id: new_id(6), description, created_date: now, snapshot: Arc::new(snapshot) };
    let reply = json!(deployment);
    if let Some(name) = stage {
        stages::check_name(&name)?;
        stages::check_variables(&variables)?;
        if let Some(stage) = state.stages.get_mut(&name) {
            stage.deployment_id.clone_from(&deployment.id);
            stage.variables.extend(variables);
            stage.description = stage_description.or(stage.description.take());
            stage.last_updated_date = now;
            stages::refresh(api, stage, &deployment);
        } else {
            let stage =
                stages::new(api, name, &deployment, stage_description, variables, BTreeMap::new(), now);
            state.stages.insert(stage.stage_name.clone(), stage);
        }
    }
    state.deployments.insert(deployment.id.clone(), deployment);
    Ok(reply)
}

/// `GetDeployments`.
pub(super) fn list(api: &Api, input: &Input) -> Result<Value, ApiError> {
    let state = api.state.read();
    let mut found: Vec<&Deployment> = state.deployments.values().collect();
    found.sort_by(|a, b| (b.created_date, &b.id).cmp(&(a.created_date, &a.id)));
    page(input, found.into_iter().map(|deployment| json!(deployment)).collect::<Vec<Value>>())
}

/// `GetDeployment`.
pub(super) fn get(api: &Api, id: &str) -> Result<Value, ApiError> {
    let state = api.state.read();
    let deployment = state.deployments.get(id).ok_or_else(|| not_found("Deployment"))?;
    Ok(json!(deployment))
}

/// `DeleteDeployment`.
pub(super) fn delete(api: &Api, id: &str) -> Result<Value, ApiError> {
    let mut state = api.state.write();
    if !state.deployments.contains_key(id) {
        return Err(not_found("Deployment"));
    }
    if state.stages.values().any(|stage| stage.deployment_id == id) {
        return Err(bad_request("Active stages pointing to this deployment must be moved or deleted"));
    }
    state.deployments.remove(id);
    Ok(Value::Null)
}
