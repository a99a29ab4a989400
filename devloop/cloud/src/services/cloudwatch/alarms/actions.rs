//! The actions of an alarm when its state changes: publishing to a topic, or invoking a function.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{super::errors::validation, alarm::Alarm, decide::State, reason::stamp, store::Alarms};
use crate::{arn::Arn, context::Context, error::ApiError, functions::Invocation};

/// The state before a change.
pub(super) struct Before {
    pub(super) state: State,
    pub(super) reason: String,
    pub(super) at_ms: i64,
}

/// Refuses an action that is not supported.
pub(super) fn check(arn: &str, parameter: &str) -> Result<(), ApiError> {
    match Arn::parse(arn).map(|arn| arn.service) {
        Some("sns" | "lambda") => Ok(()),
        Some(service) if !service.is_empty() => Err(ApiError::unsupported(format_args!(
            "alarm actions of {service} ({arn}); topics and functions are offered"
        ))),
        _ => Err(validation(format!("Invalid arn syntax: {arn} (parameter {parameter})"))),
    }
}

/// Starts the actions for the alarm's new state.
pub(super) fn start(alarms: &Arc<Alarms>, alarm: &Alarm, before: &Before) {
    let actions = alarm.settings.actions(alarm.state).to_vec();
    if actions.is_empty() {
        return;
    }
    let (alarms, cx, name) = (Arc::clone(alarms), alarm.cx.clone(), alarm.settings.name.clone());
    let subject = format!("{}: \"{name}\" in {}", alarm.state.name(), region_name(&cx.region));
    let (message, event) = (message(alarm, before), event(alarm, before));
    tokio::spawn(async move {
        for action in actions {
            let done = if action.starts_with("arn:aws:lambda:") {
                invoke(&alarms, &cx, &action, &event)
            } else {
                publish(&alarms, &cx, &action, &subject, &message).await
            };
            let (summary, error) = match &done {
                Ok(()) => (format!("Successfully executed action {action}"), Value::Null),
                Err(error) => (format!("Failed to execute action {action}"), error.to_string().into()),
            };
            let state = if done.is_ok() { "Succeeded" } else { "Failed" };
            let data = json!({
                "actionState": state, "notificationResource": action, "publishedMessage": message, "error": error,
            });
            if let Some(alarm) = alarms.regions.of(&cx.region).0.lock().get_mut(&name) {
                alarm.history.add(alarms.clock.now_ms(), "Action", summary, data);
            }
        }
    });
}

async fn publish(
    alarms: &Alarms,
    cx: &Context,
    topic: &str,
    subject: &str,
    message: &Value,
) -> Result<(), ApiError> {
    let services = alarms.services().ok_or_else(|| ApiError::internal("the cloud is stopping"))?;
    // A subject has at most 100 characters [Publish, Amazon SNS API reference].
    let subject: String = subject.chars().filter(char::is_ascii).take(100).collect();
    let input = json!({ "TopicArn": topic, "Subject": subject, "Message": message.to_string() });
    services.call(cx, "sns", "Publish", input).await.map(drop)
}

fn invoke(alarms: &Alarms, cx: &Context, function: &str, event: &Value) -> Result<(), ApiError> {
    let functions = alarms.functions().ok_or_else(|| ApiError::internal("the cloud is stopping"))?;
    let payload = event.to_string().into();
    functions.invoke_later(cx, function, Invocation { payload, ..Invocation::default() })
}

/// The message for topics.
fn message(alarm: &Alarm, before: &Before) -> Value {
    let shown = &alarm.settings.shown;
    let get = |name: &str| shown.get(name).cloned().unwrap_or(Value::Null);
    json!({
        "AlarmName": alarm.settings.name,
        "AlarmDescription": get("AlarmDescription"),
        "AWSAccountId": &*alarm.cx.account,
        "AlarmConfigurationUpdatedTimestamp": stamp(alarm.configured_ms),
        "NewStateValue": alarm.state.name(),
        "NewStateReason": alarm.reason,
        "StateChangeTime": stamp(alarm.updated_ms),
        "Region": region_name(&alarm.cx.region),
        "AlarmArn": alarm.arn,
        "OldStateValue": before.state.name(),
        "OKActions": get("OKActions"),
        "AlarmActions": get("AlarmActions"),
        "InsufficientDataActions": get("InsufficientDataActions"),
        "Trigger": trigger(shown),
    })
}

