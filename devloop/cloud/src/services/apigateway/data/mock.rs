//! Mock integrations, which answer without a function [Mock integrations for REST APIs in API Gateway]. Their templates are
//! plain JSON: templates with expressions are refused when they are created.

use std::collections::BTreeMap;

use hyper::header::{HeaderName, HeaderValue};
use regex::Regex;
use serde_json::Value;

use super::refusal::Refusal;
use crate::{
    http::{Reply, Request},
    services::apigateway::model::Integration,
};

/// A mock integration.
#[derive(Debug)]
pub(super) struct Mock {
    /// The status code that the request template of each media type names.
    statuses: BTreeMap<String, String>,
    /// Whether a media type without a template is refused: always (`never`), or when there are other templates (`strict`).
    never: bool,
    strict: bool,
    answers: Vec<Answer>,
}

#[derive(Debug)]
struct Answer {
    pattern: Option<Regex>,
    status: u16,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: String,
}

/// Whether a template contains expressions (VTL).
pub(in crate::services::apigateway) fn has_expressions(template: &str) -> bool {
    template.contains(['$', '#'])
}

/// Refuses a mock's request template that is not `{"statusCode": N}`; the error says why.
pub(in crate::services::apigateway) fn check_mock(template: &str) -> Result<(), String> {
    if has_expressions(template) {
        return Err(format!(
            "the embedded cloud does not support mapping templates with expressions: `{template}`"
        ));
    }
    status(template).map(|_| ()).ok_or_else(|| format!("the mock's template `{template}` has no statusCode"))
}

fn status(template: &str) -> Option<String> {
    // API Gateway also accepts the name without quotes.
    let parsed = serde_json::from_str::<Value>(template)
        .or_else(|_| serde_json::from_str(&template.replace("statusCode", "\"statusCode\"")));
    match parsed.ok()?.get("statusCode")? {
        Value::Number(status) => Some(status.to_string()),
        Value::String(status) => Some(status.clone()),
        _ => None,
    }
}

impl Mock {
    /// Reads an integration; the error says why AWS would not deploy it.
    pub(super) fn of(integration: &Integration) -> Result<Self, &'static str> {
        let statuses = integration
            .request_templates
            .iter()
            .filter_map(|(kind, template)| Some((kind.to_ascii_lowercase(), status(template)?)))
            .collect();
        let answers = integration.integration_responses.iter().map(|(code, response)| answer(code, response));
        Ok(Self {
            statuses,
            never: integration.passthrough_behavior == "NEVER",
            strict: integration.passthrough_behavior == "WHEN_NO_TEMPLATES",
            answers: answers.collect::<Result<_, _>>()?,
        })
    }

    /// The answer to a request.
    pub(super) fn reply(&self, request: &Request) -> Result<Reply, Refusal> {
        let kind = request.header("content-type").unwrap_or("application/json");
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let status = self.statuses.get(&kind);
        if status.is_none() && (self.never || self.strict && !self.statuses.is_empty()) {
            return Err(Refusal::MediaType);
        }
        // Without a template there is no status code, which is an error on AWS.
        let status = status.ok_or(Refusal::NotInvoked)?;
        let fits = |answer: &&Answer| answer.pattern.as_ref().is_some_and(|pattern| pattern.is_match(status));
        let answer = self
            .answers
            .iter()
            .find(fits)
            .or_else(|| self.answers.iter().find(|answer| answer.pattern.is_none()));
        let answer = answer.ok_or(Refusal::NotInvoked)?;
        let mut reply = Reply::new(answer.status, "application/json", answer.body.clone());
        for (name, value) in &answer.headers {
            reply.headers.insert(name.clone(), value.clone());
        }
        Ok(reply)
    }
}

fn answer(code: &str, response: &Value) -> Result<Answer, &'static str> {
    let pattern = response["selectionPattern"].as_str().filter(|pattern| !pattern.is_empty());
    let pattern = pattern.map(|pattern| Regex::new(&format!("^(?:{pattern})$"))).transpose();
    let parameters = response["responseParameters"].as_object().into_iter().flatten();
    let headers = parameters.filter_map(|(name, value)| {
        let name = name.strip_prefix("method.response.header.")?;
        let value = value.as_str()?.strip_prefix('\'')?.strip_suffix('\'')?;
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
    });
    Ok(Answer {
        pattern: pattern.map_err(|_| "Invalid selection pattern specified for response")?,
        status: code.parse().map_err(|_| "Invalid Response status code specified")?,
        headers: headers.collect(),
        body: response["responseTemplates"]["application/json"].as_str().unwrap_or_default().to_owned(),
    })
}
