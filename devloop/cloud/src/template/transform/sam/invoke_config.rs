//! `EventInvokeConfig`: the settings of asynchronous invocations.

use serde_json::{Map, Value, json};

use super::{
    Build, Outcome,
    function::Function,
    only,
    value::{allowing, attribute, pick},
};

/// Adds the configuration, and destinations that are not given; returns the policies that the role needs.
pub(super) fn make(build: &mut Build<'_>, function: &Function) -> Outcome<Vec<Value>> {
    let Some(config) = function.property("EventInvokeConfig") else { return Ok(Vec::new()) };
    let config = config.as_object().ok_or("EventInvokeConfig is no map")?;
    let known = ["DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts"];
    only(config, &known, "the property of EventInvokeConfig")?;
    let id = format!("{}EventInvokeConfig", function.id());
    let mut properties = pick(config, &known[1..]);
    properties.insert("FunctionName".to_owned(), json!({ "Ref": function.id() }));
    let alias = function.property("AutoPublishAlias").map(|alias| build.resolved(alias));
    properties.insert("Qualifier".to_owned(), alias.unwrap_or_else(|| "$LATEST".into()));
    let mut policies = Vec::new();
    properties.insert("DestinationConfig".to_owned(), json!({}));
    if let Some(destinations) = config.get("DestinationConfig").and_then(Value::as_object) {
        only(destinations, &["OnFailure", "OnSuccess"], "the destination")?;
        let mut made = Map::new();
        for (event, destination) in destinations {
            let (arn, policy) = self::destination(build, function, &format!("{id}{event}"), destination)?;
            made.insert(event.clone(), json!({ "Destination": arn }));
            policies.push(policy);
        }
        properties.insert("DestinationConfig".to_owned(), Value::Object(made));
    }
    let mut attributes = function.passed_on.clone();
    if let Some(alias) = &function.alias {
        attributes.insert("DependsOn".to_owned(), json!([alias]));
    }
    build.add(id, "AWS::Lambda::EventInvokeConfig", &attributes, Value::Object(properties));
    Ok(policies)
}

fn destination(
    build: &mut Build<'_>,
    function: &Function,
    id: &str,
    destination: &Value,
) -> Outcome<(Value, Value)> {
    let kind = destination.get("Type").and_then(Value::as_str).unwrap_or_default();
    let (name, action) = match kind {
        "SQS" => ("SQS", "sqs:SendMessage"),
        "SNS" => ("SNS", "sns:publish"),
        "EventBridge" => ("EventBridge", "events:PutEvents"),
        "Lambda" => ("Lambda", "lambda:InvokeFunction"),
        "S3Bucket" => ("S3", "s3:PutObject"),
        _ => return Err("a destination needs a Type: SQS, SNS, EventBridge, Lambda or S3Bucket".to_owned()),
    };
    let arn = match destination.get("Destination") {
        Some(arn) if arn.get("Fn::If").is_some() => {
            return Err("a Destination that is chosen by Fn::If is not supported".to_owned());
        }
        Some(arn) => arn.clone(),
        None => {
            let (made, service, known) = match kind {
                "SQS" => (format!("{id}Queue"), "AWS::SQS::Queue", "DestinationQueue"),
                "SNS" => (format!("{id}Topic"), "AWS::SNS::Topic", "DestinationTopic"),
                _ => return Err(format!("a destination of the type {kind} needs a Destination")),
            };
            build.add(made.clone(), service, &function.passed_on, json!({}));
            build.referable.insert(format!("{}.{known}", function.id()), made.clone());
            if kind == "SQS" { attribute(&made, "Arn") } else { json!({ "Ref": made }) }
        }
    };
    let policy = allowing(format!("{id}{name}Policy"), action, &arn);
    Ok((arn, policy))
}
