//! Change sets.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    super::{
        apply::check_name,
        change_set::ChangeSet,
        service::CloudFormation,
        stack::{Facts, OnFailure, Stack, Wanted},
    },
    changes, describe,
    errors::{self, constraint, no_change_set, no_such_stack, validation},
    input::{flag, page, required, text},
    operate, wanted,
};
use crate::{context::Context, error::ApiError, wire};

/// The most change sets that a stack keeps.
const MOST: usize = 100;

/// [CreateChangeSet]
pub(super) async fn create(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let (stack_name, name) = (required(input, "StackName")?, required(input, "ChangeSetName")?);
    check_name(name).map_err(|_| {
        constraint("changeSetName", Some(name), "satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*")
    })?;
    let found = service.stacks.find(cx, stack_name);
    let is_create = match text(input, "ChangeSetType") {
        Some("CREATE") => true,
        Some("UPDATE") | None => false,
        Some(other) => {
            return Err(validation(format!(
                "the embedded cloud does not support change sets of the type {other}; there are CREATE and UPDATE"
            )));
        }
    };
    let stack = match (found, is_create) {
        (Some(stack), true) if stack.status() == "REVIEW_IN_PROGRESS" => stack,
        (Some(stack), true) => {
            return Err(validation(format!(
                "Stack [{}] already exists and cannot be created again with the changeSet [{name}].",
                stack.name
            )));
        }
        (None, false) => return Err(no_such_stack(stack_name)),
        (Some(stack), false) => {
            drop(operate::turn(&stack, stack.status() == "REVIEW_IN_PROGRESS")?);
            stack
        }
        (None, true) => {
            check_name(stack_name).map_err(|error| errors::template(&error))?;
            operate::new_stack(service, cx, stack_name)?
        }
    };
    let is_create = is_create || stack.status() == "REVIEW_IN_PROGRESS";
    {
        let facts = stack.facts.lock();
        if facts.change_sets.contains_key(name) {
            let message = format!("ChangeSet [{name}] already exists");
            return Err(ApiError::client("AlreadyExistsException", message));
        }
        if facts.change_sets.len() >= MOST {
            let message = format!("ChangeSet limit exceeded: a stack keeps {MOST}");
            return Err(ApiError::client("LimitExceededException", message));
        }
    }
    let before = (!is_create).then(|| Arc::clone(&stack.facts.lock().applied));
    let mut wanted = wanted::read(service, cx, input, before.as_deref()).await?;
    wanted::check_capabilities(&wanted, false)?;
    service.resolve(cx, &mut wanted).await.map_err(|error| errors::template(&error))?;
    let (status, reason, changes) = match review(service, cx, &stack, &wanted).await {
        Ok(changes) => ("CREATE_COMPLETE", None, changes),
        Err(error) => ("FAILED", Some(error.message), Vec::new()),
    };
    let id = cx.arn("cloudformation", &format!("changeSet/{name}/{}", wire::unique_id()));
    if stack.status().is_empty() {
        stack.becomes("REVIEW_IN_PROGRESS", Some("User Initiated".to_owned()));
    }
    let set = ChangeSet {
        id: id.clone(),
        name: name.to_owned(),
        description: text(input, "Description").map(str::to_owned),
        is_create,
        wanted: Arc::new(wanted),
        created_ms: service.now_ms(),
        status,
        reason,
        execution: if status == "FAILED" { "UNAVAILABLE" } else { "AVAILABLE" },
        changes,
    };
    stack.facts.lock().change_sets.insert(name.to_owned(), set);
    Ok(json!({ "Id": id, "StackId": stack.id }))
}

/// What the change set would change; the error says why the change set has failed.
async fn review(
    service: &CloudFormation,
    cx: &Context,
    stack: &Arc<Stack>,
    wanted: &Wanted,
) -> Result<Vec<Value>, ApiError> {
    let plan = service.plan(cx, stack, wanted).await.map_err(|error| errors::template(&error))?;
    let found = changes::of(service, cx, stack, wanted, &plan).await?;
    if found.is_nothing() && stack.exists() && stack.status() != "REVIEW_IN_PROGRESS" {
        return Err(validation(
            "The submitted information didn't contain changes. Submit different information to create a change set.",
        ));
    }
    Ok(found.resources)
}

