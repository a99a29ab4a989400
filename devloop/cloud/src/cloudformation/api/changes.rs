//! What an operation would change, found out without changing anything.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Map, Value, json};

use super::{
    super::{
        change::{Change, change, changed, formed, refuse_other_types},
        plan::Plan,
        service::CloudFormation,
        stack::{Facts, Stack, Wanted},
        stores::Stores,
        types::Types,
    },
    errors,
};
use crate::{
    context::Context,
    error::ApiError,
    resource::Record,
    template::{Lookup, Template, TemplateError, resolved},
};

/// The placeholder for ids and attributes that exist only after the change is done.
const LATER: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// Everything that an operation would change.
#[derive(Debug)]
pub(in super::super) struct Changes {
    /// The changes in the form of `DescribeChangeSet`, with the values of properties.
    pub(in super::super) resources: Vec<Value>,
    /// Whether outputs, tags or attributes of resources differ.
    others: bool,
}

impl Changes {
    /// Whether there is nothing to do.
    pub(in super::super) fn is_nothing(&self) -> bool {
        self.resources.is_empty() && !self.others
    }
}

/// Looks up what exists now; the values of resources that will be replaced are not known yet.
struct Now<'n> {
    facts: &'n Facts,
    exports: &'n (dyn Fn(&str) -> Option<String> + Sync),
    moving: BTreeSet<String>,
}

impl Lookup for Now<'_> {
    fn physical_id(&self, logical: &str) -> Option<Value> {
        if self.moving.contains(logical) {
            return Some(LATER.into());
        }
        self.facts.resources.get(logical).map(|record| record.made.physical_id.as_str().into())
    }

    fn attribute(&self, logical: &str, attribute: &str) -> Option<Value> {
        if self.moving.contains(logical) {
            return Some(LATER.into());
        }
        self.facts.resources.get(logical)?.made.attributes.get(attribute).map(|value| value.as_str().into())
    }

    fn import(&self, name: &str) -> Option<String> {
        (self.exports)(name)
    }
}

/// Compares the stack with its wanted state.
pub(in super::super) async fn of(
    service: &CloudFormation,
    cx: &Context,
    stack: &Arc<Stack>,
    wanted: &Wanted,
    plan: &Plan,
) -> Result<Changes, ApiError> {
    let calls = service.all()?;
    let types = service.types(&*calls);
    let Some(template) = &wanted.template else {
        return Ok(Changes { resources: Vec::new(), others: false });
    };
    refuse_other_types(stack, template, plan).map_err(|error| errors::template(&error))?;
    let stores = Stores { calls: &*calls, cx };
    let exports = |name: &str| {
        let place = (Arc::clone(&cx.region), name.to_owned());
        service.exports.read().get(&place).map(|export| export.value.clone())
    };
    let (existing, before) = {
        let facts = stack.facts.lock();
        (Facts { resources: facts.resources.clone(), ..Facts::default() }, Arc::clone(&facts.applied))
    };
    let mut now = Now { facts: &existing, exports: &exports, moving: BTreeSet::new() };
    let mut found = Vec::new();
    for logical in &plan.order {
        let resource = &template.resources[logical];
        let at = |problem| errors::template(&TemplateError::at(format!("resource `{logical}`"))(problem));
        let properties = plan.scope(template, &now).members(&resource.properties).map_err(at)?;
        let properties = resolved(properties, &stores).await.map_err(at)?;
        let properties = formed(types, resource, properties).map_err(at)?;
        let record = existing.resources.get(logical);
        let what = change(types, logical, resource, &properties, record)
            .map_err(|error| errors::template(&error))?;
        match (what, record) {
            (Change::Create, _) | (_, None) => found.push(added(logical, &resource.kind, &properties)),
            (Change::Keep, Some(_)) => {}
            (what, Some(record)) => {
                found.push(modified(types, logical, record, &properties, what, &resource.properties));
            }
        }
        if matches!(what, Change::Create | Change::Replace) {
            now.moving.insert(logical.clone());
        }
    }
    for (logical, record) in existing.resources.iter().rev() {
        if !plan.order.contains(logical) {
            found.push(removed(logical, record));
        }
    }
    let others = before.tags != wanted.tags
        || before.template.as_ref().is_some_and(|before| differs(before, template))
        || before.template.is_none();
    Ok(Changes { resources: found, others })
}

