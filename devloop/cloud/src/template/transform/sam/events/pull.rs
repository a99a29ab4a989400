//! Streams and queues: `Kinesis`, `DynamoDB` and `SQS` become event source mappings.

use serde_json::Value;

use super::Event;
use crate::template::transform::sam::{
    Build, Outcome,
    function::Function,
    policies::managed,
    value::{allowing, pick},
};

/// Properties that are passed to the mapping under the same name.
const PASSED: [&str; 16] = [
    "BatchSize",
    "BisectBatchOnFunctionError",
    "Enabled",
    "FilterCriteria",
    "FunctionResponseTypes",
    "KmsKeyArn",
    "LoggingConfig",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "MetricsConfig",
    "ParallelizationFactor",
    "ProvisionedPollerConfig",
    "ScalingConfig",
    "StartingPosition",
    "StartingPositionTimestamp",
];

/// Adds the event source mapping, and permits the function's role to read the source.
pub(super) fn make(build: &mut Build<'_>, function: &mut Function, event: &Event) -> Outcome<()> {
    let own = ["DestinationConfig", "Queue", "Stream", "TumblingWindowInSeconds"];
    event.only(&[&PASSED[..], &own[..]].concat())?;
    let source = event.required(if event.kind == "SQS" { "Queue" } else { "Stream" })?;
    let mut mapping = pick(&event.properties, &PASSED);
    mapping.extend(pick(&event.properties, &["TumblingWindowInSeconds"]));
    mapping.insert("EventSourceArn".to_owned(), source.clone());
    mapping.insert("FunctionName".to_owned(), function.name());
    let policy = match event.kind.as_str() {
        "SQS" => "AWSLambdaSQSQueueExecutionRole",
        "Kinesis" => "AWSLambdaKinesisExecutionRole",
        _ => "AWSLambdaDynamoDBExecutionRole",
    };
    if let Some(role) = &mut function.role {
        role.manage(managed(policy));
    }
    if let Some(destinations) = event.property("DestinationConfig") {
        let mut destinations = destinations.clone();
        let failure = destinations.get_mut("OnFailure").and_then(Value::as_object_mut);
        let failure = failure.ok_or("DestinationConfig needs OnFailure")?;
        let kind = failure.remove("Type");
        let arn = failure.get("Destination").cloned().unwrap_or_default();
        let allowed = match kind.as_ref().map(Value::as_str) {
            None => None,
            Some(Some("SQS")) => Some(("SQS", "sqs:SendMessage")),
            Some(Some("SNS")) => Some(("SNS", "sns:publish")),
            Some(Some("S3")) => Some(("S3", "s3:PutObject")),
            Some(_) => return Err("the Type of OnFailure is SQS, SNS or S3".to_owned()),
        };
        if let (Some((name, action)), Some(role)) = (allowed, &mut function.role) {
            role.allow(allowing(format!("{}{name}Policy", event.id), action, &arn));
        }
        mapping.insert("DestinationConfig".to_owned(), destinations);
    }
    build.add(
        event.id.clone(),
        "AWS::Lambda::EventSourceMapping",
        &function.of_events(),
        Value::Object(mapping),
    );
    Ok(())
}
