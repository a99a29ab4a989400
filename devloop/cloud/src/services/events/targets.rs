//! `PutTargets`, `RemoveTargets`, `ListTargetsByRule`, `ListRuleNamesByTarget`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    courier::{Patience, check_dead_letters},
    rules::{bus_name, paged, rule},
    service::EventBridge,
    store::MOST_TARGETS,
    transform::{Path, Template},
};
use crate::{arn::Arn, context::Context, error::ApiError};

/// A target as users give it and as it is shown. Settings that are not supported are refused by name.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) id: String,
    pub(super) arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_transformer: Option<Transformer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kinesis_parameters: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sqs_parameters: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dead_letter_config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_policy: Option<Value>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Transformer {
    #[serde(default)]
    input_paths_map: std::collections::BTreeMap<String, String>,
    input_template: String,
}

/// A checked target.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) settings: Settings,
    pub(super) input: Input,
    pub(super) patience: Patience,
    /// The path to the partition key for a Kinesis record in the event.
    pub(super) partition: Option<Path>,
    pub(super) group: Option<String>,
    pub(super) dead_letters: Option<String>,
}

/// What a target gets for an event.
#[derive(Debug)]
pub(super) enum Input {
    /// The event itself.
    Event,
    /// A constant text.
    Constant(String),
    /// A part of the event.
    Part(Path),
    /// A text made from a template.
    Made(Template),
}

impl Target {
    fn read(given: &Value) -> Result<Self, ApiError> {
        let settings: Settings = serde_json::from_value(given.clone()).map_err(|error| {
            let text = error.to_string();
            match text.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next()) {
                Some(field) => ApiError::unsupported(format_args!("{field} of targets (events)")),
                None => ApiError::validation(format!("a target: {text}")),
            }
        })?;
        let service = Arn::parse(&settings.arn).map_or("", |arn| arn.service);
        if !["lambda", "sqs", "sns", "kinesis", "events"].contains(&service) {
            let arn = &settings.arn;
            return Err(ApiError::unsupported(format_args!("targets in the service `{service}` ({arn})")));
        }
        if service == "events" && !settings.arn.contains(":event-bus/") {
            return Err(ApiError::unsupported(format_args!("API destinations ({})", settings.arn)));
        }
        let inputs =
            [settings.input.is_some(), settings.input_path.is_some(), settings.input_transformer.is_some()];
        if inputs.iter().filter(|given| **given).count() > 1 {
            return Err(ApiError::validation(format!(
                "Only one of Input, InputPath, or InputTransformer must be provided for target {}.",
                settings.id
            )));
        }
        let path = |text: &str| {
            Path::read(text).ok_or_else(|| {
                ApiError::validation(format!("Invalid JSON path `{text}` of target {}.", settings.id))
            })
        };
        let input = if let Some(text) = &settings.input {
            serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| {
                ApiError::validation(format!(
                    "JSON syntax error in input for target {}: {error}",
                    settings.id
                ))
            })?;
            Input::Constant(text.clone())
        } else if let Some(text) = &settings.input_path {
            Input::Part(path(text)?)
        } else if let Some(made) = &settings.input_transformer {
            let paths = made.input_paths_map.iter().map(|(name, text)| Ok((name.clone(), path(text)?)));
            Input::Made(Template::new(paths.collect::<Result<_, ApiError>>()?, made.input_template.clone()))
        } else {
            Input::Event
        };
        let text = |settings: &Option<Value>, name: &str| {
            settings.as_ref().and_then(|given| given[name].as_str()).map(str::to_owned)
        };
        let partition = text(&settings.kinesis_parameters, "PartitionKeyPath");
        let dead_letters = text(&settings.dead_letter_config, "Arn");
        check_dead_letters(dead_letters.as_deref())?;
        Ok(Self {
            input,
            patience: Patience::read(settings.retry_policy.as_ref())?,
            partition: partition.as_deref().map(path).transpose()?,
            group: text(&settings.sqs_parameters, "MessageGroupId"),
            dead_letters,
            settings,
        })
    }
}

/// `PutTargets`. A target with an existing id is replaced.
pub(super) fn put(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let found = rule(service, cx, input, "Rule")?;
    let given = input["Targets"].as_array().filter(|given| !given.is_empty());
    let given = given.ok_or_else(|| ApiError::validation("Targets must not be empty"))?;
    let read = given.iter().map(Target::read).collect::<Result<Vec<_>, _>>()?;
    let mut targets = found.targets.write();
    let new = read.iter().filter(|target| !targets.contains_key(&target.settings.id)).count();
    if targets.len() + new > MOST_TARGETS {
        return Err(ApiError::client(
            "LimitExceededException",
            format!(
                "The requested resource exceeds the maximum number allowed: {MOST_TARGETS} targets of a rule."
            ),
        ));
    }
    for target in read {
        targets.insert(target.settings.id.clone(), Arc::new(target));
    }
    Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
}

/// `RemoveTargets`.
pub(super) fn remove(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let found = rule(service, cx, input, "Rule")?;
    let mut targets = found.targets.write();
    let mut failed = Vec::new();
    for id in input["Ids"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if targets.shift_remove(id).is_none() {
            failed.push(json!({
                "TargetId": id, "ErrorCode": "ResourceNotFoundException",
                "ErrorMessage": format!("Rule {} does not have a target with the Id {id}.", found.name),
            }));
        }
    }
    Ok(json!({ "FailedEntryCount": failed.len(), "FailedEntries": failed }))
}

/// `ListTargetsByRule`.
pub(super) fn list(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let found = rule(service, cx, input, "Rule")?;
    let targets = found.targets.read().values().map(|target| json!(target.settings)).collect();
    paged(input, "Targets", targets)
}

/// `ListRuleNamesByTarget`.
pub(super) fn rules_of(service: &EventBridge, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let arn = input["TargetArn"].as_str().ok_or_else(|| ApiError::validation("TargetArn must be given"))?;
    let bus = service.bus(cx, bus_name(input))?;
    let rules = bus.rules.read();
    let names = rules
        .values()
        .filter(|rule| rule.targets.read().values().any(|target| target.settings.arn == arn))
        .map(|rule| Value::from(rule.name.as_str()));
    paged(input, "RuleNames", names.collect())
}
