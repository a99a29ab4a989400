//! A template becomes resources, through the services' own operations.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::{
    plan::Plan,
    rollback::Done,
    service::CloudFormation,
    stack::{Export, Outputs, StackResource},
    stores::Stores,
    types::Types,
};
use crate::{
    calls::Calls,
    context::Context,
    resource::{Cause, Created, Record, ResourceType, Task, WrongForm, coerced, suffix},
    template::{DynamicValues, Lookup, Problem, Pseudo, Scope, Template, TemplateError, resolved, values},
};

impl CloudFormation {
    /// Brings the stack `name` to what `template` says, in the region of `cx`, with `parameters` by name.
    ///
    /// A template that was applied before and did not change does nothing; one that did change makes what is new,
    /// updates what can be updated in place and deletes what is gone. When a service refuses, what this call did is
    /// undone and the error names the resource and the cause.
    pub(crate) async fn apply(
        &self,
        cx: Context,
        name: &str,
        template: &Template,
        given: &BTreeMap<String, String>,
    ) -> Result<Outputs, TemplateError> {
        check_name(name)?;
        let calls = self.all().map_err(TemplateError::Stopping)?;
        let types = self.types(&*calls);
        let stack = self.stack(&cx.region, name);
        let mut stack = stack.lock().await;
        let stored = |parameter: String| {
            let stores = Stores { calls: &*calls, cx: &cx };
            async move { stores.parameter(&parameter, None).await }
        };
        let parameters = values(template, given, stored).await?;
        let id = cx.arn("cloudformation", &format!("stack/{name}/{}", suffix(name, "").to_lowercase()));
        let plan = Plan::of(template, types, parameters, Pseudo::new(&cx, name, id))?;

        let mut run = Run {
            calls: &*calls,
            cx,
            service: self,
            types,
            stack: name,
            resources: stack.resources.clone(),
            done: Vec::new(),
        };
        run.refuse_replacements(template, &plan).await?;
        if let Err(mut error) = run.converge(template, &plan).await {
            let remains = run.roll_back().await;
            if let TemplateError::Failed { left_behind, .. } = &mut error {
                left_behind.extend(remains);
            }
            return Err(error);
        }
        let outputs = match run.outputs(template, &plan) {
            Ok(outputs) => outputs,
            Err(error) => {
                run.roll_back().await;
                return Err(error);
            }
        };
        let removed = run.remove_what_is_gone(&plan).await;
        stack.resources = run.resources;
        removed.map(|()| outputs)
    }
}

fn check_name(name: &str) -> Result<(), TemplateError> {
    let mut bytes = name.bytes();
    let valid = name.len() <= 128
        && bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if valid { Ok(()) } else { Err(TemplateError::StackName(name.to_owned())) }
}

/// One application of a template, and what it has done so far.
pub(super) struct Run<'r> {
    pub(super) calls: &'r dyn Calls,
    pub(super) cx: Context,
    pub(super) service: &'r CloudFormation,
    pub(super) types: &'r Types,
    pub(super) stack: &'r str,
    pub(super) resources: IndexMap<String, Record>,
    pub(super) done: Vec<Done>,
}

impl Lookup for Run<'_> {
    fn physical_id(&self, logical: &str) -> Option<Value> {
        self.resources.get(logical).map(|record| record.made.physical_id.as_str().into())
    }

    fn attribute(&self, logical: &str, attribute: &str) -> Option<Value> {
        self.resources.get(logical)?.made.attributes.get(attribute).map(|value| value.as_str().into())
    }

    fn import(&self, name: &str) -> Option<String> {
        let key = (std::sync::Arc::clone(&self.cx.region), name.to_owned());
        self.service.exports.read().get(&key).map(|export| export.value.clone())
    }
}

/// How a resource is to change.
enum Change {
    Create,
    Keep,
    Update,
}

