//! Operations that describe stacks, their resources and their events.

use serde_json::{Value, json};

use super::{
    super::{
        service::CloudFormation,
        stack::{Event, OnFailure, Shown, Stack, Wanted},
    },
    errors::{no_stack, no_such_stack, validation},
    input::{page, required, text, texts},
};
use crate::{context::Context, error::ApiError, wire};

/// How many entries a page has [DescribeStackEvents, ListStackResources].
const PAGE: usize = 100;

/// [DescribeStacks]
pub(super) fn stacks(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    match text(input, "StackName") {
        Some(name) => {
            let stack = service.stacks.find(cx, name).ok_or_else(|| no_stack(name))?;
            Ok(json!({ "Stacks": [described(&stack)] }))
        }
        None => {
            let stacks = service.stacks.of_region(cx);
            page(
                input,
                "Stacks",
                stacks.iter().filter(|stack| stack.exists()).map(|stack| described(stack)),
                PAGE,
            )
        }
    }
}

fn described(stack: &Stack) -> Value {
    let facts = stack.facts.lock();
    let wanted = &facts.applied;
    let outputs: Vec<Value> = facts
        .outputs
        .iter()
        .map(|output| {
            json!({
                "OutputKey": output.key, "OutputValue": output.value, "Description": output.description,
                "ExportName": output.export,
            })
        })
        .collect();
    let description =
        wanted.template.as_ref().and_then(|template| template.description.as_str().map(str::to_owned));
    json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": description,
        "Parameters": parameters(wanted),
        "CreationTime": wire::time(facts.created_ms),
        "LastUpdatedTime": facts.updated_ms.map(wire::time),
        "DeletionTime": facts.deleted_ms.map(wire::time),
        "RollbackConfiguration": rollback(wanted),
        "StackStatus": facts.status,
        "StackStatusReason": facts.reason,
        "TimeoutInMinutes": wanted.timeout,
        "DisableRollback": wanted.on_failure == OnFailure::Nothing,
        "NotificationARNs": wanted.topics,
        "Capabilities": wanted.capabilities,
        "Outputs": outputs,
        "RoleARN": wanted.role,
        "Tags": tags(wanted),
        "EnableTerminationProtection": facts.is_protected,
        "DriftInformation": { "StackDriftStatus": "NOT_CHECKED" },
    })
}

/// The rollback triggers of a stack and how long they are watched.
pub(super) fn rollback(wanted: &Wanted) -> Value {
    wanted.rollback.clone().unwrap_or_else(|| json!({}))
}

/// The values of parameters; the value of a `NoEcho` parameter is masked.
pub(super) fn parameters(wanted: &Wanted) -> Value {
    let declared = wanted.template.iter().flat_map(|template| &template.parameters);
    declared
        .filter_map(|(name, parameter)| {
            let value = wanted.parameters.get(name).or(parameter.default.as_ref())?;
            let value = if parameter.is_secret() { "****" } else { value };
            Some(json!({
                "ParameterKey": name, "ParameterValue": value, "ResolvedValue": wanted.resolved.get(name),
            }))
        })
        .collect()
}

