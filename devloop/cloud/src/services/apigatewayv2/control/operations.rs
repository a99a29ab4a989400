//! Runs the operations by their API names, and has the operations on APIs themselves.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};

use super::{import, parts, stages};
use crate::{
    context::Context,
    error::ApiError,
    rest::texts,
    services::{
        apigateway::new_id,
        apigatewayv2::{
            HttpApis,
            data::Cache,
            model::{Api, State},
            settings::{ApiSettings, Members, bad_request, not_found, read, updated},
        },
    },
};

/// The operations that [`call`] runs.
pub(in crate::services::apigatewayv2) const OPERATIONS: &[&str] = &[
    "CreateApi",
    "CreateAuthorizer",
    "CreateDeployment",
    "CreateIntegration",
    "CreateRoute",
    "CreateStage",
    "DeleteApi",
    "DeleteAuthorizer",
    "DeleteCorsConfiguration",
    "DeleteDeployment",
    "DeleteIntegration",
    "DeleteRoute",
    "DeleteStage",
    "GetApi",
    "GetApis",
    "GetAuthorizer",
    "GetAuthorizers",
    "GetDeployment",
    "GetDeployments",
    "GetIntegration",
    "GetIntegrations",
    "GetRoute",
    "GetRoutes",
    "GetStage",
    "GetStages",
    "GetTags",
    "ImportApi",
    "ReimportApi",
    "TagResource",
    "UntagResource",
    "UpdateApi",
    "UpdateAuthorizer",
    "UpdateDeployment",
    "UpdateIntegration",
    "UpdateRoute",
    "UpdateStage",
];

/// The tag with which users of LocalStack choose an API's id.
const CUSTOM_ID: &str = "_custom_id_";

/// Runs one operation.
pub(in crate::services::apigatewayv2) fn call(
    service: &HttpApis,
    cx: &Context,
    operation: &str,
    input: Value,
) -> Result<Value, ApiError> {
    let Value::Object(mut input) = input else { return Err(bad_request("the input must be an object")) };
    match operation {
        "CreateApi" => return create(service, cx, input),
        "ImportApi" => return import(service, cx, &mut input),
        "GetApis" => return Ok(list(service, cx, &input)),
        "GetTags" | "TagResource" | "UntagResource" => return tags(service, cx, operation, input),
        _ => {}
    }
    let api = service.api(cx, &taken(&mut input, "apiId")?)?;
    let now_ms = service.clock.now_ms();
    match operation {
        "GetApi" => Ok(api.shown(&api.state.read())),
        "DeleteApi" => {
            service.apis.write().remove(&api.id);
            Ok(Value::Null)
        }
        "UpdateApi" => {
            let mut state = api.state.write();
            state.settings = updated(&state.settings, input)?;
            stages::redeploy(&api, &mut state, now_ms)?;
            Ok(api.shown(&state))
        }
        "ReimportApi" => reimport(&api, &mut input, now_ms),
        "DeleteCorsConfiguration" => {
            let mut state = api.state.write();
            state.settings.cors_configuration = None;
            stages::redeploy(&api, &mut state, now_ms)?;
            Ok(Value::Null)
        }
        _ if operation.ends_with("Stage")
            || operation.ends_with("Stages")
            || operation.contains("Deployment") =>
        {
            stages::call(&api, operation, input, now_ms)
        }
        _ => parts::call(&api, operation, input, now_ms),
    }
}

/// Takes a text that names the operation's target.
pub(super) fn taken(input: &mut Members, name: &str) -> Result<String, ApiError> {
    match input.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        _ => Err(bad_request(format!("{name} must be specified and not be empty"))),
    }
}

/// A page of a list. `nextToken` is the number of items on the pages before it.
pub(super) fn page(input: &Members, items: Vec<Value>) -> Value {
    let number = |name: &str| match input.get(name) {
        Some(Value::String(text)) => text.parse::<usize>().ok(),
        Some(value) => value.as_u64().map(|number| number as usize),
        None => None,
    };
    let start = number("nextToken").unwrap_or(0);
    let end = start.saturating_add(number("maxResults").unwrap_or(500).clamp(1, 500));
    let next = (end < items.len()).then(|| end.to_string());
    let items: Vec<Value> = items.into_iter().skip(start).take(end - start).collect();
    let mut page = json!({ "items": items });
    if let Some(next) = next {
        page["nextToken"] = next.into();
    }
    page
}

fn create(service: &HttpApis, cx: &Context, mut input: Members) -> Result<Value, ApiError> {
    let target = input.remove("target");
    let key = input.remove("routeKey");
    let credentials = input.remove("credentialsArn");
    let settings = read(input)?;
    let api = insert(service, cx, settings)?;
    // Quick create: one call makes an API with a route, its integration and a stage with automatic deployment.
    if let Some(target) = target {
        let made = || -> Result<(), ApiError> {
            let now_ms = service.clock.now_ms();
            let integration = parts::call(
                &api,
                "CreateIntegration",
                members(json!({
                    "integrationType": "AWS_PROXY", "integrationUri": target, "payloadFormatVersion": "2.0",
                    "credentialsArn": credentials,
                })),
                now_ms,
            )?;
            let to = format!("integrations/{}", integration["integrationId"].as_str().unwrap_or_default());
            let key = key.unwrap_or_else(|| "$default".into());
            parts::call(&api, "CreateRoute", members(json!({ "routeKey": key, "target": to })), now_ms)?;
            let stage = members(json!({ "stageName": "$default", "autoDeploy": true }));
            stages::call(&api, "CreateStage", stage, now_ms)?;
            Ok(())
        };
        if let Err(error) = made() {
            service.apis.write().remove(&api.id);
            return Err(error);
        }
    }
    Ok(api.shown(&api.state.read()))
}

