//! Deletes resources: those that a template no longer has, those that were replaced, and those of whole stacks.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::{change::failure, plan::Plan, run::Run};
use crate::{
    resource::{Cause, Record, Task},
    template::{TemplateError, order},
};

impl Run<'_> {
    /// Deletes replaced resources and those that the template no longer has, each before the ones that it needed. Continues
    /// after a refusal, and returns the first one.
    pub(super) async fn remove_what_is_gone(&mut self, plan: &Plan) -> Result<(), TemplateError> {
        let mut first = Ok(());
        let kept: BTreeSet<&String> = plan.order.iter().collect();
        for logical in deletion_order(&self.resources).into_iter().filter(|logical| !kept.contains(logical)) {
            let outcome = self.remove(&logical).await;
            first = first.and(outcome);
        }
        for (logical, record) in std::mem::take(&mut self.replaced).into_iter().rev() {
            if record.retain_replaced {
                continue;
            }
            if let Err(cause) = self.delete(&logical, &record).await {
                first = first.and(Err(failure(&logical, &record.kind, "deleted", &cause)));
            }
        }
        self.settle_resources();
        first
    }

    /// Deletes one resource of the stack and records the event; a resource that is to be retained only leaves the stack.
    async fn remove(&mut self, logical: &str) -> Result<(), TemplateError> {
        let Some(record) = self.resources.get(logical).cloned() else { return Ok(()) };
        let physical_id = &record.made.physical_id;
        if record.retain {
            self.stack.set_resource_state(logical, &record.kind, physical_id, "DELETE_SKIPPED", None);
            self.stack.facts.lock().generation += 1;
        } else {
            self.stack.set_resource_state(logical, &record.kind, physical_id, "DELETE_IN_PROGRESS", None);
            if let Err(cause) = self.delete(logical, &record).await {
                let reason = Some(cause.to_string());
                self.stack.set_resource_state(logical, &record.kind, physical_id, "DELETE_FAILED", reason);
                return Err(failure(logical, &record.kind, "deleted", &cause));
            }
            self.stack.set_resource_state(logical, &record.kind, physical_id, "DELETE_COMPLETE", None);
        }
        self.resources.shift_remove(logical);
        Ok(())
    }

    /// Deletes all resources of the stack except those named in `retained`; returns those that could not be deleted.
    pub(super) async fn remove_all(&mut self, retained: &[String]) -> Vec<String> {
        let mut failed = Vec::new();
        for logical in deletion_order(&self.resources) {
            if retained.contains(&logical)
                && let Some(record) = self.resources.get_mut(&logical)
            {
                record.retain = true;
            }
            if self.remove(&logical).await.is_err() {
                failed.push(logical);
            }
        }
        self.settle_resources();
        failed
    }

    /// Deletes one resource; a resource that no longer exists counts as deleted.
    pub(super) async fn delete(&self, logical: &str, record: &Record) -> Result<(), Cause> {
        let Some(provider) = self.types.get(&record.kind) else { return Ok(()) };
        let task = Task::new(self.calls, self.cx, &self.stack.name, logical, &record.properties)
            .of_generation(record.generation)
            .of_kind(&record.kind);
        match provider.delete(&task, &record.made.physical_id).await {
            Err(cause) if cause.is_absence() => Ok(()),
            outcome => outcome,
        }
    }
}

/// The resources in the order of deletion: each before those that it needs, and otherwise the newest first.
fn deletion_order(resources: &IndexMap<String, Record>) -> Vec<String> {
    let names: Vec<&str> = resources.keys().map(String::as_str).collect();
    let needs: BTreeMap<&str, BTreeSet<String>> = resources
        .iter()
        .map(|(logical, record)| {
            let needs = record.needs.iter().filter(|need| resources.contains_key(*need));
            (logical.as_str(), needs.cloned().collect())
        })
        .collect();
    // Records of different templates may need each other in a circle; then the order of creation has to do.
    let mut order =
        order(&names, &needs).unwrap_or_else(|_| names.iter().map(|&name| name.to_owned()).collect());
    order.reverse();
    order
}
