//! A stack's outputs, and the exports that other stacks import.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{
    plan::Plan,
    run::Run,
    stack::{Export, Place, StackOutput},
};
use crate::template::{Problem, Template, TemplateError};

impl Run<'_> {
    /// Computes the outputs. Refuses an export that another stack has, and changing or removing one that another stack
    /// imports.
    pub(super) fn outputs(
        &self,
        template: &Template,
        plan: &Plan,
    ) -> Result<Vec<StackOutput>, TemplateError> {
        let scope = plan.scope(template, self);
        let mut outputs = Vec::new();
        for (name, output) in &template.outputs {
            let at = |problem| TemplateError::at(format!("output `{name}`"))(problem);
            if !plan.holds(output.condition.as_ref()).map_err(at)? {
                continue;
            }
            let Some(value) = scope.value(&output.value).map_err(at)? else { continue };
            let export = match &output.export {
                Some(export) => scope.value(&export.name).map_err(at)?.as_ref().map(text),
                None => None,
            };
            let value = text(&value);
            if let Some(export) = &export {
                self.check_export(export, Some(&value)).map_err(at)?;
            }
            let description = output.description.as_str().map(str::to_owned);
            outputs.push(StackOutput { key: name.clone(), value, description, export });
        }
        let still = |name: &str| outputs.iter().any(|output| output.export.as_deref() == Some(name));
        for (_, name) in self.own_exports().into_keys().filter(|(_, name)| !still(name)) {
            let at = TemplateError::at(format!("export `{name}`"));
            self.check_export(&name, None).map_err(at)?;
        }
        Ok(outputs)
    }

    fn own_exports(&self) -> BTreeMap<Place, Export> {
        let exports = self.service.exports.read();
        exports
            .iter()
            .filter(|(_, export)| export.stack == self.stack.id)
            .map(|(place, export)| (place.clone(), export.clone()))
            .collect()
    }

    /// Checks that this stack may export `value` as `name`, or remove that export when `value` is `None`.
    fn check_export(&self, name: &str, value: Option<&str>) -> Result<(), Problem> {
        let place = (Arc::clone(&self.cx.region), name.to_owned());
        let Some(export) = self.service.exports.read().get(&place).cloned() else { return Ok(()) };
        let refused = |why: String| Problem::Export { name: name.to_owned(), why };
        if export.stack != self.stack.id {
            return Err(refused(format!("is already exported by the stack {}", name_in(&export.stack))));
        }
        if value == Some(export.value.as_str()) {
            return Ok(());
        }
        match self.service.importers(self.cx, name).first() {
            None => Ok(()),
            Some(importer) => {
                let what = if value.is_some() { "updated" } else { "deleted" };
                Err(refused(format!("cannot be {what} as it is in use by {importer}")))
            }
        }
    }

    /// Writes the current resources and the outputs into the stack.
    pub(super) fn settle(&mut self, outputs: Vec<StackOutput>) {
        self.done.clear();
        let mut exports = self.service.exports.write();
        exports.retain(|_, export| export.stack != self.stack.id);
        for output in &outputs {
            if let Some(name) = &output.export {
                let place = (Arc::clone(&self.cx.region), name.clone());
                let export = Export { stack: self.stack.id.clone(), value: output.value.clone() };
                exports.insert(place, export);
            }
        }
        drop(exports);
        let mut facts = self.stack.facts.lock();
        facts.outputs = outputs;
        facts.imports = std::mem::take(&mut *self.imports.lock());
        facts.undone.clear();
        drop(facts);
        self.settle_resources();
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The stack name that is part of a stack's id.
pub(super) fn name_in(id: &str) -> &str {
    id.split('/').nth(1).unwrap_or(id)
}