fn import(service: &HttpApis, cx: &Context, input: &mut Members) -> Result<Value, ApiError> {
    let body = taken(input, "body")?;
    let document = import::read(&body)?;
    let api = insert(service, cx, import::settings(&document)?)?;
    let now_ms = service.clock.now_ms();
    if let Err(error) = import::fill(&api, &document, now_ms) {
        service.apis.write().remove(&api.id);
        return Err(error);
    }
    Ok(api.shown(&api.state.read()))
}

/// Replaces what a document makes of an API: its settings, authorizers, integrations and routes. Id, stages, deployments and tags stay. A
/// document with an error changes nothing [ReimportApi].
fn reimport(api: &Api, input: &mut Members, now_ms: i64) -> Result<Value, ApiError> {
    let document = import::read(&taken(input, "body")?)?;
    let created_ms = api.state.read().created_ms;
    let draft = empty(api.id.clone(), &api.region, import::settings(&document)?, created_ms);
    import::fill(&draft, &document, now_ms)?;
    let mut new = draft.state.into_inner();
    let mut state = api.state.write();
    let tags = std::mem::take(&mut state.settings.tags);
    new.settings.tags = tags.into_iter().chain(new.settings.tags).collect();
    new.stages = std::mem::take(&mut state.stages);
    new.deployments = std::mem::take(&mut state.deployments);
    *state = new;
    stages::redeploy(api, &mut state, now_ms)?;
    Ok(api.shown(&state))
}

/// An API without routes and stages.
fn empty(id: String, region: &Arc<str>, settings: ApiSettings, created_ms: i64) -> Api {
    let state = State {
        settings,
        created_ms,
        routes: BTreeMap::new(),
        integrations: BTreeMap::new(),
        authorizers: BTreeMap::new(),
        deployments: BTreeMap::new(),
        stages: BTreeMap::new(),
    };
    Api {
        id,
        region: Arc::clone(region),
        state: RwLock::new(state),
        verdicts: Mutex::new(Cache::default()),
        buckets: Mutex::new(HashMap::new()),
    }
}

/// An object's members.
pub(super) fn members(value: Value) -> Members {
    match value {
        Value::Object(members) => members,
        _ => Members::new(),
    }
}

fn insert(service: &HttpApis, cx: &Context, settings: ApiSettings) -> Result<Arc<Api>, ApiError> {
    let mut apis = service.apis.write();
    let id = match settings.tags.get(CUSTOM_ID) {
        None => new_id(10),
        Some(id) if id.is_empty() || !id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) => {
            return Err(bad_request(format!("the tag {CUSTOM_ID} must consist of a-z and 0-9, not `{id}`")));
        }
        Some(id) if apis.contains_key(id) => {
            let message = format!("an API with the id {id} exists already");
            return Err(ApiError::with_status(409, "ConflictException", message));
        }
        Some(id) => id.clone(),
    };
    let api = Arc::new(empty(id.clone(), &cx.region, settings, service.clock.now_ms()));
    apis.insert(id, Arc::clone(&api));
    Ok(api)
}

fn list(service: &HttpApis, cx: &Context, input: &Members) -> Value {
    let apis = service.apis.read();
    let found = apis.values().filter(|api| api.region == cx.region);
    page(input, found.map(|api| api.shown(&api.state.read())).collect())
}

/// The tags of an API or a stage, by ARN: `arn:aws:apigateway:us-east-1::/apis/<id>[/stages/<name>]`.
fn tags(service: &HttpApis, cx: &Context, operation: &str, mut input: Members) -> Result<Value, ApiError> {
    let arn = taken(&mut input, "resourceArn")?;
    let path =
        arn.split("::/apis/").nth(1).ok_or_else(|| bad_request(format!("Invalid ARN specified {arn}")))?;
    let (id, stage) = path.split_once("/stages/").map_or((path, None), |(id, stage)| (id, Some(stage)));
    let api = service.api(cx, id)?;
    let mut state = api.state.write();
    let tags = match stage {
        None => &mut state.settings.tags,
        Some(name) => {
            let stage = state.stages.get_mut(name).ok_or_else(|| not_found("Stage", name))?;
            &mut stage.settings.tags
        }
    };
    match operation {
        "GetTags" => return Ok(json!({ "tags": tags })),
        "TagResource" => {
            for (key, value) in input.get("tags").and_then(Value::as_object).into_iter().flatten() {
                tags.insert(key.clone(), value.as_str().unwrap_or_default().to_owned());
            }
        }
        _ => {
            let keys = texts(&Value::Object(input), "tagKeys");
            tags.retain(|key, _| !keys.contains(key));
        }
    }
    Ok(json!({}))
}

impl HttpApis {
    /// The API `id` of the request's region.
    fn api(&self, cx: &Context, id: &str) -> Result<Arc<Api>, ApiError> {
        let found = self.apis.read().get(id).filter(|api| api.region == cx.region).cloned();
        found.ok_or_else(|| not_found("API", id))
    }
}
