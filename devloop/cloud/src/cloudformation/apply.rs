//! Applies templates: creates their resources through the services' own operations.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    api,
    applied::{Applied, ResourceChange},
    change::refuse_other_types,
    plan::Plan,
    run::Run,
    service::CloudFormation,
    stack::{OnFailure, Outputs, Stack, Wanted},
    stores::Stores,
};
use crate::{
    context::Context,
    template::{DynamicValues, Pseudo, Template, TemplateError, stored_parameters, values},
};

/// An operation that clients already see in the stack's status, but whose work has not started.
#[derive(Debug)]
pub(super) struct Begun {
    wanted: Arc<Wanted>,
    is_new: bool,
}

impl CloudFormation {
    /// Brings the stack `name` to what `template` says, in the region of `cx`, with `parameters` by name.
    ///
    /// Applying an unchanged template does nothing. A changed one creates new resources, updates or replaces those that
    /// differ, and deletes the ones that it no longer has. When a service refuses, the changes of this call are undone, and
    /// the error names the resource and the cause.
    pub(crate) async fn apply(
        &self,
        cx: Context,
        name: &str,
        template: &Template,
        given: &BTreeMap<String, String>,
    ) -> Result<Outputs, TemplateError> {
        self.apply_and_tell(cx, name, template, given).await.map(|applied| applied.outputs)
    }

    /// The same, with what changed.
    pub(crate) async fn apply_and_tell(
        &self,
        cx: Context,
        name: &str,
        template: &Template,
        given: &BTreeMap<String, String>,
    ) -> Result<Applied, TemplateError> {
        check_name(name)?;
        let stack = self.stacks.find_or_new(&cx, name);
        let mut wanted = Wanted {
            template: Some(template.clone()),
            parameters: given.clone(),
            capabilities: ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
                .map(str::to_owned)
                .to_vec(),
            ..Wanted::default()
        };
        // Find mistakes in the template before the stack is touched.
        let plan = self.plan(&cx, &stack, &wanted).await?;
        refuse_other_types(&stack, template, &plan)?;
        self.resolve(&cx, &mut wanted).await?;
        // What cannot be compared fails below, with its cause.
        let found = api::changes_of(self, &cx, &stack, &wanted, &plan).await;
        let changes = found.map(|found| found.resources).unwrap_or_default();
        let outputs = self.bring(&cx, &stack, wanted).await?;
        let changes = changes.iter().filter_map(ResourceChange::of).collect();
        Ok(Applied { outputs, changes, ..Applied::default() })
    }

    /// Reads parameters and conditions and orders the resources. Errors are mistakes in the template.
    pub(super) async fn plan(
        &self,
        cx: &Context,
        stack: &Stack,
        wanted: &Wanted,
    ) -> Result<Plan, TemplateError> {
        let calls = self.all().map_err(TemplateError::Stopping)?;
        let template = wanted.template.as_ref().ok_or_else(no_template)?;
        let stored = |parameter: String| {
            let stores = Stores { calls: &*calls, cx };
            async move { stores.parameter(&parameter, None).await }
        };
        let parameters = values(template, &wanted.parameters, stored).await?;
        let pseudo = Pseudo::new(cx, &stack.name, stack.id.clone());
        Plan::of(template, self.types(&*calls), parameters, pseudo)
    }

    /// Looks up the values of Systems Manager parameters, which `DescribeStacks` shows as `ResolvedValue`.
    pub(super) async fn resolve(&self, cx: &Context, wanted: &mut Wanted) -> Result<(), TemplateError> {
        let calls = self.all().map_err(TemplateError::Stopping)?;
        if let Some(template) = &wanted.template {
            let stores = Stores { calls: &*calls, cx };
            wanted.resolved = stored_parameters(template, &wanted.parameters, &stores).await;
        }
        Ok(())
    }

    /// Creates or updates the stack while holding its lock, undoes the work on failure, and records every step as an event.
    async fn bring(
        &self,
        cx: &Context,
        stack: &Arc<Stack>,
        wanted: Wanted,
    ) -> Result<Outputs, TemplateError> {
        let _turn = stack.turn.lock().await;
        let begun = Self::begin(stack, wanted);
        self.go_on(cx, stack, begun).await
    }