fn trigger(shown: &Map<String, Value>) -> Value {
    let mut trigger = Map::new();
    let mut put = |name: &str, value: Value| {
        trigger.insert(name.to_owned(), value);
    };
    let lower = |value: &Value| json!({ "value": value["Value"], "name": value["Name"] });
    if let Some(name) = shown.get("MetricName") {
        put("MetricName", name.clone());
        put("Namespace", shown.get("Namespace").cloned().unwrap_or(Value::Null));
        match shown.get("Statistic").and_then(Value::as_str) {
            Some(statistic) => {
                put("StatisticType", "Statistic".into());
                put("Statistic", statistic.to_ascii_uppercase().into());
            }
            None => {
                put("StatisticType", "ExtendedStatistic".into());
                put("ExtendedStatistic", shown.get("ExtendedStatistic").cloned().unwrap_or(Value::Null));
            }
        }
        put("Unit", shown.get("Unit").cloned().unwrap_or(Value::Null));
        let dimensions = shown.get("Dimensions").and_then(Value::as_array);
        put("Dimensions", dimensions.into_iter().flatten().map(lower).collect());
        put("Period", shown.get("Period").cloned().unwrap_or(Value::Null));
    } else {
        put("Metrics", shown.get("Metrics").cloned().unwrap_or(Value::Null));
    }
    let periods = shown.get("EvaluationPeriods").cloned().unwrap_or(Value::Null);
    put("DatapointsToAlarm", shown.get("DatapointsToAlarm").cloned().unwrap_or_else(|| periods.clone()));
    put("EvaluationPeriods", periods);
    for name in ["ComparisonOperator", "Threshold", "TreatMissingData", "EvaluateLowSampleCountPercentile"] {
        put(name, shown.get(name).cloned().unwrap_or_else(|| "".into()));
    }
    trigger.into()
}

/// The event for functions [Invoke a Lambda function from an alarm].
fn event(alarm: &Alarm, before: &Before) -> Value {
    let shown = &alarm.settings.shown;
    json!({
        "source": "aws.cloudwatch",
        "alarmArn": alarm.arn,
        "accountId": &*alarm.cx.account,
        "time": stamp(alarm.updated_ms),
        "region": &*alarm.cx.region,
        "alarmData": {
            "alarmName": alarm.settings.name,
            "state": {
                "value": alarm.state.name(),
                "reason": alarm.reason,
                "reasonData": alarm.reason_data,
                "timestamp": stamp(alarm.updated_ms),
            },
            "previousState": {
                "value": before.state.name(),
                "reason": before.reason,
                "timestamp": stamp(before.at_ms),
            },
            "configuration": {
                "description": shown.get("AlarmDescription"),
                "metrics": metrics(shown),
            },
        },
    })
}

fn metrics(shown: &Map<String, Value>) -> Value {
    if let Some(queries) = shown.get("Metrics") {
        let lower = |query: &Value| {
            let mut one = json!({ "id": query["Id"], "returnData": query.get("ReturnData").unwrap_or(&Value::Bool(true)) });
            if let Some(expression) = query.get("Expression") {
                one["expression"] = expression.clone();
                one["label"] = query.get("Label").cloned().unwrap_or_default();
            } else {
                one["metricStat"] = stat(&query["MetricStat"]["Metric"], &query["MetricStat"], "Stat");
            }
            one
        };
        return queries.as_array().into_iter().flatten().map(lower).collect();
    }
    let all = Value::Object(shown.clone());
    let name = if shown.contains_key("Statistic") { "Statistic" } else { "ExtendedStatistic" };
    json!([{ "id": "m1", "metricStat": stat(&all, &all, name), "returnData": true }])
}

fn stat(metric: &Value, stat: &Value, name: &str) -> Value {
    let dimensions: Map<String, Value> = metric["Dimensions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| Some((one["Name"].as_str()?.to_owned(), one["Value"].clone())))
        .collect();
    json!({
        "metric": { "namespace": metric["Namespace"], "name": metric["MetricName"], "dimensions": dimensions },
        "period": stat["Period"],
        "stat": stat[name],
    })
}

/// The region's name in AWS's messages.
fn region_name(region: &str) -> &str {
    match region {
        "us-east-1" => "US East (N. Virginia)",
        "us-east-2" => "US East (Ohio)",
        "us-west-1" => "US West (N. California)",
        "us-west-2" => "US West (Oregon)",
        "eu-west-1" => "EU (Ireland)",
        "eu-central-1" => "EU (Frankfurt)",
        other => other,
    }
}
