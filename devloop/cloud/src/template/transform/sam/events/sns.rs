//! `SNS`: a topic invokes the function, either directly or through a queue.

use serde_json::{Value, json};

use super::{Event, permit};
use crate::template::transform::sam::{
    Build, Outcome,
    function::Function,
    only,
    policies::managed,
    value::{attribute, pick, reference},
};

/// Adds the subscription and what it needs.
pub(super) fn make(build: &mut Build<'_>, function: &mut Function, event: &Event) -> Outcome<()> {
    event.only(&[
        "FilterPolicy",
        "FilterPolicyScope",
        "RedrivePolicy",
        "Region",
        "SqsSubscription",
        "Topic",
    ])?;
    let topic = event.required("Topic")?.clone();
    let mut subscription =
        pick(&event.properties, &["FilterPolicy", "FilterPolicyScope", "RedrivePolicy", "Region"]);
    subscription.insert("TopicArn".to_owned(), topic.clone());
    let through = event.property("SqsSubscription").filter(|through| **through != Value::Bool(false));
    let (protocol, endpoint) = match through {
        None => {
            let source = ("SourceArn", topic);
            permit(build, function, format!("{}Permission", event.id), "sns.amazonaws.com", source);
            ("lambda", function.arn())
        }
        Some(through) => ("sqs", queue(build, function, event, through, &topic)?),
    };
    subscription.insert("Protocol".to_owned(), protocol.into());
    subscription.insert("Endpoint".to_owned(), endpoint);
    build.add(event.id.clone(), "AWS::SNS::Subscription", &function.of_events(), Value::Object(subscription));
    Ok(())
}

/// The ARN of the queue between topic and function; `true` creates one.
fn queue(
    build: &mut Build<'_>,
    function: &mut Function,
    event: &Event,
    through: &Value,
    topic: &Value,
) -> Outcome<Value> {
    let attributes = function.of_events();
    let (arn, url, batch, policy_id) = match through.as_object() {
        None if *through == Value::Bool(true) => {
            let id = format!("{}Queue", event.id);
            build.add(id.clone(), "AWS::SQS::Queue", &attributes, json!({}));
            (attribute(&id, "Arn"), reference(&id), json!(10), format!("{}QueuePolicy", event.id))
        }
        None => return Err("SqsSubscription is true, false, or a map with a queue".to_owned()),
        Some(given) => {
            let known = ["BatchSize", "Enabled", "QueueArn", "QueuePolicyLogicalId", "QueueUrl"];
            only(given, &known, "the property of SqsSubscription")?;
            let part =
                |name: &str| given.get(name).cloned().ok_or_else(|| format!("SqsSubscription needs {name}"));
            let policy = given.get("QueuePolicyLogicalId").and_then(Value::as_str).map(str::to_owned);
            (
                part("QueueArn")?,
                part("QueueUrl")?,
                given.get("BatchSize").cloned().unwrap_or(json!(10)),
                policy.unwrap_or_else(|| format!("{}QueuePolicy", event.id)),
            )
        }
    };
    let enabled = through.get("Enabled").filter(|enabled| **enabled != Value::Bool(false)).cloned();
    let policy = json!({
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{
                "Action": "sqs:SendMessage", "Effect": "Allow", "Principal": "*", "Resource": arn,
                "Condition": { "ArnEquals": { "aws:SourceArn": topic } },
            }],
        },
        "Queues": [url],
    });
    build.add(policy_id, "AWS::SQS::QueuePolicy", &attributes, policy);
    let mapping = json!({
        "BatchSize": batch, "Enabled": enabled.unwrap_or(Value::Bool(true)), "EventSourceArn": arn,
        "FunctionName": function.name(),
    });
    build.add(
        format!("{}EventSourceMapping", event.id),
        "AWS::Lambda::EventSourceMapping",
        &attributes,
        mapping,
    );
    if let Some(role) = &mut function.role {
        role.manage(managed("AWSLambdaSQSQueueExecutionRole"));
    }
    Ok(arn)
}
