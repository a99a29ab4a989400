//! Checks a request as its request validator says [Request validation for REST APIs in API Gateway].

use std::collections::BTreeMap;

use jsonschema::Validator as Schema;
use serde_json::Value;

use super::refusal::Refusal;
use crate::{
    aside,
    http::Request,
    services::apigateway::model::{Method, State},
};

/// The checks of one method.
#[derive(Debug, Default)]
pub(super) struct Checks {
    /// Required parameters: where they are (`querystring`, `header` or `path`), and their names.
    required: Vec<(Location, String)>,
    /// The schemas of bodies, by media type in lower case.
    bodies: BTreeMap<String, Schema>,
}

#[derive(Debug, Clone, Copy)]
enum Location {
    Query,
    Header,
    Path,
}

/// Parses a JSON schema of draft 4; the error says what is wrong with it.
pub(in crate::services::apigateway) fn schema(text: &str) -> Result<Schema, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    jsonschema::draft4::new(&value).map_err(|error| error.to_string())
}

impl Checks {
    /// The checks of a method's request validator.
    pub(super) fn of(state: &State, method: &Method) -> Self {
        let validator = method.request_validator_id.as_ref().and_then(|id| state.validators.get(id));
        let Some(validator) = validator else { return Self::default() };
        let mut checks = Self::default();
        if validator.validate_request_parameters {
            let required = method.request_parameters.iter().filter(|(_, required)| **required);
            checks.required = required.filter_map(|(name, _)| parameter(name)).collect();
        }
        if validator.validate_request_body {
            for (kind, model) in &method.request_models {
                // The model `Empty` accepts everything, so it needs no schema. All schemas were checked when they were
                // created.
                let schema = state.models.get(model).and_then(|model| schema(&model.schema).ok());
                if let Some(schema) = schema {
                    checks.bodies.insert(kind.to_ascii_lowercase(), schema);
                }
            }
        }
        checks
    }

    /// Refuses a request that lacks a parameter or whose body does not fit.
    pub(super) fn check(&self, request: &Request, path_values: &[(&str, &str)]) -> Result<(), Refusal> {
        let query = request.parameters();
        let has = |(place, name): &&(Location, String)| match place {
            Location::Query => query.iter().any(|(given, _)| given == name),
            Location::Header => request.header(name).is_some_and(|value| !value.is_empty()),
            Location::Path => path_values.iter().any(|(given, _)| given == name),
        };
        let missing: Vec<&str> =
            self.required.iter().filter(|wanted| !has(wanted)).map(|(_, name)| name.as_str()).collect();
        if !missing.is_empty() {
            return Err(Refusal::Parameters(format!(
                "Missing required request parameters: [{}]",
                missing.join(", ")
            )));
        }
        let kind = request.header("content-type").unwrap_or("application/json");
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let Some(schema) = self.bodies.get(&kind).or_else(|| self.bodies.get("$default")) else {
            return Ok(());
        };
        let body: Value = aside::from_json(&request.body).map_err(|_| Refusal::Body)?;
        if schema.is_valid(&body) { Ok(()) } else { Err(Refusal::Body) }
    }
}

fn parameter(name: &str) -> Option<(Location, String)> {
    let (place, name) = name.strip_prefix("method.request.")?.split_once('.')?;
    let place = match place {
        "querystring" | "multivaluequerystring" => Location::Query,
        "header" | "multivalueheader" => Location::Header,
        "path" => Location::Path,
        _ => return None,
    };
    Some((place, name.to_owned()))
}