    /// Shows in the stack's status that an operation begins; [`CloudFormation::go_on`] does its work. The caller holds the
    /// stack's lock.
    pub(super) fn begin(stack: &Stack, wanted: Wanted) -> Begun {
        let is_new = matches!(stack.status(), "" | "REVIEW_IN_PROGRESS" | "ROLLBACK_COMPLETE");
        let wanted = Arc::new(wanted);
        {
            let mut facts = stack.facts.lock();
            facts.is_cancelled = false;
            facts.undone.clear();
            facts.shown.retain(|_, shown| shown.status != "DELETE_COMPLETE");
            let before = std::mem::replace(&mut facts.applied, Arc::clone(&wanted));
            facts.previous = (!is_new).then_some(before);
        }
        let status = if is_new { "CREATE_IN_PROGRESS" } else { "UPDATE_IN_PROGRESS" };
        stack.becomes(status, Some("User Initiated".to_owned()));
        Begun { wanted, is_new }
    }

    /// Does the work of an operation that [`CloudFormation::begin`] has begun.
    pub(super) async fn go_on(
        &self,
        cx: &Context,
        stack: &Arc<Stack>,
        Begun { wanted, is_new }: Begun,
    ) -> Result<Outputs, TemplateError> {
        let calls = self.all().map_err(TemplateError::Stopping)?;
        let mut run = Run::new(&*calls, cx, self, self.types(&*calls), stack);
        let outcome = match self.plan(cx, stack, &wanted).await {
            Err(error) => Err(error),
            Ok(plan) => {
                let template = wanted.template.as_ref().ok_or_else(no_template)?;
                let mut outcome = run.converge(template, &plan).await;
                if outcome.is_ok() {
                    outcome = run.outputs(template, &plan).map(|outputs| run.settle(outputs));
                }
                outcome.map(|()| plan)
            }
        };
        let plan = match outcome {
            Ok(plan) => plan,
            Err(error) => return Err(self.give_up(run, &wanted, is_new, error).await),
        };
        if is_new {
            stack.becomes("CREATE_COMPLETE", None);
            return Ok(Outputs::of(&stack.facts.lock()));
        }
        stack.becomes("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", None);
        let removed = run.remove_what_is_gone(&plan).await;
        stack.facts.lock().previous = None;
        stack.becomes("UPDATE_COMPLETE", None);
        removed.map(|()| Outputs::of(&stack.facts.lock()))
    }

    /// Undoes the work of a failed run or keeps it, as the client's `OnFailure` says.
    async fn give_up(
        &self,
        mut run: Run<'_>,
        wanted: &Wanted,
        is_new: bool,
        mut error: TemplateError,
    ) -> TemplateError {
        let stack = run.stack;
        let reason = run.reason(&error, is_new);
        if wanted.on_failure == OnFailure::Nothing {
            run.settle_resources();
            stack.becomes(failed(is_new), Some(reason));
            return error;
        }
        let doing = match (is_new, wanted.on_failure) {
            (true, OnFailure::Delete) => "DELETE_IN_PROGRESS",
            (true, _) => "ROLLBACK_IN_PROGRESS",
            (false, _) => "UPDATE_ROLLBACK_IN_PROGRESS",
        };
        let what_then = if is_new { "Rollback requested by user." } else { "" };
        stack.becomes(doing, Some(format!("{reason}{what_then}")));
        let remains = self.end_rollback(run, is_new, doing).await;
        if let TemplateError::Failed { left_behind, .. } = &mut error {
            left_behind.extend(remains);
        }
        error
    }

    /// Undoes what a run has done while the stack is in the state `doing`, then sets the state that follows. Returns what
    /// could not be undone.
    pub(super) async fn end_rollback(&self, mut run: Run<'_>, is_new: bool, doing: &str) -> Vec<String> {
        let stack = run.stack;
        let remains = run.roll_back().await;
        run.settle_resources();
        if !remains.is_empty() {
            let undone = if is_new { "ROLLBACK_FAILED" } else { "UPDATE_ROLLBACK_FAILED" };
            stack.becomes(undone, Some(format!("Could not be undone: {}.", remains.join(", "))));
            return remains;
        }
        if !is_new {
            stack.becomes("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", None);
            stack.goes_back();
        }
        stack.becomes(
            match doing {
                "DELETE_IN_PROGRESS" => "DELETE_COMPLETE",
                "ROLLBACK_IN_PROGRESS" => "ROLLBACK_COMPLETE",
                _ => "UPDATE_ROLLBACK_COMPLETE",
            },
            None,
        );
        remains
    }
}

fn failed(is_new: bool) -> &'static str {
    if is_new { "CREATE_FAILED" } else { "UPDATE_FAILED" }
}

fn no_template() -> TemplateError {
    TemplateError::Stopping(crate::error::ApiError::internal("the stack has no template"))
}

pub(super) fn check_name(name: &str) -> Result<(), TemplateError> {
    let mut bytes = name.bytes();
    let valid = name.len() <= 128
        && bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if valid { Ok(()) } else { Err(TemplateError::StackName(name.to_owned())) }
}

#[cfg(test)]
mod tests;
