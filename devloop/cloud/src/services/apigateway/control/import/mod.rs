//! `ImportRestApi` and `PutRestApi`: an API from an OpenAPI 3 or Swagger 2 document with API Gateway's extensions [OpenAPI
//! extensions for API Gateway].
//!
//! The document is applied to a copy of the API, with the same operations that clients call. The copy replaces the API when
//! all of them succeed. As on AWS, `security` at the document's top is ignored. Over the wire only JSON is accepted.

mod authorizers;
mod document;
mod operation;

use std::collections::BTreeMap;

use parking_lot::RwLock;
use serde_json::{Map, Value, json};

use self::{document::Document, operation::Known};
use super::{
    apis,
    errors::bad_request,
    gateway_responses,
    members::{Input, Members},
    models, resources, validators,
};
use crate::{
    context::Context,
    error::ApiError,
    services::apigateway::{
        ApiGateway,
        model::{Api, State},
    },
};

/// Members at a document's top that have no effect here.
const WITHOUT_EFFECT: [&str; 4] = [
    "x-amazon-apigateway-documentation",
    "x-amazon-apigateway-importexport-version",
    "x-amazon-apigateway-security-policy",
    "x-amazon-apigateway-tag-value",
];

/// `ImportRestApi`: creates an API named after the document's title.
pub(super) fn import(service: &ApiGateway, cx: &Context, input: Input) -> Result<Value, ApiError> {
    let (document, _) = read(input)?;
    let title = document.title().unwrap_or("Imported API").to_owned();
    let made = apis::create(service, cx, Map::from_iter([("name".to_owned(), title.into())]))?;
    let api = service.api(cx, made["id"].as_str().unwrap_or_default())?;
    match apply(&api, &document, false) {
        Ok(()) => Ok(apis::get(&api)),
        Err(error) => {
            apis::delete(service, &api);
            Err(error)
        }
    }
}

/// `PutRestApi`: replaces the API's resources by those of the document (`overwrite`), or adds them (`merge`). Takes effect
/// with the next deployment.
pub(super) fn put(api: &Api, input: Input) -> Result<Value, ApiError> {
    let (document, mode) = read(input)?;
    let merge = match mode.as_deref() {
        None | Some("merge") => true,
        Some("overwrite") => false,
        Some(other) => return Err(bad_request(format!("Invalid mode {other}. Must be merge or overwrite"))),
    };
    apply(api, &document, merge)?;
    Ok(apis::get(api))
}

/// Reads the document and the mode. In a request the body is the document, and the query has the other members.
fn read(mut input: Input) -> Result<(Document, Option<String>), ApiError> {
    let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
    let mode = text(input.remove("mode"));
    for name in ["failonwarnings", "failOnWarnings"] {
        input.remove(name);
    }
    let base_path = text(input.remove("basepath")).unwrap_or_else(|| "ignore".to_owned());
    let body = match input.remove("body") {
        Some(Value::String(text)) => serde_json::from_str(&text).map_err(|_| {
            bad_request(
                "Unable to parse API definition because of a malformed definition: it must be JSON here",
            )
        })?,
        Some(body) => body,
        None => Value::Object(input),
    };
    Ok((Document::read(body, &base_path)?, mode))
}

/// Applies the document to a copy of the API, then replaces the API by the copy.
fn apply(api: &Api, document: &Document, merge: bool) -> Result<(), ApiError> {
    let copy = copy(api, merge);
    fill(&copy, document)?;
    let new = copy.state.into_inner();
    let mut state = api.state.write();
    state.about = new.about;
    state.resources = new.resources;
    state.validators = new.validators;
    state.models = new.models;
    state.authorizers = new.authorizers;
    state.gateway_responses = new.gateway_responses;
    Ok(())
}

/// A copy of the API, without what the document replaces.
fn copy(api: &Api, merge: bool) -> Api {
    let state = api.state.read();
    let mut copy = State {
        about: state.about.clone(),
        resources: state.resources.clone(),
        deployments: BTreeMap::new(),
        stages: BTreeMap::new(),
        validators: state.validators.clone(),
        models: state.models.clone(),
        authorizers: state.authorizers.clone(),
        gateway_responses: state.gateway_responses.clone(),
    };
    if !merge {
        let root = copy.about.root_resource_id.clone();
        copy.resources.retain(|id, _| *id == root);
        copy.resources.values_mut().for_each(|root| root.methods.clear());
        copy.validators.clear();
        copy.models.clear();
        copy.authorizers.clear();
        copy.gateway_responses.clear();
        copy.about.binary_media_types.clear();
    }
    Api { id: api.id.clone(), region: api.region.clone(), state: RwLock::new(copy) }
}

