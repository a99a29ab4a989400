//! The operations on authorizers: functions that decide who may call a method [Use API Gateway Lambda authorizers].

use serde_json::{Value, json};

use super::{
    errors::{bad_request, conflict, not_found},
    members::{Input, Members},
    page::page,
    patch::{Patch, Verb},
};
use crate::{
    error::ApiError,
    services::apigateway::{
        data::function_of,
        model::{Api, Authorizer, new_id},
    },
};

/// How long a result is cached: the default and the maximum, in seconds.
const TTL_S: u32 = 300;
const LONGEST_S: u32 = 3_600;

fn absent() -> ApiError {
    not_found("Authorizer")
}

/// `CreateAuthorizer`.
pub(super) fn create(api: &Api, input: Input) -> Result<Value, ApiError> {
    let mut members = Members::read("CreateAuthorizer", input);
    let kind = members.required("type")?;
    if kind == "COGNITO_USER_POOLS" {
        return Err(ApiError::unsupported("authorizers of Cognito user pools (apigateway:CreateAuthorizer)"));
    }
    let authorizer = Authorizer {
        id: new_id(6),
        name: members.required("name")?,
        kind,
        // The default is what create-authorizer in the AWS CLI Command Reference shows.
        auth_type: members.take("authType")?.unwrap_or_else(|| "custom".to_owned()),
        authorizer_uri: members.required("authorizerUri")?,
        authorizer_credentials: members.take("authorizerCredentials")?,
        identity_source: members.take("identitySource")?.unwrap_or_default(),
        identity_validation_expression: members.take("identityValidationExpression")?,
        authorizer_result_ttl_in_seconds: members.take("authorizerResultTtlInSeconds")?.unwrap_or(TTL_S),
    };
    members.finish()?;
    check(&authorizer)?;
    let mut state = api.state.write();
    if state.authorizers.values().any(|other| other.name == authorizer.name) {
        return Err(conflict(
            "Authorizer name must be unique. Authorizer with this name already exists in this RestApi.",
        ));
    }
    let shown = json!(authorizer);
    state.authorizers.insert(authorizer.id.clone(), authorizer);
    Ok(shown)
}

fn check(authorizer: &Authorizer) -> Result<(), ApiError> {
    if function_of(&authorizer.authorizer_uri).is_none() {
        return Err(bad_request("Invalid Authorizer URI: it must name a Lambda function"));
    }
    if authorizer.authorizer_result_ttl_in_seconds > LONGEST_S {
        return Err(bad_request(format!("Authorizer result TTL must be between 0 and {LONGEST_S} seconds")));
    }
    if let Some(pattern) = &authorizer.identity_validation_expression {
        regex::Regex::new(pattern)
            .map_err(|error| bad_request(format!("Invalid identity validation expression: {error}")))?;
    }
    let sources: Vec<&str> = authorizer.sources().collect();
    let known = |source: &&str| {
        ["method.request.header.", "method.request.querystring.", "stageVariables.", "context."]
            .iter()
            .any(|start| source.starts_with(start))
    };
    match authorizer.kind.as_str() {
        "TOKEN" if sources.len() == 1 && sources[0].starts_with("method.request.header.") => Ok(()),
        "TOKEN" => Err(bad_request("A TOKEN authorizer needs one header as its identity source")),
        "REQUEST" if authorizer.authorizer_result_ttl_in_seconds > 0 && sources.is_empty() => {
            Err(bad_request("A REQUEST authorizer whose results are cached needs an identity source"))
        }
        "REQUEST" => match sources.iter().find(|source| !known(source)) {
            Some(source) => Err(bad_request(format!("Invalid identity source specified: {source}"))),
            None => Ok(()),
        },
        other => Err(bad_request(format!("Invalid authorizer type specified: {other}"))),
    }
}

/// `GetAuthorizers`.
pub(super) fn list(api: &Api, input: &Input) -> Result<Value, ApiError> {
    page(input, api.state.read().authorizers.values().map(|authorizer| json!(authorizer)).collect())
}

/// `GetAuthorizer`.
pub(super) fn get(api: &Api, id: &str) -> Result<Value, ApiError> {
    Ok(json!(api.state.read().authorizers.get(id).ok_or_else(absent)?))
}

/// `UpdateAuthorizer`. Takes effect with the next deployment.
pub(super) fn update(api: &Api, id: &str, input: Input) -> Result<Value, ApiError> {
    let patches = Patch::read("UpdateAuthorizer", input)?;
    let mut state = api.state.write();
    let place = state.authorizers.get_mut(id).ok_or_else(absent)?;
    let mut authorizer = place.clone();
    for patch in &patches {
        let steps = patch.steps();
        match (patch.verb()?, steps.first().map(String::as_str)) {
            (Verb::Replace, Some("name")) => authorizer.name = patch.value()?,
            (Verb::Replace, Some("authType")) => authorizer.auth_type = patch.value()?,
            (Verb::Replace, Some("authorizerUri")) => authorizer.authorizer_uri = patch.value()?,
            (Verb::Replace, Some("identitySource")) => authorizer.identity_source = patch.value()?,
            (Verb::Replace, Some("identityValidationExpression")) => {
                authorizer.identity_validation_expression = Some(patch.value()?);
            }
            (Verb::Replace, Some("authorizerResultTtlInSeconds")) => {
                authorizer.authorizer_result_ttl_in_seconds =
                    patch.value()?.parse().map_err(|_| patch.refusal())?;
            }
            _ => return Err(patch.refusal()),
        }
    }
    check(&authorizer)?;
    *place = authorizer;
    Ok(json!(place))
}

/// `DeleteAuthorizer`.
pub(super) fn delete(api: &Api, id: &str) -> Result<Value, ApiError> {
    let mut state = api.state.write();
    let methods = state.resources.values().flat_map(|resource| resource.methods.values());
    if methods.into_iter().any(|method| method.authorizer_id.as_deref() == Some(id)) {
        return Err(conflict("Cannot delete authorizer, it is used by a method of this API"));
    }
    state.authorizers.remove(id).map(|_| Value::Null).ok_or_else(absent)
}
