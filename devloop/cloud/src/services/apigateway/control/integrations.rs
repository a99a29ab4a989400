//! `PutIntegration`, `GetIntegration`, `UpdateIntegration`, `DeleteIntegration` and their responses.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use super::{
    errors::{bad_request, conflict, not_found},
    members::{Input, Members},
    methods::{At, no_such_status, response},
    patch::{Patch, Verb},
};
use crate::{
    arn::Arn,
    error::ApiError,
    services::apigateway::{
        data,
        model::{Api, Integration, Method},
    },
};

/// The longest timeout of an integration in ms; more needs a raised quota [Quotas for configuring and running a REST API].
const LONGEST: i64 = 29_000;

/// `PutIntegration`.
pub(super) fn put(api: &Api, at: &At<'_>, input: Input) -> Result<Value, ApiError> {
    let mut members = Members::read("PutIntegration", input);
    let kind = match members.take::<String>("type")?.as_deref() {
        Some("AWS_PROXY") => "AWS_PROXY",
        Some("MOCK") => "MOCK",
        Some(kind @ ("AWS" | "HTTP" | "HTTP_PROXY")) => {
            return Err(ApiError::unsupported(format_args!(
                "{kind} integrations of API Gateway, only AWS_PROXY and MOCK"
            )));
        }
        _ => return Err(bad_request("Invalid integration type specified")),
    };
    let http_method = members.take::<String>("integrationHttpMethod")?;
    let uri = members.take::<String>("uri")?;
    let (http_method, uri) = if kind == "MOCK" {
        (http_method.unwrap_or_default(), String::new())
    } else {
        let missing = || bad_request("Enumeration value for HttpMethod must be non-empty");
        (http_method.ok_or_else(missing)?, checked_uri(uri.unwrap_or_default())?)
    };
    let request_templates = members.map("requestTemplates")?;
    if kind == "MOCK" {
        request_templates
            .values()
            .try_for_each(|template| data::check_mock(template).map_err(bad_request))?;
    }
    let content_handling = members.take::<String>("contentHandling")?;
    match content_handling.as_deref() {
        Some("CONVERT_TO_TEXT" | "CONVERT_TO_BINARY") if kind == "MOCK" => {}
        Some("CONVERT_TO_TEXT" | "CONVERT_TO_BINARY") => {
            return Err(ApiError::unsupported("contentHandling of integrations other than MOCK"));
        }
        Some(other) => return Err(bad_request(format!("Invalid content handling specified: {other}"))),
        None => {}
    }
    members.only("connectionType", "INTERNET")?;
    members.only("responseTransferMode", "BUFFERED")?;
    let integration = Integration {
        kind,
        http_method,
        uri,
        request_templates,
        credentials: members.take("credentials")?,
        passthrough_behavior: members
            .take("passthroughBehavior")?
            .unwrap_or_else(|| "WHEN_NO_MATCH".to_owned()),
        content_handling,
        timeout: checked_timeout(members.take("timeoutInMillis")?.unwrap_or(LONGEST))?,
        cache_namespace: members.take("cacheNamespace")?.unwrap_or_else(|| at.resource.to_owned()),
        cache_key_parameters: [],
        integration_responses: BTreeMap::new(),
    };
    members.finish()?;
    let reply = json!(integration);
    at.find_mut(&mut api.state.write())?.method_integration = Some(integration);
    Ok(reply)
}

fn checked_uri(uri: String) -> Result<String, ApiError> {
    // `arn:aws:apigateway:<region>:<service>:path/…`: the service is in the account's place.
    let arn = Arn::of_service("apigateway", &uri)
        .ok_or_else(|| bad_request("Invalid ARN specified in the request"))?;
    let (service, target) = (arn.account, arn.resource);
    if !(target.starts_with("path/") || target.starts_with("action/")) {
        return Err(bad_request("AWS ARN for integration must contain path or action"));
    }
    if service != "lambda" {
        return Err(bad_request(format!(
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function, not {service}"
        )));
    }
    match data::function_of(&uri) {
        Some(_) => Ok(uri),
        None => Err(bad_request("Invalid function ARN or invalid uri")),
    }
}

fn checked_timeout(ms: i64) -> Result<Duration, ApiError> {
    if (50..=LONGEST).contains(&ms) {
        Ok(Duration::from_millis(ms as u64))
    } else {
        Err(bad_request(format!("Timeout should be between 50 ms and {LONGEST} ms")))
    }
}

