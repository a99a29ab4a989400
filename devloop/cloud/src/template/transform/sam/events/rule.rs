//! `EventBridgeRule`, whose old name is `CloudWatchEvent`: events of a bus that match a pattern.

use serde_json::{Map, Value, json};

use super::{Event, dead_letter_queue, permit, state};
use crate::template::transform::sam::{
    Build, Outcome,
    function::Function,
    value::{attribute, pick, reference},
};

/// The longest id of a target [PutTargets, EventBridge API Reference].
const LONGEST_ID: usize = 64;

/// Adds a rule with a pattern.
pub(super) fn make(build: &mut Build<'_>, function: &Function, event: &Event) -> Outcome<()> {
    event.only(&[
        "DeadLetterConfig",
        "Enabled",
        "EventBusName",
        "Input",
        "InputPath",
        "InputTransformer",
        "Pattern",
        "RetryPolicy",
        "RuleName",
        "State",
        "Target",
    ])?;
    let mut rule = pick(&event.properties, &["EventBusName"]);
    for (from, to) in [("Pattern", "EventPattern"), ("RuleName", "Name")] {
        if let Some(value) = event.property(from) {
            rule.insert(to.to_owned(), value.clone());
        }
    }
    finish(build, function, event, rule, &["Input", "InputPath", "InputTransformer", "RetryPolicy"])
}

/// Adds state, target and permission to a rule.
pub(super) fn finish(
    build: &mut Build<'_>,
    function: &Function,
    event: &Event,
    mut rule: Map<String, Value>,
    of_target: &[&str],
) -> Outcome<()> {
    if let Some(state) = state(event)? {
        rule.insert("State".to_owned(), state);
    }
    let source = attribute(&event.id, "Arn");
    let mut target = pick(&event.properties, of_target);
    let named = event.property("Target").and_then(|target| target.get("Id")).cloned();
    let room = LONGEST_ID - "LambdaTarget".len();
    let own = || format!("{}LambdaTarget", event.id.get(..room).unwrap_or(&event.id));
    target.insert("Id".to_owned(), named.unwrap_or_else(|| own().into()));
    target.insert("Arn".to_owned(), function.arn());
    if let Some((arn, made)) = dead_letter_queue(build, function, event)? {
        if let Some(queue) = made {
            let policy = json!({
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{
                        "Action": "sqs:SendMessage", "Effect": "Allow",
                        "Principal": { "Service": "events.amazonaws.com" }, "Resource": arn,
                        "Condition": { "ArnEquals": { "aws:SourceArn": source } },
                    }],
                },
                "Queues": [reference(&queue)],
            });
            build.add(
                format!("{}QueuePolicy", event.id),
                "AWS::SQS::QueuePolicy",
                &function.of_events(),
                policy,
            );
        }
        target.insert("DeadLetterConfig".to_owned(), json!({ "Arn": arn }));
    }
    rule.insert("Targets".to_owned(), json!([target]));
    build.add(event.id.clone(), "AWS::Events::Rule", &function.of_events(), Value::Object(rule));
    permit(build, function, format!("{}Permission", event.id), "events.amazonaws.com", ("SourceArn", source));
    Ok(())
}
