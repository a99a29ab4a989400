//! Operations that show or check templates: those of stacks, and those that were not applied yet.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{
    super::service::CloudFormation,
    errors::{constraint, no_change_set, no_stack, validation},
    input::{required, text},
    wanted,
};
use crate::{context::Context, error::ApiError, template::Template};

/// [GetTemplate]. A stack that is still in `REVIEW_IN_PROGRESS` has an empty template. The default is the template after its
/// transforms; `TemplateStage=Original` asks for the text that was submitted.
pub(super) fn get(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let name = required(input, "StackName")?;
    let stack = service.stacks.find(cx, name).ok_or_else(|| no_stack(name))?;
    let facts = stack.facts.lock();
    let wanted = match text(input, "ChangeSetName") {
        None => &facts.applied,
        Some(name) => {
            let found = facts.change_sets.values().find(|set| set.name == name || set.id == name);
            &found.ok_or_else(|| no_change_set(name))?.wanted
        }
    };
    let shown = match text(input, "TemplateStage") {
        None | Some("Processed") => Template::processed,
        Some("Original") => Template::text,
        Some(other) => {
            let wanted = "satisfy enum value set: [Original, Processed]";
            return Err(constraint("templateStage", Some(other), wanted));
        }
    };
    let body = wanted.template.as_ref().map_or("{}", shown);
    Ok(json!({ "TemplateBody": body, "StagesAvailable": ["Original", "Processed"] }))
}

/// The template of the input, or of the stack that it names.
async fn template(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Template, ApiError> {
    if let Some(template) = wanted::template(service, cx, input, &BTreeMap::new()).await? {
        return Ok(template);
    }
    let Some(name) = text(input, "StackName") else {
        return Err(validation("Either Template URL or Template Body must be specified."));
    };
    let stack = service.stacks.find(cx, name).ok_or_else(|| no_stack(name))?;
    let template = stack.facts.lock().applied.template.clone();
    template.ok_or_else(|| no_stack(name))
}

/// The members that [ValidateTemplate] and [GetTemplateSummary] have in common.
fn common_members(template: &Template) -> Map<String, Value> {
    let mut members = Map::new();
    if let Some(text) = template.description.as_str() {
        members.insert("Description".to_owned(), text.into());
    }
    let (capabilities, kinds) = wanted::needed(template);
    if !capabilities.is_empty() {
        let reason = format!("The following resource(s) require capabilities: [{}]", kinds.join(", "));
        members.insert("Capabilities".to_owned(), json!(capabilities));
        members.insert("CapabilitiesReason".to_owned(), reason.into());
    }
    members.insert("DeclaredTransforms".to_owned(), json!(template.transforms()));
    members
}

/// [ValidateTemplate]
pub(super) async fn validate(
    service: &CloudFormation,
    cx: &Context,
    input: &Value,
) -> Result<Value, ApiError> {
    let template = template(service, cx, input).await?;
    let mut output = common_members(&template);
    let parameters = template.parameters.iter().map(|(name, parameter)| {
        json!({
            "ParameterKey": name, "DefaultValue": parameter.default, "NoEcho": parameter.is_secret(),
            "Description": parameter.description.as_str(),
        })
    });
    output.insert("Parameters".to_owned(), parameters.collect());
    Ok(output.into())
}

/// [GetTemplateSummary]
pub(super) async fn summary(
    service: &CloudFormation,
    cx: &Context,
    input: &Value,
) -> Result<Value, ApiError> {
    let template = template(service, cx, input).await?;
    let mut output = common_members(&template);
    let parameters = template.parameters.iter().map(|(name, parameter)| {
        json!({
            "ParameterKey": name, "DefaultValue": parameter.default, "ParameterType": parameter.kind,
            "NoEcho": parameter.is_secret(), "Description": parameter.description.as_str(),
            "ParameterConstraints": { "AllowedValues": parameter.allowed_values },
        })
    });
    output.insert("Parameters".to_owned(), parameters.collect());
    let kinds: BTreeSet<&str> = template.resources().map(|(_, resource)| resource.kind()).collect();
    output.insert("ResourceTypes".to_owned(), json!(kinds));
    output.insert("Version".to_owned(), "2010-09-09".into());
    if !template.metadata.is_null() {
        output.insert("Metadata".to_owned(), template.metadata.to_string().into());
    }
    Ok(output.into())
}
