//! Security schemes with `x-amazon-apigateway-authorizer` become authorizers of the API [x-amazon-apigateway-authorizer object].

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    super::{authorizers, errors::bad_request},
    document::Document,
    found, members,
};
use crate::{error::ApiError, services::apigateway::model::Api};

/// The extension that makes an authorizer of a scheme.
pub(super) const EXTENSION: &str = "x-amazon-apigateway-authorizer";

/// Makes the authorizer of every scheme that has one, whether a method uses it or not. Returns their ids by the schemes' names.
///
/// An authorizer of the same name is replaced and its id is kept, so that methods that the document does not touch still have it.
pub(super) fn put_all(api: &Api, document: &Document) -> Result<BTreeMap<String, String>, ApiError> {
    let mut ids = BTreeMap::new();
    for (name, scheme) in document.schemes() {
        let place = |error| found(&format!("the authorizer {name}"), error);
        let scheme = document.followed(scheme).map_err(place)?;
        if let Some(extension) = scheme.get(EXTENSION) {
            let input = input(name, scheme, document.followed(extension).map_err(place)?).map_err(place)?;
            ids.insert(name.clone(), put(api, name, input).map_err(place)?);
        }
    }
    Ok(ids)
}

fn put(api: &Api, name: &str, input: Map<String, Value>) -> Result<String, ApiError> {
    let former = {
        let mut state = api.state.write();
        let id = state.authorizers.iter().find(|(_, other)| other.name == name).map(|(id, _)| id.clone());
        id.and_then(|id| state.authorizers.remove(&id))
    };
    let made = authorizers::create(api, input)?["id"].as_str().unwrap_or_default().to_owned();
    let Some(former) = former else { return Ok(made) };
    let mut state = api.state.write();
    if let Some(mut authorizer) = state.authorizers.remove(&made) {
        authorizer.id.clone_from(&former.id);
        state.authorizers.insert(former.id.clone(), authorizer);
    }
    Ok(former.id)
}

/// The input of `CreateAuthorizer` for a scheme: a token is in the header that the scheme itself names.
fn input(name: &str, scheme: &Value, extension: &Value) -> Result<Map<String, Value>, ApiError> {
    let mut given = members(extension.clone());
    let kind = given.remove("type").unwrap_or_default();
    let kind = kind.as_str().unwrap_or_default().to_ascii_uppercase();
    let mut input = members(json!({ "name": name, "type": kind }));
    if kind == "TOKEN" {
        let header = scheme.get("name").and_then(Value::as_str);
        let header = header.filter(|_| scheme.get("in").is_none_or(|place| place == "header"));
        let header = header.ok_or_else(|| {
            bad_request(
                "a security scheme of type apiKey with `in: header` and the header's name must hold the token",
            )
        })?;
        input.insert("identitySource".to_owned(), format!("method.request.header.{header}").into());
        // AWS reads this member for the type REQUEST only.
        given.remove("identitySource");
    }
    // Templates write numbers that they insert as text.
    let seconds = given.remove("authorizerResultTtlInSeconds");
    let seconds = match seconds {
        Some(Value::String(text)) => Some(text.parse::<u32>().map_or_else(|_| text.into(), Value::from)),
        other => other,
    };
    input.extend(seconds.map(|seconds| ("authorizerResultTtlInSeconds".to_owned(), seconds)));
    input.extend(given);
    Ok(input)
}