/// The change set that the input names, with its stack.
fn find(service: &CloudFormation, cx: &Context, input: &Value) -> Result<(Arc<Stack>, ChangeSet), ApiError> {
    let name = required(input, "ChangeSetName")?;
    let missing = || no_change_set(name);
    if let Some(stack_name) = text(input, "StackName") {
        let stack = service.stacks.find(cx, stack_name).ok_or_else(missing)?;
        let found = by_name_or_id(&stack.facts.lock(), name);
        return found.map(|set| (stack, set)).ok_or_else(missing);
    }
    let stacks = service.stacks.of_region(cx);
    let found = stacks.into_iter().find_map(|stack| {
        let set = by_name_or_id(&stack.facts.lock(), name).filter(|set| set.id == name)?;
        Some((stack, set))
    });
    found.ok_or_else(missing)
}

fn by_name_or_id(facts: &Facts, name: &str) -> Option<ChangeSet> {
    facts.change_sets.values().find(|set| set.name == name || set.id == name).cloned()
}

/// [DescribeChangeSet]
pub(super) fn describe(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let (stack, set) = find(service, cx, input)?;
    let with_values = flag(input, "IncludePropertyValues");
    let changes = set
        .changes
        .iter()
        .map(|change| if with_values { change.clone() } else { changes::without_values(change.clone()) });
    let mut output = page(input, "Changes", changes, 100)?;
    let mut shown = summary(&stack, &set);
    shown["NotificationARNs"] = json!(set.wanted.topics);
    shown["Capabilities"] = json!(set.wanted.capabilities);
    shown["Tags"] = describe::tags(&set.wanted);
    shown["Parameters"] = describe::parameters(&set.wanted);
    shown["RollbackConfiguration"] = describe::rollback(&set.wanted);
    if let (Value::Object(output), Value::Object(shown)) = (&mut output, shown) {
        output.extend(shown);
    }
    Ok(output)
}

fn summary(stack: &Stack, set: &ChangeSet) -> Value {
    json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": set.id,
        "ChangeSetName": set.name,
        "Description": set.description,
        "CreationTime": wire::time(set.created_ms),
        "Status": set.status,
        "StatusReason": set.reason,
        "ExecutionStatus": set.execution,
        "IncludeNestedStacks": false,
    })
}

/// [ListChangeSets]
pub(super) fn list(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let stack = operate::stack(service, cx, input)?;
    let facts = stack.facts.lock();
    page(input, "Summaries", facts.change_sets.values().map(|set| summary(&stack, set)), 100)
}

/// [DeleteChangeSet]. A change set that does not exist counts as deleted.
pub(super) fn delete(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let name = required(input, "ChangeSetName")?;
    if let Some(stack_name) = text(input, "StackName")
        && service.stacks.find(cx, stack_name).is_none()
    {
        return Err(no_such_stack(stack_name));
    }
    match find(service, cx, input) {
        Ok((stack, set)) if set.execution != "EXECUTE_IN_PROGRESS" => {
            stack.facts.lock().change_sets.remove(&set.name);
            Ok(json!({}))
        }
        Ok((_, set)) => Err(bad_status(name, set.execution, "deleted")),
        Err(_) => Ok(json!({})),
    }
}

fn bad_status(name: &str, status: &str, what: &str) -> ApiError {
    let message = format!("ChangeSet [{name}] cannot be {what} in its current status of [{status}]");
    ApiError::client("InvalidChangeSetStatusException", message)
}

/// [ExecuteChangeSet]
pub(super) async fn execute(
    service: &CloudFormation,
    cx: &Context,
    input: &Value,
) -> Result<Value, ApiError> {
    let (stack, set) = find(service, cx, input)?;
    if set.execution != "AVAILABLE" {
        let status = if set.status == "FAILED" { set.status } else { set.execution };
        return Err(bad_status(&set.id, status, "executed"));
    }
    let turn = operate::turn(&stack, set.is_create && stack.status() == "REVIEW_IN_PROGRESS")?;
    let mut wanted = Wanted::clone(&set.wanted);
    wanted.token = text(input, "ClientRequestToken").map(str::to_owned);
    if flag(input, "DisableRollback") {
        wanted.on_failure = OnFailure::Nothing;
    }
    let shared = service.shared()?;
    {
        // The stack's other change sets were made for its state before this change.
        let mut facts = stack.facts.lock();
        facts.change_sets.retain(|name, _| *name == set.name);
        for set in facts.change_sets.values_mut() {
            set.execution = "EXECUTE_IN_PROGRESS";
        }
    }
    let begun = CloudFormation::begin(&stack, wanted);
    let cx = cx.clone();
    operate::ended_soon(tokio::spawn(async move {
        let _turn = turn;
        let outcome = shared.go_on(&cx, &stack, begun).await;
        if let Some(set) = stack.facts.lock().change_sets.get_mut(&set.name) {
            set.execution = if outcome.is_ok() { "EXECUTE_COMPLETE" } else { "EXECUTE_FAILED" };
        }
    }))
    .await;
    Ok(json!({}))
}
