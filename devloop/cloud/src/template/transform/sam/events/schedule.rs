//! `Schedule`, a rule of EventBridge, and `ScheduleV2`, a schedule of EventBridge Scheduler.

use serde_json::{Map, Value, json};

use super::{Event, dead_letter_queue, rule::finish, state};
use crate::template::transform::sam::{
    Build, Outcome,
    function::Function,
    value::{allowing, assumed_by, attribute, pick},
};

/// Adds a rule with a schedule.
pub(super) fn rule(build: &mut Build<'_>, function: &Function, event: &Event) -> Outcome<()> {
    event.only(&[
        "DeadLetterConfig",
        "Description",
        "Enabled",
        "Input",
        "Name",
        "RetryPolicy",
        "Schedule",
        "State",
    ])?;
    let mut rule = pick(&event.properties, &["Description", "Name"]);
    rule.insert("ScheduleExpression".to_owned(), event.required("Schedule")?.clone());
    finish(build, function, event, rule, &["Input", "RetryPolicy"])
}

/// Adds a schedule with its own role.
pub(super) fn schedule(build: &mut Build<'_>, function: &Function, event: &Event) -> Outcome<()> {
    let passed = [
        "Description",
        "EndDate",
        "GroupName",
        "KmsKeyArn",
        "ScheduleExpression",
        "ScheduleExpressionTimezone",
        "StartDate",
        "State",
    ];
    let own = [
        "DeadLetterConfig",
        "FlexibleTimeWindow",
        "Input",
        "Name",
        "OmitName",
        "PermissionsBoundary",
        "RetryPolicy",
        "RoleArn",
    ];
    event.only(&[&passed[..], &own[..]].concat())?;
    event.required("ScheduleExpression")?;
    let mut schedule: Map<String, Value> = pick(&event.properties, &passed);
    if let Some(state) = state(event)? {
        schedule.insert("State".to_owned(), state);
    }
    let window = event.property("FlexibleTimeWindow").cloned();
    schedule.insert("FlexibleTimeWindow".to_owned(), window.unwrap_or_else(|| json!({ "Mode": "OFF" })));
    if event.property("OmitName") != Some(&Value::Bool(true)) {
        let name = event.property("Name").cloned().unwrap_or_else(|| event.id.as_str().into());
        schedule.insert("Name".to_owned(), name);
    }
    let mut target = pick(&event.properties, &["Input", "RetryPolicy"]);
    target.insert("Arn".to_owned(), function.arn());
    let mut policies =
        vec![allowing(format!("{}LambdaPolicy", event.id), "lambda:InvokeFunction", &function.arn())];
    if let Some((arn, _)) = dead_letter_queue(build, function, event)? {
        policies.push(allowing(format!("{}SQSPolicy", event.id), "sqs:SendMessage", &arn));
        target.insert("DeadLetterConfig".to_owned(), json!({ "Arn": arn }));
    }
    let role = match event.property("RoleArn") {
        Some(role) => role.clone(),
        None => {
            let id = format!("{}Role", event.id);
            let mut role = json!({
                "AssumeRolePolicyDocument": assumed_by("scheduler.amazonaws.com"), "Policies": policies,
            });
            if let Some(boundary) = event.property("PermissionsBoundary") {
                role["PermissionsBoundary"] = boundary.clone();
            }
            build.add(id.clone(), "AWS::IAM::Role", &function.of_events(), role);
            attribute(&id, "Arn")
        }
    };
    target.insert("RoleArn".to_owned(), role);
    schedule.insert("Target".to_owned(), Value::Object(target));
    build.add(event.id.clone(), "AWS::Scheduler::Schedule", &function.of_events(), Value::Object(schedule));
    Ok(())
}
