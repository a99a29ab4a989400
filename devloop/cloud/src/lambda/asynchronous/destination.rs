//! Where records and dead letters go: one line for each service, found by the ARN.

use serde_json::{Map, Value, json};

use super::settings::invalid;
use crate::{arn::Arn, calls::Calls, context::Context, error::ApiError};

/// A text on its way, with attributes by name, type and value.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) body: String,
    pub(super) attributes: Vec<(&'static str, &'static str, String)>,
}

/// A service that takes records: the operation and its input for a message to `arn`.
struct Destination {
    service: &'static str,
    operation: &'static str,
    input: fn(cx: &Context, arn: &str, message: &Message) -> Value,
    takes_dead_letters: bool,
}

/// The services that take records. Functions take them too; theirs are asynchronous events, which do not leave this module.
const DESTINATIONS: &[Destination] =
    &[Destination { service: "sqs", operation: "SendMessage", input: sqs, takes_dead_letters: true }];

/// The service of functions, in an ARN.
pub(super) const FUNCTIONS: &str = "lambda";

fn sqs(cx: &Context, arn: &str, message: &Message) -> Value {
    let (account, name) = Arn::parse(arn).map_or(("", ""), |arn| (arn.account, arn.resource));
    json!({
        "QueueUrl": format!("{}/{account}/{name}", cx.endpoint),
        "MessageBody": message.body,
        "MessageAttributes": attributes(message),
    })
}

/// The attributes as queues and topics take them.
fn attributes(message: &Message) -> Map<String, Value> {
    message
        .attributes
        .iter()
        .map(|(name, kind, value)| ((*name).to_owned(), json!({ "DataType": kind, "StringValue": value })))
        .collect()
}

/// The service that an ARN names.
pub(super) fn service(arn: &str) -> &str {
    Arn::parse(arn).map_or("", |arn| arn.service)
}

/// Sends a message to the resource called `arn`.
pub(super) async fn send(
    outlet: &dyn Calls,
    cx: &Context,
    arn: &str,
    message: &Message,
) -> Result<(), ApiError> {
    let found = DESTINATIONS.iter().find(|known| known.service == service(arn));
    let known = found.ok_or_else(|| unknown("records", arn))?;
    outlet.call(cx, known.service, known.operation, (known.input)(cx, arn, message)).await.map(|_| ())
}

/// Reads the destination of a setting; an empty one is none.
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
    if service(arn) != FUNCTIONS && !DESTINATIONS.iter().any(|known| known.service == service(arn)) {
        return Err(unknown(&format!("{setting} destinations"), arn));
    }
    refuse_fifo(arn)?;
    Ok(Some(arn.to_owned()))
}

/// Checks the target of a `DeadLetterConfig`.
pub(crate) fn check_dead_letter(arn: &str) -> Result<(), ApiError> {
    if !is_arn(arn) {
        return Err(invalid(format!("The provided dead letter target {arn} is not an ARN.")));
    }
    let is_known = DESTINATIONS.iter().any(|known| known.takes_dead_letters && known.service == service(arn));
    if !is_known {
        return Err(unknown("dead-letter targets", arn));
    }
    refuse_fifo(arn)
}

fn refuse_fifo(arn: &str) -> Result<(), ApiError> {
    if arn.strip_suffix(".fifo").is_some() {
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