/// The tags of a stack.
pub(super) fn tags(wanted: &Wanted) -> Value {
    wanted.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// [ListStacks], which lists deleted stacks too.
pub(super) fn list(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let wanted = texts(input, "StackStatusFilter").unwrap_or_default();
    let stacks = service.stacks.of_region(cx);
    let summaries = stacks
        .iter()
        .filter(|stack| wanted.is_empty() || wanted.iter().any(|status| status == stack.status()))
        .map(|stack| {
            let mut summary = described(stack);
            if let Some(members) = summary.as_object_mut() {
                let description = members.remove("Description");
                members.retain(|name, _| {
                    [
                        "StackId",
                        "StackName",
                        "CreationTime",
                        "LastUpdatedTime",
                        "DeletionTime",
                        "StackStatus",
                        "StackStatusReason",
                        "DriftInformation",
                    ]
                    .contains(&name.as_str())
                });
                members.extend(description.map(|text| ("TemplateDescription".to_owned(), text)));
            }
            summary
        });
    page(input, "StackSummaries", summaries.collect::<Vec<_>>(), PAGE)
}

/// [DescribeStackEvents], the newest event first. The token names the last event of the previous page.
pub(super) fn events(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let name = required(input, "StackName")?;
    let stack = service.stacks.find(cx, name).ok_or_else(|| no_such_stack(name))?;
    let facts = stack.facts.lock();
    let after = match text(input, "NextToken") {
        None => 0,
        Some(token) => {
            let found = facts.events.iter().position(|event| event.id == token);
            found.ok_or_else(|| validation(format!("The NextToken {token} is not valid.")))? + 1
        }
    };
    let shown: Vec<&Event> = facts.events.iter().skip(after).take(PAGE).collect();
    let more = facts.events.len() > after + PAGE;
    let mut output = json!({
        "StackEvents": shown.iter().map(|event| described_event(&stack, event)).collect::<Vec<_>>(),
    });
    if let (true, Some(last)) = (more, shown.last()) {
        output["NextToken"] = last.id.as_str().into();
    }
    Ok(output)
}

fn described_event(stack: &Stack, event: &Event) -> Value {
    let Shown { kind, physical_id, status, reason, at_ms } = &event.shown;
    json!({
        "StackId": stack.id, "StackName": stack.name, "EventId": event.id, "LogicalResourceId": event.logical,
        "PhysicalResourceId": physical_id, "ResourceType": kind, "Timestamp": wire::time(*at_ms),
        "ResourceStatus": status, "ResourceStatusReason": reason, "ClientRequestToken": event.token,
    })
}

fn described_resource(logical: &str, shown: &Shown) -> Value {
    json!({
        "LogicalResourceId": logical,
        "PhysicalResourceId": (!shown.physical_id.is_empty()).then_some(&shown.physical_id),
        "ResourceType": shown.kind,
        "ResourceStatus": shown.status,
        "ResourceStatusReason": shown.reason,
        "DriftInformation": { "StackResourceDriftStatus": "NOT_CHECKED" },
    })
}

fn with(mut described: Value, members: Value) -> Value {
    if let (Value::Object(described), Value::Object(members)) = (&mut described, members) {
        described.extend(members);
    }
    described
}

/// [DescribeStackResource]
pub(super) fn resource(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let name = required(input, "StackName")?;
    let stack = service.stacks.find(cx, name).ok_or_else(|| no_such_stack(name))?;
    let logical = required(input, "LogicalResourceId")?;
    let facts = stack.facts.lock();
    let Some(shown) = facts.shown.get(logical) else {
        return Err(validation(format!("Resource {logical} does not exist for stack {}", stack.name)));
    };
    let metadata = facts.applied.template.as_ref().and_then(|template| template.resources.get(logical));
    let metadata = metadata.map(|resource| &resource.metadata).filter(|metadata| !metadata.is_null());
    let more = json!({
        "StackId": stack.id, "StackName": stack.name, "LastUpdatedTimestamp": wire::time(shown.at_ms),
        "Metadata": metadata.map(ToString::to_string),
    });
    Ok(json!({ "StackResourceDetail": with(described_resource(logical, shown), more) }))
}

/// [DescribeStackResources]
pub(super) fn resources(service: &CloudFormation, cx: &Context, input: &Value) -> Result<Value, ApiError> {
    let physical = text(input, "PhysicalResourceId");
    let stack = match (text(input, "StackName"), physical) {
        (Some(name), _) => service.stacks.find(cx, name).ok_or_else(|| no_stack(name))?,
        (None, Some(physical)) => {
            let stacks = service.stacks.of_region(cx);
            let holds = |stack: &Stack| {
                stack.facts.lock().resources.values().any(|record| record.made.physical_id == physical)
            };
            let found = stacks.into_iter().find(|stack| stack.exists() && holds(stack));
            found.ok_or_else(|| validation(format!("Stack for {physical} does not exist")))?
        }
        (None, None) => return Err(super::errors::constraint("stackName", None, "not be null")),
    };
    let logical = text(input, "LogicalResourceId");
    let facts = stack.facts.lock();
    let found = facts.shown.iter().filter(|(name, shown)| {
        logical.is_none_or(|logical| logical == *name)
            && physical.is_none_or(|physical| physical == shown.physical_id)
    });
    let found: Vec<Value> = found
        .map(|(name, shown)| {
            let more = json!({
                "StackId": stack.id, "StackName": stack.name, "Timestamp": wire::time(shown.at_ms),
            });
            with(described_resource(name, shown), more)
        })
        .collect();
    if let (true, Some(logical)) = (found.is_empty(), logical) {
        return Err(validation(format!("Resource {logical} does not exist for stack {}", stack.name)));
    }
    Ok(json!({ "StackResources": found }))
}

/// [ListStackResources]
pub(super) fn list_resources(
    service: &CloudFormation,
    cx: &Context,
    input: &Value,
) -> Result<Value, ApiError> {
    let name = required(input, "StackName")?;
    let stack = service.stacks.find(cx, name).ok_or_else(|| no_stack(name))?;
    let facts = stack.facts.lock();
    let summaries = facts.shown.iter().map(|(logical, shown)| {
        with(described_resource(logical, shown), json!({ "LastUpdatedTimestamp": wire::time(shown.at_ms) }))
    });
    page(input, "StackResourceSummaries", summaries.collect::<Vec<_>>(), PAGE)
}

/// [DescribeAccountLimits]
pub(super) fn limits() -> Value {
    json!({ "AccountLimits": [{ "Name": "StackLimit", "Value": super::super::stacks::MOST }] })
}
