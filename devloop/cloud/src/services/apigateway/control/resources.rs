//! `CreateResource`, `GetResource`, `GetResources`, `DeleteResource`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    errors::{bad_request, conflict, not_found},
    members::{Input, Members},
    page::page,
};
use crate::{
    error::ApiError,
    services::apigateway::model::{Api, Resource, new_id},
};

/// A resource in the form of the API's output. Its methods appear by name only, unless the request embeds them.
fn shown(resource: &Resource, embed: bool) -> Value {
    let mut value = json!(resource);
    if !resource.methods.is_empty() {
        let methods = resource.methods.iter().map(|(name, method)| {
            let method = if embed { json!(method) } else { json!({}) };
            (name.clone(), method)
        });
        value["resourceMethods"] = methods.collect();
    }
    value
}

fn embeds_methods(input: &Input) -> bool {
    match input.get("embed") {
        Some(Value::String(what)) => what == "methods",
        Some(Value::Array(all)) => all.iter().any(|what| what == "methods"),
        _ => false,
    }
}

/// `CreateResource`.
pub(super) fn create(api: &Api, parent: &str, input: Input) -> Result<Value, ApiError> {
    let mut members = Members::read("CreateResource", input);
    let part = members.take::<String>("pathPart")?.unwrap_or_default();
    members.finish()?;
    if part.is_empty() {
        return Err(bad_request("Resource's path part must be specified"));
    }
    let variable = variable_of(&part)?;
    let mut state = api.state.write();
    let above = state.resources.get(parent).ok_or_else(|| not_found("Resource"))?;
    if above.path.ends_with("+}") {
        return Err(bad_request(format!(
            "Cannot create a child of a resource with a greedy path variable: {}",
            above.path
        )));
    }
    let path = format!("{}/{part}", above.path.trim_end_matches('/'));
    for sibling in state.resources.values().filter(|other| other.parent_id.as_deref() == Some(parent)) {
        let name = sibling.path_part.as_deref().unwrap_or_default();
        if name == part {
            return Err(conflict(format!(
                "Another resource with the same parent already has this name: {part}"
            )));
        }
        // Two variables under one parent would match the same paths, unless exactly one of them is greedy.
        let both = |greedy: bool| {
            variable.is_some_and(|new| new == greedy)
                && matches!(variable_of(name), Ok(Some(old)) if old == greedy)
        };
        if both(true) || both(false) {
            return Err(bad_request(format!(
                "A sibling ({name}) of this resource already has a variable path part -- only one is allowed"
            )));
        }
    }
    let resource = Resource {
        id: new_id(6),
        parent_id: Some(parent.to_owned()),
        path_part: Some(part),
        path,
        methods: BTreeMap::new(),
    };
    let reply = shown(&resource, false);
    state.resources.insert(resource.id.clone(), resource);
    Ok(reply)
}

/// Whether a path part is a variable, and if so whether it is greedy. Fails for a part that is neither a name nor a
/// variable.
fn variable_of(part: &str) -> Result<Option<bool>, ApiError> {
    let name = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':'))
    };
    let inside = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    match inside {
        Some(inside) => match inside.strip_suffix('+') {
            Some(inside) if name(inside) => Ok(Some(true)),
            None if name(inside) => Ok(Some(false)),
            _ => Err(invalid_part()),
        },
        // `$` occurs in OData paths and in the name of the default stage.
        None if part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-:$+,;=@!~*'()".contains(&b)) => {
            Ok(None)
        }
        None => Err(invalid_part()),
    }
}

fn invalid_part() -> ApiError {
    bad_request(
        "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the \
         beginning and the end.",
    )
}

/// `GetResources`.
pub(super) fn list(api: &Api, input: &Input) -> Result<Value, ApiError> {
    let state = api.state.read();
    let mut found: Vec<&Resource> = state.resources.values().collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    let embed = embeds_methods(input);
    page(input, found.into_iter().map(|resource| shown(resource, embed)).collect())
}

/// `GetResource`.
pub(super) fn get(api: &Api, id: &str, input: &Input) -> Result<Value, ApiError> {
    let state = api.state.read();
    let resource = state.resources.get(id).ok_or_else(|| not_found("Resource"))?;
    Ok(shown(resource, embeds_methods(input)))
}

/// `DeleteResource`, with everything below it.
pub(super) fn delete(api: &Api, id: &str) -> Result<Value, ApiError> {
    let mut state = api.state.write();
    let resource = state.resources.get(id).ok_or_else(|| not_found("Resource"))?;
    if resource.parent_id.is_none() {
        return Err(bad_request("Root resource cannot be deleted"));
    }
    let below = format!("{}/", resource.path);
    state.resources.retain(|other, resource| other != id && !resource.path.starts_with(&below));
    Ok(Value::Null)
}
