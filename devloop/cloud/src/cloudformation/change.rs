//! Decides how a resource is to change, from its current and its wanted properties.

use serde_json::{Map, Value};

use super::{plan::Plan, stack::Stack, types::Types};
use crate::{
    resource::{Cause, Record, ResourceType, WrongForm, coerced},
    template::{Problem, Resource, Template, TemplateError},
};

/// How a resource is to change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Create,
    Keep,
    Update,
    Replace,
}

/// Computed properties, converted to the form that their resource type expects.
pub(super) fn formed(
    types: &Types,
    resource: &Resource,
    properties: Map<String, Value>,
) -> Result<Map<String, Value>, Problem> {
    let known = types.get(&resource.kind).map(ResourceType::properties).unwrap_or_default();
    coerced(properties, known)
        .map_err(|WrongForm { property, wanted }| Problem::WrongType { property, wanted })
}

/// Decides how a resource is to change, from its current record and its wanted properties.
pub(super) fn change(
    types: &Types,
    logical: &str,
    resource: &Resource,
    properties: &Map<String, Value>,
    before: Option<&Record>,
) -> Result<Change, TemplateError> {
    let Some(before) = before else { return Ok(Change::Create) };
    if before.kind != resource.kind {
        return Err(TemplateError::OtherType { logical: logical.to_owned() });
    }
    let changed = changed(&before.properties, properties);
    if changed.is_empty() {
        return Ok(Change::Keep);
    }
    let provider = types.get(&resource.kind);
    let updatable = provider.map(ResourceType::updatable).unwrap_or_default();
    let in_place =
        provider.is_some_and(ResourceType::is_open) || changed.iter().all(|name| updatable.contains(name));
    Ok(if in_place { Change::Update } else { Change::Replace })
}

/// Whether a deletion policy keeps a resource after its stack is deleted.
pub(super) fn keeps(policy: Option<&str>) -> bool {
    matches!(policy, Some("Retain" | "RetainExceptOnCreate"))
}

/// Refuses to replace a resource whose name is given in the template, as the new one cannot have the same name.
pub(super) fn check_own_name(logical: &str, before: &Record, after: &Record) -> Result<(), TemplateError> {
    let physical = &before.made.physical_id;
    let own = after.properties.iter().find_map(|(property, value)| {
        let name = value.as_str().filter(|name| property.ends_with("Name") && !name.is_empty())?;
        let is_name =
            physical.strip_suffix(name).is_some_and(|front| front.is_empty() || front.ends_with(['/', ':']));
        (is_name && before.properties.get(property) == Some(value)).then_some(name)
    });
    match own {
        None => Ok(()),
        Some(name) => Err(TemplateError::Failed {
            logical: logical.to_owned(),
            kind: after.kind.clone(),
            attempt: "updated",
            cause: format!(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {name} \
                 and update the stack again."
            ),
            left_behind: Vec::new(),
        }),
    }
}

/// The error of a resource that a service refused.
pub(super) fn failure(logical: &str, kind: &str, attempt: &'static str, cause: &Cause) -> TemplateError {
    TemplateError::Failed {
        logical: logical.to_owned(),
        kind: kind.to_owned(),
        attempt,
        cause: cause.to_string(),
        left_behind: Vec::new(),
    }
}

/// The names of the properties that differ.
pub(super) fn changed<'p>(before: &'p Map<String, Value>, after: &'p Map<String, Value>) -> Vec<&'p str> {
    let mut names: Vec<&str> = before.keys().chain(after.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| before.get(*name) != after.get(*name));
    names
}

/// Refuses a template in which a resource of the stack has another type.
pub(super) fn refuse_other_types(
    stack: &Stack,
    template: &Template,
    plan: &Plan,
) -> Result<(), TemplateError> {
    let facts = stack.facts.lock();
    for logical in &plan.order {
        if let Some(before) = facts.resources.get(logical)
            && before.kind != template.resources[logical].kind
        {
            return Err(TemplateError::OtherType { logical: logical.clone() });
        }
    }
    Ok(())
}
