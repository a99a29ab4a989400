//! Destinations of records and dead letters: one line for each service, found by the ARN. Asynchronous invocations and
//! event source mappings both use it.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{arn::Arn, calls::Calls, context::Context, error::ApiError};

/// A message to a destination.
#[derive(Debug)]
pub(crate) struct Message {
    /// The body: a JSON document, except in a dead letter.
    pub(crate) body: String,
    /// Attributes as name, type and value, for queues and topics.
    pub(crate) attributes: Vec<(&'static str, &'static str, String)>,
    /// The key of the object in a bucket; see [`object_key`].
    pub(crate) key: String,
}

/// A service that can be a destination: its operation, and the operation's input for a message to `arn`.
struct Destination {
    service: &'static str,
    operation: &'static str,
    input: fn(cx: &Context, arn: &str, message: &Message) -> Value,
    /// What the service takes: records of failures only, all records, or dead letters too.
    takes: Takes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Takes {
    Failures,
    Records,
    DeadLetters,
}

/// The services that take records. Functions take records too, as asynchronous events; these do not go through this table.
const DESTINATIONS: &[Destination] = &[
    Destination { service: "sqs", operation: "SendMessage", input: sqs, takes: Takes::DeadLetters },
    Destination { service: "sns", operation: "Publish", input: sns, takes: Takes::DeadLetters },
    Destination { service: "s3", operation: "PutObject", input: s3, takes: Takes::Failures },
    Destination { service: "events", operation: "PutEvents", input: events, takes: Takes::Records },
];

/// The service name in a function's ARN.
pub(crate) const FUNCTIONS: &str = "lambda";

/// The key that Lambda gives the object of a record: `aws/lambda/`, the function or mapping that it is about, the day, the
/// second and a random id [Capturing records of Lambda asynchronous invocations].
pub(crate) fn object_key(about: &str, now_ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
    format!("aws/lambda/{about}/{}-{}", at.strftime("%Y/%m/%d/%Y-%m-%dT%H.%M.%S"), Uuid::new_v4())
}

fn sqs(cx: &Context, arn: &str, message: &Message) -> Value {
    let (account, name) = Arn::parse(arn).map_or(("", ""), |arn| (arn.account, arn.resource));
    json!({
        "QueueUrl": format!("{}/{account}/{name}", cx.endpoint),
        "MessageBody": message.body,
        "MessageAttributes": attributes(message),
    })
}

fn sns(_: &Context, arn: &str, message: &Message) -> Value {
    json!({ "TopicArn": arn, "Message": message.body, "MessageAttributes": attributes(message) })
}

/// The entry for `PutEvents`, whose detail is the record [Capturing records of Lambda asynchronous invocations].
fn events(_: &Context, arn: &str, message: &Message) -> Value {
    let record: Value = serde_json::from_str(&message.body).unwrap_or_default();
    let about = &record["requestContext"];
    let outcome = if about["condition"] == "Success" { "Success" } else { "Failure" };
    json!({ "Entries": [{
        "EventBusName": arn,
        "Source": "lambda",
        "DetailType": format!("Lambda Function Invocation Result - {outcome}"),
        "Resources": [arn, about["functionArn"]],
        "Detail": message.body,
    }] })
}

fn s3(_: &Context, arn: &str, message: &Message) -> Value {
    json!({
        "Bucket": Arn::parse(arn).map(|arn| arn.resource), "Key": message.key, "ContentType": "application/json",
        "Body": BASE64_STANDARD.encode(&message.body),
    })
}

/// The attributes in the form that queues and topics take.
fn attributes(message: &Message) -> Map<String, Value> {
    message
        .attributes
        .iter()
        .map(|(name, kind, value)| ((*name).to_owned(), json!({ "DataType": kind, "StringValue": value })))
        .collect()
}

/// The service part of an ARN.
pub(crate) fn service(arn: &str) -> &str {
    Arn::parse(arn).map_or("", |arn| arn.service)
}

fn destination(arn: &str) -> Option<&'static Destination> {
    DESTINATIONS.iter().find(|known| known.service == service(arn))
}