fn of(method: &Method) -> Result<&Integration, ApiError> {
    method.method_integration.as_ref().ok_or_else(|| not_found("Integration"))
}

fn of_mut(method: &mut Method) -> Result<&mut Integration, ApiError> {
    method.method_integration.as_mut().ok_or_else(|| not_found("Integration"))
}

/// `GetIntegration`.
pub(super) fn get(api: &Api, at: &At<'_>) -> Result<Value, ApiError> {
    Ok(json!(of(at.find(&api.state.read())?)?))
}

/// `UpdateIntegration`: function, timeout and credentials. Takes effect with the next deployment.
pub(super) fn update(api: &Api, at: &At<'_>, input: Input) -> Result<Value, ApiError> {
    let patches = Patch::read("UpdateIntegration", input)?;
    let mut state = api.state.write();
    let place = of_mut(at.find_mut(&mut state)?)?;
    let mut integration = place.clone();
    for patch in &patches {
        let steps = patch.steps();
        match (patch.verb()?, steps.first().map(String::as_str), steps.len()) {
            (Verb::Replace, Some("uri"), 1) => integration.uri = checked_uri(patch.value()?)?,
            (Verb::Replace, Some("credentials"), 1) => integration.credentials = Some(patch.value()?),
            (Verb::Replace, Some("timeoutInMillis"), 1) => {
                let ms = patch.value()?.parse().map_err(|_| patch.refusal())?;
                integration.timeout = checked_timeout(ms)?;
            }
            _ => return Err(patch.refusal()),
        }
    }
    *place = integration;
    Ok(json!(place))
}

/// `DeleteIntegration`.
pub(super) fn delete(api: &Api, at: &At<'_>) -> Result<Value, ApiError> {
    let mut state = api.state.write();
    at.find_mut(&mut state)?.method_integration.take().ok_or_else(|| not_found("Integration"))?;
    Ok(Value::Null)
}

/// `PutIntegrationResponse`.
pub(super) fn put_response(api: &Api, at: &At<'_>, status: &str, input: Input) -> Result<Value, ApiError> {
    let mut members = Members::read("PutIntegrationResponse", input);
    let pattern = members.take::<String>("selectionPattern")?;
    let parameters = members.take::<BTreeMap<String, String>>("responseParameters")?;
    let templates = members.take::<BTreeMap<String, Option<String>>>("responseTemplates")?;
    let handling = members.take::<String>("contentHandling")?;
    members.finish()?;
    let response = response(
        status,
        [
            ("selectionPattern", json!(pattern)),
            ("responseParameters", json!(parameters)),
            ("responseTemplates", json!(templates)),
            ("contentHandling", json!(handling)),
        ],
    )?;
    let mut state = api.state.write();
    let method = at.find_mut(&mut state)?;
    if !method.method_responses.contains_key(status) {
        return Err(no_such_status());
    }
    let integration = of_mut(method)?;
    let mut given = templates.iter().flatten().filter_map(|(_, template)| template.as_deref());
    // A proxy integration does not pass its answers through templates.
    if integration.kind == "MOCK"
        && let Some(template) = given.find(|template| data::has_expressions(template))
    {
        return Err(ApiError::unsupported(format_args!("mapping templates with expressions (`{template}`)")));
    }
    let responses = &mut integration.integration_responses;
    if responses.contains_key(status) {
        return Err(conflict("Response already exists for this resource"));
    }
    responses.insert(status.to_owned(), response.clone());
    Ok(response)
}

/// `GetIntegrationResponse`.
pub(super) fn get_response(api: &Api, at: &At<'_>, status: &str) -> Result<Value, ApiError> {
    let state = api.state.read();
    let response = of(at.find(&state)?)?.integration_responses.get(status).ok_or_else(no_such_status)?;
    Ok(response.clone())
}

/// `DeleteIntegrationResponse`.
pub(super) fn delete_response(api: &Api, at: &At<'_>, status: &str) -> Result<Value, ApiError> {
    let mut state = api.state.write();
    of_mut(at.find_mut(&mut state)?)?.integration_responses.remove(status).ok_or_else(no_such_status)?;
    Ok(Value::Null)
}