fn fill(api: &Api, document: &Document) -> Result<(), ApiError> {
    about(api, document)?;
    for (name, schema) in document.schemas() {
        let schema = document.self_contained(schema);
        api.state.write().models.remove(name);
        let input = json!({ "name": name, "contentType": "application/json", "schema": schema.to_string() });
        models::create(api, members(input)).map_err(|error| found(&format!("the model {name}"), error))?;
    }
    let mut known = Known { authorizers: authorizers::put_all(api, document)?, ..Known::default() };
    for (name, validator) in document.map("x-amazon-apigateway-request-validators") {
        api.state.write().validators.retain(|_, other| other.name.as_deref() != Some(name));
        let mut input = members(validator.clone());
        input.insert("name".to_owned(), name.clone().into());
        let made =
            validators::create(api, input).map_err(|error| found(&format!("the validator {name}"), error))?;
        known.validators.insert(name.clone(), made["id"].as_str().unwrap_or_default().to_owned());
    }
    for (kind, response) in document.map("x-amazon-apigateway-gateway-responses") {
        let mut input = members(response.clone());
        if let Some(status) = input.get("statusCode").filter(|status| status.is_number()) {
            let status = status.to_string();
            input.insert("statusCode".to_owned(), status.into());
        }
        gateway_responses::put(api, kind, input)
            .map_err(|error| found(&format!("the gateway response {kind}"), error))?;
    }
    for (path, item) in document.paths() {
        let resource = resource(api, &path).map_err(|error| found(&format!("the path {path}"), error))?;
        operation::put_all(api, document, &path, &resource, item, &known)?;
    }
    Ok(())
}

/// Applies title, description, version and other settings of the API as a whole.
fn about(api: &Api, document: &Document) -> Result<(), ApiError> {
    let mut top = document.top();
    let info = top.take::<Map<String, Value>>("info")?.unwrap_or_default();
    let text = |name: &str| info.get(name).and_then(Value::as_str).map(str::to_owned);
    let types = top.take::<Vec<String>>("x-amazon-apigateway-binary-media-types")?;
    top.only("x-amazon-apigateway-api-key-source", "HEADER")?;
    // Members that are no extension of API Gateway, extensions without effect, and those that are read elsewhere.
    let known = |name: &str| {
        !name.starts_with("x-amazon-apigateway-")
            || WITHOUT_EFFECT.contains(&name)
            || ["-request-validators", "-request-validator", "-gateway-responses"]
                .iter()
                .any(|end| name.ends_with(end))
    };
    let mut left = Members::read("ImportRestApi", document.rest(known));
    for taken in ["x-amazon-apigateway-binary-media-types", "x-amazon-apigateway-api-key-source"] {
        left.take::<Value>(taken)?;
    }
    left.finish()?;
    let mut state = api.state.write();
    if let Some(title) = text("title") {
        state.about.name = title;
    }
    if let Some(description) = text("description") {
        state.about.description = Some(description);
    }
    if let Some(version) = text("version") {
        state.about.version = Some(version);
    }
    if let Some(types) = types {
        state.about.binary_media_types = types;
    }
    Ok(())
}

/// The id of the resource at a path; creates it and its missing parents.
fn resource(api: &Api, path: &str) -> Result<String, ApiError> {
    let mut id = api.state.read().about.root_resource_id.clone();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let state = api.state.read();
        let found = state.resources.values().find(|child| {
            child.parent_id.as_deref() == Some(&*id) && child.path_part.as_deref() == Some(part)
        });
        let found = found.map(|child| child.id.clone());
        drop(state);
        id = match found {
            Some(found) => found,
            None => {
                let made = resources::create(api, &id, members(json!({ "pathPart": part })))?;
                made["id"].as_str().unwrap_or_default().to_owned()
            }
        };
    }
    Ok(id)
}

/// An object as an operation's input; any other value as an empty input.
fn members(value: Value) -> Input {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// Adds to an error the place in the document where it comes from.
fn found(place: &str, mut error: ApiError) -> ApiError {
    error.message = format!("Errors found during import: {place}: {}", error.message);
    error
}

#[cfg(test)]
mod tests;