/// Sends a message to the resource called `arn`.
pub(crate) async fn send(
    outlet: &dyn Calls,
    cx: &Context,
    arn: &str,
    message: &Message,
) -> Result<(), ApiError> {
    let known = destination(arn).ok_or_else(|| unknown("records", arn))?;
    let region = Arn::parse(arn).map(|arn| arn.region).filter(|region| !region.is_empty());
    let cx = match region {
        Some(region) => &Context { region: region.into(), ..cx.clone() },
        None => cx,
    };
    let answer = outlet.call(cx, known.service, known.operation, (known.input)(cx, arn, message)).await?;
    match answer["Entries"][0]["ErrorMessage"].as_str() {
        Some(refusal) => Err(ApiError::validation(refusal)),
        None => Ok(()),
    }
}

/// Reads the destination of `OnSuccess` or `OnFailure` (`setting`); an empty ARN means no destination.
pub(super) fn read(setting: &str, target: &Value, function_arn: &str) -> Result<Option<String>, ApiError> {
    let arn = match target.get("Destination").and_then(Value::as_str) {
        None | Some("") => return Ok(None),
        Some(arn) => arn,
    };
    if !is_arn(arn) {
        return Err(invalid(format!("The destination ARN {arn} is invalid.")));
    }
    if arn == function_arn || arn.strip_prefix(function_arn).is_some_and(|rest| rest.starts_with(':')) {
        return Err(invalid("You can't specify the function as a destination for itself."));
    }
    match destination(arn) {
        _ if service(arn) == FUNCTIONS => {}
        None => return Err(unknown(&format!("{setting} destinations"), arn)),
        Some(Destination { takes: Takes::Failures, .. }) if setting != "OnFailure" => {
            return Err(invalid(format!(
                "The destination ARN {arn} is invalid: a bucket takes records of failures only, as OnFailure."
            )));
        }
        Some(_) => {}
    }
    refuse_fifo(arn)?;
    Ok(Some(arn.to_owned()))
}

/// Checks the target of a `DeadLetterConfig`.
pub(super) fn check_dead_letter(arn: &str) -> Result<(), ApiError> {
    if !is_arn(arn) {
        return Err(invalid(format!("The provided dead letter target {arn} is not an ARN.")));
    }
    if destination(arn).is_none_or(|known| known.takes != Takes::DeadLetters) {
        return Err(unknown("dead-letter targets", arn));
    }
    refuse_fifo(arn)
}

fn refuse_fifo(arn: &str) -> Result<(), ApiError> {
    if arn.strip_suffix(".fifo").is_some() && service(arn) != "s3" {
        return Err(invalid(format!("{arn} is a FIFO resource; Lambda sends to standard ones only")));
    }
    Ok(())
}

fn is_arn(text: &str) -> bool {
    Arn::parse(text).is_some_and(|arn| arn.partition.starts_with("aws") && !arn.resource.is_empty())
}

fn unknown(what: &str, arn: &str) -> ApiError {
    ApiError::unsupported(format!("{what} in the service `{}` ({arn})", service(arn)))
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterValueException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_named_after_the_function_and_the_second() {
        let key = object_key("async/f", 1_700_000_000_123);
        let start = "aws/lambda/async/f/2023/11/14/2023-11-14T22.13.20-";
        assert!(key.strip_prefix(start).is_some_and(|id| Uuid::parse_str(id).is_ok()), "{key}");
    }

    #[test]
    fn a_bucket_takes_failures_and_a_topic_takes_dead_letters_too() {
        let read = |setting: &str, arn: &str| {
            read(setting, &json!({ "Destination": arn }), "arn:aws:lambda:us-east-1:000000000000:function:f")
        };
        let (bucket, topic) = ("arn:aws:s3:::box", "arn:aws:sns:us-east-1:000000000000:t");
        assert_eq!(read("OnFailure", bucket).unwrap().as_deref(), Some(bucket));
        assert!(read("OnSuccess", bucket).unwrap_err().message.contains("OnFailure"));
        assert_eq!(read("OnSuccess", topic).unwrap().as_deref(), Some(topic));
        assert!(read("OnSuccess", &format!("{topic}.fifo")).unwrap_err().message.contains("FIFO"));
        assert!(check_dead_letter(topic).is_ok());
        assert!(check_dead_letter(bucket).unwrap_err().message.contains("dead-letter targets"));
    }
}
