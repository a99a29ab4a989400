//! `CreateRestApi`, `GetRestApi`, `GetRestApis`, `UpdateRestApi`, `DeleteRestApi`.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::RwLock;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    errors::{bad_request, conflict},
    members::{Input, Members},
    page::page,
    patch::{Patch, Verb},
};
use crate::{
    context::Context,
    error::ApiError,
    services::apigateway::{
        ApiGateway,
        model::{Api, EndpointConfiguration, Resource, RestApi, State, new_id},
    },
};

/// The tag with which users of LocalStack choose an API's id.
const CUSTOM_ID: &str = "_custom_id_";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GivenEndpoint {
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    vpc_endpoint_ids: Vec<String>,
}

impl ApiGateway {
    /// The API `id` of the request's region.
    pub(super) fn api(&self, cx: &Context, id: &str) -> Result<Arc<Api>, ApiError> {
        self.apis.read().get(id).filter(|api| api.region == cx.region).cloned().ok_or_else(|| {
            ApiError::with_status(
                404,
                "NotFoundException",
                format!("Invalid API identifier specified {}:{id}", cx.account),
            )
        })
    }
}

/// `CreateRestApi`.
pub(super) fn create(service: &ApiGateway, cx: &Context, input: Input) -> Result<Value, ApiError> {
    let mut members = Members::read("CreateRestApi", input);
    let name = members.required("name")?;
    let description = members.take::<String>("description")?;
    if description.as_deref() == Some("") {
        return Err(bad_request("Description cannot be an empty string"));
    }
    let version = members.take("version")?;
    let binary_media_types = members.take("binaryMediaTypes")?.unwrap_or_default();
    members.only("apiKeySource", "HEADER")?;
    let endpoint = members.take::<GivenEndpoint>("endpointConfiguration")?;
    let tags = members.map("tags")?;
    members.finish()?;
    let types = endpoint_types(endpoint)?;

    let mut apis = service.apis.write();
    let id = match tags.get(CUSTOM_ID) {
        None => new_id(10),
        Some(id) if id.is_empty() || !id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) => {
            return Err(bad_request(format!("the tag {CUSTOM_ID} must consist of a-z and 0-9, not `{id}`")));
        }
        Some(id) if apis.contains_key(id) => {
            return Err(conflict(format!("an API with the id {id} exists already")));
        }
        Some(id) => id.clone(),
    };
    let root = Resource {
        id: new_id(10),
        parent_id: None,
        path_part: None,
        path: "/".to_owned(),
        methods: BTreeMap::new(),
    };
    let about = RestApi {
        id: id.clone(),
        name,
        description,
        created_date: service.clock.now_ms() / 1000,
        version,
        binary_media_types,
        api_key_source: "HEADER",
        endpoint_configuration: EndpointConfiguration { types, ip_address_type: "ipv4" },
        disable_execute_api_endpoint: false,
        root_resource_id: root.id.clone(),
        tags,
    };
    let reply = json!(about);
    let state = State {
        about,
        resources: BTreeMap::from([(root.id.clone(), root)]),
        deployments: BTreeMap::new(),
        stages: BTreeMap::new(),
        validators: BTreeMap::new(),
        models: BTreeMap::new(),
        gateway_responses: BTreeMap::new(),
        authorizers: BTreeMap::new(),
    };
    apis.insert(id.clone(), Arc::new(Api { id, region: Arc::clone(&cx.region), state: RwLock::new(state) }));
    Ok(reply)
}

fn endpoint_types(given: Option<GivenEndpoint>) -> Result<Vec<String>, ApiError> {
    let given = given.unwrap_or(GivenEndpoint { types: Vec::new(), vpc_endpoint_ids: Vec::new() });
    if !given.vpc_endpoint_ids.is_empty() {
        return Err(ApiError::unsupported("VPC endpoints of API Gateway"));
    }
    match given.types.as_slice() {
        [] => Ok(vec!["EDGE".to_owned()]),
        [one] if one == "EDGE" || one == "REGIONAL" => Ok(given.types),
        [one] if one == "PRIVATE" => Err(ApiError::unsupported("PRIVATE endpoints of API Gateway")),
        _ => Err(bad_request("Invalid EndpointTypes specified. Valid options are REGIONAL, EDGE, PRIVATE")),
    }
}

/// `GetRestApis`.
pub(super) fn list(service: &ApiGateway, cx: &Context, input: &Input) -> Result<Value, ApiError> {
    let mut found: Vec<RestApi> = service
        .apis
        .read()
        .values()
        .filter(|api| api.region == cx.region)
        .map(|api| api.state.read().about.clone())
        .collect();
    found.sort_by(|a, b| (a.created_date, &a.name, &a.id).cmp(&(b.created_date, &b.name, &b.id)));
    page(input, found.into_iter().map(|about| json!(about)).collect())
}

/// `GetRestApi`.
pub(super) fn get(api: &Api) -> Value {
    json!(api.state.read().about)
}

/// `UpdateRestApi`: name, description and binary media types. Takes effect with the next deployment.
pub(super) fn update(api: &Api, input: Input) -> Result<Value, ApiError> {
    let patches = Patch::read("UpdateRestApi", input)?;
    let mut state = api.state.write();
    let mut about = state.about.clone();
    for patch in &patches {
        let steps = patch.steps();
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        match (patch.verb()?, steps.as_slice()) {
            (Verb::Replace, ["name"]) => about.name = patch.value()?,
            (Verb::Replace, ["description"]) => about.description = Some(patch.value()?),
            (Verb::Remove, ["description"]) => about.description = None,
            (Verb::Replace, ["version"]) => about.version = Some(patch.value()?),
            (Verb::Add, ["binaryMediaTypes", kind]) => {
                if !about.binary_media_types.iter().any(|known| known == kind) {
                    about.binary_media_types.push((*kind).to_owned());
                }
            }
            (Verb::Replace, ["binaryMediaTypes", kind]) => {
                let place = about.binary_media_types.iter_mut().find(|known| known == kind);
                *place.ok_or_else(|| patch.refusal())? = patch.value()?;
            }
            (Verb::Remove, ["binaryMediaTypes", kind]) => {
                about.binary_media_types.retain(|known| known != kind);
            }
            _ => return Err(patch.refusal()),
        }
    }
    state.about = about;
    let mut shown: Value = json!(state.about);
    // AWS shows the tags of an updated API even when there are none.
    shown["tags"] = json!(state.about.tags);
    Ok(shown)
}

/// `DeleteRestApi`.
pub(super) fn delete(service: &ApiGateway, api: &Api) -> Value {
    service.apis.write().remove(&api.id);
    Value::Null
}