impl Run<'_> {
    /// A resource's properties, computed and in the form that its provider expects.
    async fn properties(
        &self,
        template: &Template,
        plan: &Plan,
        logical: &str,
    ) -> Result<Map<String, Value>, TemplateError> {
        let resource = &template.resources[logical];
        let place = || format!("resource `{logical}`");
        let scope = Scope {
            template,
            parameters: &plan.parameters,
            pseudo: &plan.pseudo,
            conditions: &plan.conditions,
            lookup: self,
        };
        let properties = scope.members(&resource.properties).map_err(TemplateError::at(place()))?;
        let stores = Stores { calls: self.calls, cx: &self.cx };
        let properties = resolved(properties, &stores).await.map_err(TemplateError::at(place()))?;
        let known = self.types.get(&resource.kind).map(ResourceType::properties).unwrap_or_default();
        coerced(properties, known)
            .map_err(|WrongForm { property, wanted }| Problem::WrongType { property, wanted })
            .map_err(TemplateError::at(place()))
    }

    fn change(
        &self,
        template: &Template,
        logical: &str,
        properties: &Map<String, Value>,
    ) -> Result<Change, TemplateError> {
        let kind = &template.resources[logical].kind;
        let Some(record) = self.resources.get(logical) else { return Ok(Change::Create) };
        let refused = |properties| TemplateError::Immutable {
            logical: logical.to_owned(),
            kind: record.kind.clone(),
            properties,
        };
        if record.kind != *kind {
            return Err(refused(vec!["Type".to_owned()]));
        }
        let changed = changed(&record.properties, properties);
        if changed.is_empty() {
            return Ok(Change::Keep);
        }
        let updatable = self.types.get(kind).map(ResourceType::updatable).unwrap_or_default();
        let fixed: Vec<String> =
            changed.iter().filter(|name| !updatable.contains(name)).map(|&name| name.to_owned()).collect();
        if fixed.is_empty() { Ok(Change::Update) } else { Err(refused(fixed)) }
    }

    /// Finds, before anything is done, the changes that would need a replacement. A resource that waits for one yet to
    /// be made is looked at when its turn comes.
    async fn refuse_replacements(&self, template: &Template, plan: &Plan) -> Result<(), TemplateError> {
        for logical in plan.order.iter().filter(|logical| self.resources.contains_key(*logical)) {
            if let Ok(properties) = self.properties(template, plan, logical).await {
                self.change(template, logical, &properties)?;
            }
        }
        Ok(())
    }

    /// Makes and updates everything that the plan says, in its order.
    async fn converge(&mut self, template: &Template, plan: &Plan) -> Result<(), TemplateError> {
        for logical in &plan.order {
            let resource = &template.resources[logical];
            let properties = self.properties(template, plan, logical).await?;
            let change = self.change(template, logical, &properties)?;
            let Some(provider) = self.types.get(&resource.kind) else { continue };
            let retain = resource.deletion_policy.as_deref() == Some("Retain");
            let record = |made: Created| Record {
                kind: resource.kind.clone(),
                properties: properties.clone(),
                made,
                retain,
            };
            let task = Task::new(self.calls, &self.cx, self.stack, logical, &properties);
            let (attempt, outcome, before) = match (change, self.resources.get(logical)) {
                (Change::Update, Some(before)) => {
                    ("updated", provider.update(&task, before).await, Some(before.clone()))
                }
                (Change::Create, _) => ("created", provider.create(&task).await, None),
                _ => {
                    if let Some(kept) = self.resources.get_mut(logical) {
                        kept.retain = retain;
                    }
                    continue;
                }
            };
            let begun = task.begun();
            match (outcome, before) {
                (Ok(made), None) => {
                    let record = record(made);
                    self.done.push(Done::Created { logical: logical.clone(), record: record.clone() });
                    self.resources.insert(logical.clone(), record);
                }
                (Ok(made), Some(before)) => {
                    let after = record(made);
                    self.resources.insert(logical.clone(), after.clone());
                    self.done.push(Done::Updated { logical: logical.clone(), before, after });
                }
                (Err(cause), before) => {
                    // What was half made or half changed is to be undone with the rest.
                    match before {
                        Some(before) => {
                            let after = record(before.made.clone());
                            self.done.push(Done::Updated { logical: logical.clone(), before, after });
                        }
                        None => self.done.extend(begun.map(|physical_id| Done::Created {
                            logical: logical.clone(),
                            record: record(Created::new(physical_id)),
                        })),
                    }
                    return Err(failure(logical, &resource.kind, attempt, &cause));
                }
            }
        }
        Ok(())
    }

    fn outputs(&self, template: &Template, plan: &Plan) -> Result<Outputs, TemplateError> {
        let scope = Scope {
            template,
            parameters: &plan.parameters,
            pseudo: &plan.pseudo,
            conditions: &plan.conditions,
            lookup: self,
        };
        let mut outputs = Outputs::default();
        let mut exports = BTreeMap::new();
        for (name, output) in &template.outputs {
            let at = |problem| TemplateError::at(format!("output `{name}`"))(problem);
            if !plan.holds(output.condition.as_ref()).map_err(at)? {
                continue;
            }
            let text = |value: &Value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let Some(value) = scope.value(&output.value).map_err(at)? else { continue };
            let value = text(&value);
            if let Some(export) = &output.export
                && let Some(export) = scope.value(&export.name).map_err(at)?
            {
                let key = (std::sync::Arc::clone(&self.cx.region), text(&export));
                exports.insert(key, Export { stack: self.stack.to_owned(), value: value.clone() });
            }
            outputs.values.insert(name.clone(), value);
        }
        for logical in &plan.order {
            let record = &self.resources[logical];
            let resource =
                StackResource { kind: record.kind.clone(), physical_id: record.made.physical_id.clone() };
            outputs.resources.insert(logical.clone(), resource);
        }
        let mut known = self.service.exports.write();
        known.retain(|_, export| export.stack != self.stack);
        known.extend(exports);
        Ok(outputs)
    }

    /// Deletes what the template no longer has, the newest first.
    async fn remove_what_is_gone(&mut self, plan: &Plan) -> Result<(), TemplateError> {
        let gone: Vec<String> =
            self.resources.keys().rev().filter(|logical| !plan.order.contains(logical)).cloned().collect();
        for logical in gone {
            let Some(record) = self.resources.get(&logical).cloned() else { continue };
            if !record.retain
                && let Err(cause) = self.delete(&logical, &record).await
            {
                return Err(failure(&logical, &record.kind, "deleted", &cause));
            }
            self.resources.shift_remove(&logical);
        }
        Ok(())
    }

    /// Deletes one resource; one that is gone already counts as deleted.
    pub(super) async fn delete(&self, logical: &str, record: &Record) -> Result<(), Cause> {
        let Some(provider) = self.types.get(&record.kind) else { return Ok(()) };
        let task = Task::new(self.calls, &self.cx, self.stack, logical, &record.properties);
        match provider.delete(&task, &record.made.physical_id).await {
            Err(cause) if cause.is_absence() => Ok(()),
            outcome => outcome,
        }
    }
}

fn failure(logical: &str, kind: &str, attempt: &'static str, cause: &Cause) -> TemplateError {
    TemplateError::Failed {
        logical: logical.to_owned(),
        kind: kind.to_owned(),
        attempt,
        cause: cause.to_string(),
        left_behind: Vec::new(),
    }
}

/// The names of the properties that differ.
fn changed<'p>(before: &'p Map<String, Value>, after: &'p Map<String, Value>) -> Vec<&'p str> {
    let mut names: Vec<&str> = before.keys().chain(after.keys()).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| before.get(*name) != after.get(*name));
    names
}

#[cfg(test)]
mod tests;
