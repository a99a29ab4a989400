//! Operations that change stacks: input is checked before the answer, the work continues after it.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{sync::OwnedMutexGuard, task::JoinHandle};

use super::{
    super::{apply::check_name, run::Run, service::CloudFormation, stack::Stack, stacks},
    changes,
    errors::{self, no_such_stack, validation},
    input::{flag, required, texts},
    wanted,
};
use crate::{context::Context, error::ApiError};

/// States in which a stack can be updated.
const UPDATABLE: [&str; 6] = [
    "CREATE_COMPLETE",
    "IMPORT_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE",
    "CREATE_FAILED",
];

/// How long an answer waits for its operation to end, in the machine's time. Clients poll only after seconds (the AWS
/// command line after half a minute), and most stacks are done long before.
const PATIENCE: Duration = Duration::from_secs(5);

/// Waits for an operation that ends soon; any other one goes on after the answer.
pub(super) async fn ended_soon(operation: JoinHandle<()>) {
    // The outcome is recorded in the stack's events.
    let _ = tokio::time::timeout(PATIENCE, operation).await;
}

/// The stack that the member `StackName` names.
pub(super) fn stack(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Arc<Stack>, ApiError> {
    let name = required(input, "StackName")?;
    service.stacks.find(cx, name).ok_or_else(|| no_such_stack(name))
}

/// Takes the lock that lets one operation at a time change the stack. Fails while another operation holds it, or when the
/// stack's state allows no update.
pub(super) fn turn(stack: &Stack, is_new: bool) -> Result<OwnedMutexGuard<()>, ApiError> {
    let status = stack.status();
    let refused = || validation(format!("Stack:{} is in {status} state and can not be updated.", stack.id));
    if !is_new && !UPDATABLE.contains(&status) {
        return Err(refused());
    }
    Arc::clone(&stack.turn).try_lock_owned().map_err(|_| refused())
}

/// [CreateStack]
pub(super) async fn create(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let name = required(input, "StackName")?;
    check_name(name).map_err(|error| errors::template(&error))?;
    if service.stacks.by_name(cx, name).is_some() {
        return Err(ApiError::client("AlreadyExistsException", format!("Stack [{name}] already exists")));
    }
    let mut wanted = wanted::read(service, cx, input, None).await?;
    wanted::check_capabilities(&wanted, true)?;
    let stack = new_stack(service, cx, name)?;
    let plan = service.plan(cx, &stack, &wanted).await;
    plan.map_err(|error| errors::template(&error))?;
    service.resolve(cx, &mut wanted).await.map_err(|error| errors::template(&error))?;
    let turn = turn(&stack, true)?;
    if stack.exists() {
        return Err(ApiError::client("AlreadyExistsException", format!("Stack [{name}] already exists")));
    }
    stack.facts.lock().is_protected = flag(input, "EnableTerminationProtection");
    let begun = CloudFormation::begin(&stack, wanted);
    let (shared, cx, id) = (service.shared()?, cx.clone(), stack.id.clone());
    ended_soon(tokio::spawn(async move {
        let _turn = turn;
        // Failures are recorded in the stack's events.
        let _ = shared.go_on(&cx, &stack, begun).await;
    }))
    .await;
    Ok(json!({ "StackId": id }))
}

/// A stack of this name on which no operation has begun.
pub(super) fn new_stack(service: &CloudFormation, cx: &Context, name: &str) -> Result<Arc<Stack>, ApiError> {
    if service.stacks.count() >= stacks::MOST {
        let message = format!("Limit for stack has been exceeded: there are {}", stacks::MOST);
        return Err(ApiError::client("LimitExceededException", message));
    }
    Ok(service.stacks.find_or_new(cx, name))
}

/// [UpdateStack]
pub(super) async fn update(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let stack = stack(service, cx, input)?;
    let turn = turn(&stack, false)?;
    let before = Arc::clone(&stack.facts.lock().applied);
    let mut wanted = wanted::read(service, cx, input, Some(&before)).await?;
    wanted::check_capabilities(&wanted, true)?;
    let plan = service.plan(cx, &stack, &wanted).await.map_err(|error| errors::template(&error))?;
    service.resolve(cx, &mut wanted).await.map_err(|error| errors::template(&error))?;
    let found = changes::of(service, cx, &stack, &wanted, &plan).await?;
    let status = stack.status();
    if found.is_nothing() && !status.ends_with("_FAILED") {
        return Err(validation("No updates are to be performed."));
    }
    let begun = CloudFormation::begin(&stack, wanted);
    let (shared, cx, id) = (service.shared()?, cx.clone(), stack.id.clone());
    ended_soon(tokio::spawn(async move {
        let _turn = turn;
        // Failures are recorded in the stack's events.
        let _ = shared.go_on(&cx, &stack, begun).await;
    }))
    .await;
    Ok(json!({ "StackId": id }))
}

/// [DeleteStack]. A stack that does not exist counts as deleted.
pub(super) async fn delete(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let name = required(input, "StackName")?;
    let Some(stack) = service.stacks.find(cx, name) else { return Ok(json!({})) };
    if !stack.exists() {
        return Ok(json!({}));
    }
    let status = stack.status();
    if stack.facts.lock().is_protected {
        return Err(validation(format!(
            "Stack [{}] cannot be deleted while TerminationProtection is enabled",
            stack.name
        )));
    }
    if status.starts_with("UPDATE") && status.ends_with("_IN_PROGRESS") {
        return Err(validation(format!("Stack [{}] cannot be deleted while in status {status}", stack.id)));
    }
    let retained = texts(input, "RetainResources").unwrap_or_default();
    if !retained.is_empty() && status != "DELETE_FAILED" {
        return Err(validation(format!(
            "Invalid operation on stack [{}]. RetainResources can only be specified for stacks in DELETE_FAILED state.",
            stack.id
        )));
    }
    // A creation in progress is cancelled first.
    stack.facts.lock().is_cancelled = true;
    let turn = Arc::clone(&stack.turn).try_lock_owned().ok();
    if turn.is_some() {
        stack.becomes("DELETE_IN_PROGRESS", Some("User Initiated".to_owned()));
    }
    let (shared, cx) = (service.shared()?, cx.clone());
    ended_soon(tokio::spawn(async move {
        let _turn = match turn {
            Some(turn) => turn,
            None => {
                let turn = Arc::clone(&stack.turn).lock_owned().await;
                stack.becomes("DELETE_IN_PROGRESS", Some("User Initiated".to_owned()));
                turn
            }
        };
        delete_now(&shared, &cx, &stack, status, &retained).await;
    }))
    .await;
    Ok(json!({}))
}

async fn delete_now(
    service: &CloudFormation,
    cx: &Context,
    stack: &Arc<Stack>,
    before: &'static str,
    retained: &[String],
) {
    let exports: Vec<String> =
        stack.facts.lock().outputs.iter().filter_map(|output| output.export.clone()).collect();
    for export in exports {
        if let Some(importer) = service.importers(cx, &export).first() {
            let why =
                format!("Delete canceled. Cannot delete export {export} as it is in use by {importer}.");
            stack.becomes(before, Some(why));
            return;
        }
    }
    let Ok(calls) = service.all() else { return };
    let mut run = Run::new(&*calls, cx, service, service.types(&*calls), stack);
    let failed = run.remove_everything(retained).await;
    if failed.is_empty() {
        service.exports.write().retain(|_, export| export.stack != stack.id);
        stack.facts.lock().change_sets.clear();
        stack.becomes("DELETE_COMPLETE", None);
    } else {
        let why = format!("The following resource(s) failed to delete: [{}]. ", failed.join(", "));
        stack.becomes("DELETE_FAILED", Some(why));
    }
}

/// [CancelUpdateStack]
pub(super) fn cancel(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let stack = stack(service, cx, input)?;
    if stack.status() != "UPDATE_IN_PROGRESS" {
        return Err(validation("CancelUpdateStack cannot be called from current stack status"));
    }
    stack.facts.lock().is_cancelled = true;
    Ok(json!({}))
}

/// [ContinueUpdateRollback] and [RollbackStack], which differ in the states that they start from.
pub(super) async fn roll_back(
    service: &CloudFormation,
    cx: &Context,
    input: &Value,
    from: &[&str],
) -> Result<Value, ApiError> {
    let stack = stack(service, cx, input)?;
    let status = stack.status();
    let refused =
        || validation(format!("Stack:{} is in {status} state and can not be rolled back.", stack.id));
    if !from.contains(&status) {
        return Err(refused());
    }
    let turn = Arc::clone(&stack.turn).try_lock_owned().map_err(|_| refused())?;
    let is_new = matches!(status, "CREATE_FAILED" | "ROLLBACK_FAILED");
    let doing = if is_new { "ROLLBACK_IN_PROGRESS" } else { "UPDATE_ROLLBACK_IN_PROGRESS" };
    let skipped = texts(input, "ResourcesToSkip").unwrap_or_default();
    stack.becomes(doing, Some("User Initiated".to_owned()));
    let (shared, cx, id) = (service.shared()?, cx.clone(), stack.id.clone());
    ended_soon(tokio::spawn(async move {
        let _turn = turn;
        let Ok(calls) = shared.all() else { return };
        let mut run = Run::new(&*calls, &cx, &shared, shared.types(&*calls), &stack);
        run.done = std::mem::take(&mut stack.facts.lock().undone);
        run.skip(&skipped);
        shared.end_rollback(run, is_new, doing).await;
    }))
    .await;
    Ok(json!({ "StackId": id }))
}

/// [UpdateTerminationProtection]
pub(super) fn protect(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let stack = stack(service, cx, input)?;
    if input.get("EnableTerminationProtection").is_none() {
        return Err(errors::constraint("enableTerminationProtection", None, "not be null"));
    }
    stack.facts.lock().is_protected = flag(input, "EnableTerminationProtection");
    Ok(json!({ "StackId": stack.id }))
}
