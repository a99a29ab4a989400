//! Rollback: undoes in reverse order what an operation has done so far.

use super::run::Run;
use crate::resource::{Record, Task};

/// One step that was done.
#[derive(Debug, Clone)]
pub(super) enum Done {
    /// A resource was created.
    Created {
        logical: String,
        /// The new resource.
        record: Record,
    },
    /// A resource was changed.
    Updated {
        logical: String,
        /// The resource before the change.
        before: Record,
        /// The resource now.
        after: Record,
    },
    /// A new resource was created in place of an old one, which still exists.
    Replaced {
        logical: String,
        /// The old resource.
        before: Record,
        /// The new resource beside it.
        after: Record,
    },
}

impl Done {
    fn logical(&self) -> &str {
        let (Self::Created { logical, .. } | Self::Updated { logical, .. } | Self::Replaced { logical, .. }) =
            self;
        logical
    }
}

impl Run<'_> {
    /// Undoes all steps in reverse order. New resources of a failed operation are deleted whatever their deletion policy.
    /// Returns what could not be undone, each with the reason, and keeps these steps for another try.
    pub(super) async fn roll_back(&mut self) -> Vec<String> {
        let (mut left_behind, mut undone) = (Vec::new(), Vec::new());
        while let Some(done) = self.done.pop() {
            if let Err(why) = self.undo(&done).await {
                left_behind.push(format!("{} ({why})", done.logical()));
                undone.push(done);
            }
        }
        undone.reverse();
        self.done = undone;
        self.replaced.clear();
        left_behind
    }

    /// Leaves the resources as they are that the client names in `ResourcesToSkip`.
    pub(super) fn skip(&mut self, skipped: &[String]) {
        let stack = self.stack;
        self.done.retain(|done| {
            let logical = done.logical();
            let is_skipped = skipped.iter().any(|name| name == logical);
            if is_skipped {
                let (Done::Created { record, .. }
                | Done::Updated { before: record, .. }
                | Done::Replaced { before: record, .. }) = done;
                let reason = Some("Resource skipped during UpdateRollback".to_owned());
                stack.set_resource_state(
                    logical,
                    &record.kind,
                    &record.made.physical_id,
                    "UPDATE_COMPLETE",
                    reason,
                );
            }
            !is_skipped
        });
    }

    /// Deletes all that the stack has except the resources named in `retained`: its resources, and what an earlier operation made
    /// and could not undo, which is resources that exist in part and both resources of a replacement. Returns the resources
    /// of which something is left; another try deletes that.
    pub(super) async fn remove_everything(&mut self, retained: &[String]) -> Vec<String> {
        let undone = std::mem::take(&mut self.stack.facts.lock().undone);
        let mut others = Vec::new();
        for done in undone {
            match done {
                Done::Created { logical, record } => {
                    self.resources.entry(logical).or_insert(record);
                }
                Done::Replaced { logical, before, after } => {
                    let current = self.resources.get(&logical).map(|record| &record.made.physical_id);
                    if current != Some(&after.made.physical_id) {
                        others.push((logical, after));
                    } else if !before.retain_replaced {
                        others.push((logical, before));
                    }
                }
                Done::Updated { .. } => {}
            }
        }
        let mut failed = self.remove_all(retained).await;
        for (logical, record) in others {
            if !retained.contains(&logical) && self.discard(&logical, &record).await.is_err() {
                if !failed.contains(&logical) {
                    failed.push(logical.clone());
                }
                self.done.push(Done::Created { logical, record });
            }
        }
        self.stack.facts.lock().undone = std::mem::take(&mut self.done);
        failed
    }

    async fn undo(&mut self, done: &Done) -> Result<(), String> {
        let stack = self.stack;
        match done {
            Done::Created { logical, record } => {
                self.discard(logical, record).await?;
                self.resources.shift_remove(logical);
            }
            Done::Replaced { logical, before, after } => {
                self.discard(logical, after).await?;
                self.resources.insert(logical.clone(), before.clone());
                let physical_id = &before.made.physical_id;
                stack.set_resource_state(logical, &before.kind, physical_id, "UPDATE_COMPLETE", None);
            }
            Done::Updated { logical, before, after } => {
                let physical_id = &after.made.physical_id;
                stack.set_resource_state(logical, &before.kind, physical_id, "UPDATE_IN_PROGRESS", None);
                if let Some(provider) = self.types.get(&before.kind) {
                    let task = Task::new(self.calls, self.cx, &stack.name, logical, &before.properties)
                        .of_generation(before.generation)
                        .of_kind(&before.kind);
                    if let Err(cause) = provider.update(&task, after).await {
                        let why = cause.to_string();
                        stack.set_resource_state(
                            logical,
                            &before.kind,
                            physical_id,
                            "UPDATE_FAILED",
                            Some(why.clone()),
                        );
                        return Err(why);
                    }
                }
                self.resources.insert(logical.clone(), before.clone());
                stack.set_resource_state(
                    logical,
                    &before.kind,
                    &before.made.physical_id,
                    "UPDATE_COMPLETE",
                    None,
                );
            }
        }
        Ok(())
    }

    async fn discard(&self, logical: &str, record: &Record) -> Result<(), String> {
        let physical_id = &record.made.physical_id;
        self.stack.set_resource_state(logical, &record.kind, physical_id, "DELETE_IN_PROGRESS", None);
        match self.delete(logical, record).await {
            Ok(()) => {
                self.stack.set_resource_state(logical, &record.kind, physical_id, "DELETE_COMPLETE", None);
                Ok(())
            }
            Err(cause) => {
                let why = cause.to_string();
                self.stack.set_resource_state(
                    logical,
                    &record.kind,
                    physical_id,
                    "DELETE_FAILED",
                    Some(why.clone()),
                );
                Err(why)
            }
        }
    }
}