/// Whether outputs, or attributes of resources beside their properties, differ.
fn differs(before: &Template, after: &Template) -> bool {
    let outputs = |template: &Template| -> Vec<(String, Value, Option<Value>)> {
        let export = |name: &str| template.outputs[name].export.as_ref().map(|export| export.name.clone());
        template
            .outputs
            .iter()
            .map(|(name, output)| (name.clone(), output.value.clone(), export(name)))
            .collect()
    };
    let policies_and_metadata = |template: &Template, logical: &str| {
        template.resources.get(logical).map(|resource| {
            let policies = (resource.deletion_policy.clone(), resource.update_replace_policy.clone());
            (policies, resource.metadata.clone())
        })
    };
    outputs(before) != outputs(after)
        || after.resources.keys().any(|logical| {
            before.resources.contains_key(logical)
                && policies_and_metadata(before, logical) != policies_and_metadata(after, logical)
        })
}

fn entry(change: Value) -> Value {
    json!({ "Type": "Resource", "ResourceChange": change })
}

fn context(properties: &Map<String, Value>) -> String {
    json!({ "Properties": properties }).to_string()
}

fn added(logical: &str, kind: &str, properties: &Map<String, Value>) -> Value {
    entry(json!({
        "Action": "Add", "LogicalResourceId": logical, "ResourceType": kind, "Scope": [], "Details": [],
        "AfterContext": context(properties),
    }))
}

fn removed(logical: &str, record: &Record) -> Value {
    entry(json!({
        "PolicyAction": if record.retain { "Retain" } else { "Delete" },
        "Action": "Remove", "LogicalResourceId": logical, "PhysicalResourceId": record.made.physical_id,
        "ResourceType": record.kind, "Scope": [], "Details": [], "BeforeContext": context(&record.properties),
    }))
}

fn modified(
    types: &Types,
    logical: &str,
    record: &Record,
    properties: &Map<String, Value>,
    what: Change,
    written: &Map<String, Value>,
) -> Value {
    let provider = types.get(&record.kind);
    let in_place = |name: &str| {
        provider.is_some_and(|provider| provider.is_open() || provider.updatable().contains(&name))
    };
    let names = changed(&record.properties, properties);
    let later = |name: &str| properties.get(name).is_some_and(|value| value.to_string().contains(LATER));
    let text = |value: Option<&Value>| {
        value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let details: Vec<Value> = names
        .iter()
        .map(|&name| {
            let (before, after) = (record.properties.get(name), properties.get(name));
            let kind = match (before, after) {
                (None, _) => "Add",
                (_, None) => "Remove",
                _ => "Modify",
            };
            let source = if later(name) { "ResourceReference" } else { "DirectModification" };
            let causing = later(name).then(|| causing(written.get(name))).flatten();
            json!({
                "Target": {
                    "Attribute": "Properties", "Name": name, "Path": format!("/Properties/{name}"),
                    "RequiresRecreation": if in_place(name) { "Never" } else { "Always" },
                    "AttributeChangeType": kind, "BeforeValue": text(before), "AfterValue": text(after),
                },
                "Evaluation": if later(name) { "Dynamic" } else { "Static" },
                "ChangeSource": source, "CausingEntity": causing,
            })
        })
        .collect();
    let replacement = match what {
        Change::Replace if names.iter().all(|name| in_place(name) || later(name)) => "Conditional",
        Change::Replace => "True",
        _ => "False",
    };
    let policy = (what == Change::Replace).then_some(if record.retain_replaced {
        "ReplaceAndRetain"
    } else {
        "ReplaceAndDelete"
    });
    entry(json!({
        "PolicyAction": policy,
        "Action": "Modify", "LogicalResourceId": logical, "PhysicalResourceId": record.made.physical_id,
        "ResourceType": record.kind, "Replacement": replacement, "Scope": ["Properties"], "Details": details,
        "BeforeContext": context(&record.properties), "AfterContext": context(properties),
    }))
}

/// The resource that a property refers to, if its value is a `Ref` or `Fn::GetAtt`.
fn causing(written: Option<&Value>) -> Option<String> {
    let written = written?;
    match (written.get("Ref"), written.get("Fn::GetAtt").and_then(Value::as_array)) {
        (Some(name), _) => name.as_str().map(str::to_owned),
        (_, Some(parts)) => {
            let parts: Vec<&str> = parts.iter().filter_map(Value::as_str).collect();
            Some(parts.join("."))
        }
        _ => None,
    }
}

/// A change as `DescribeChangeSet` shows it when the client does not ask for property values.
pub(super) fn without_values(mut change: Value) -> Value {
    if let Some(resource) = change.get_mut("ResourceChange").and_then(Value::as_object_mut) {
        resource.remove("BeforeContext");
        resource.remove("AfterContext");
        for detail in resource.get_mut("Details").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(target) = detail.get_mut("Target").and_then(Value::as_object_mut) {
                for member in ["BeforeValue", "AfterValue", "Path", "AttributeChangeType"] {
                    target.remove(member);
                }
            }
        }
    }
    change
}
