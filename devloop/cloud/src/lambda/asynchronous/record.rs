//! The records that destinations and dead-letter queues get [Capturing records of Lambda asynchronous invocations].

use serde_json::{Map, Value, json};

use super::decide::Condition;
use crate::{aside, functions::Outcome, wire};

/// The longest error message in a dead letter's attributes, in bytes.
const MESSAGE_LIMIT: usize = 1024;

/// A settled event and its outcome.
#[derive(Debug)]
pub(super) struct Settled<'e> {
    pub(super) condition: Condition,
    pub(super) request_id: &'e str,
    /// The ARN with the qualifier that the event was sent to.
    pub(super) function_arn: &'e str,
    /// Tries that reached the function.
    pub(super) tries: u32,
    pub(super) payload: &'e [u8],
    /// The outcome of the last try that reached the function.
    pub(super) outcome: Option<&'e Outcome>,
    pub(super) now_ms: i64,
}

impl Settled<'_> {
    /// The invocation record that a destination gets.
    pub(super) fn record(&self) -> Value {
        let mut record = Map::new();
        let mut put = |name: &str, value: Value| record.insert(name.to_owned(), value);
        put("version", "1.0".into());
        put("timestamp", wire::iso(self.now_ms).into());
        put(
            "requestContext",
            json!({
                "requestId": self.request_id,
                "functionArn": self.function_arn,
                "condition": self.condition,
                "approximateInvokeCount": self.tries,
            }),
        );
        put("requestPayload", document(self.payload));
        if let Some(outcome) = self.outcome {
            let mut context = json!({ "statusCode": 200, "executedVersion": outcome.executed_version });
            if let Some(error) = outcome.function_error {
                context["functionError"] = error.into();
            }
            put("responseContext", context);
            put("responsePayload", document(&outcome.payload));
        }
        Value::Object(record)
    }

    /// The attributes of a dead letter as name, type and value; its body is the event itself [Adding a dead-letter queue].
    pub(super) fn attributes(&self) -> [(&'static str, &'static str, String); 3] {
        let (code, message) = match (self.condition, self.outcome) {
            (Condition::ZeroReservedConcurrency, _) => {
                (429, "the function's reserved concurrency is 0".to_owned())
            }
            (_, Some(outcome)) => (200, error_message(&outcome.payload)),
            (Condition::RecursiveInvocation, None) => (400, "the function was invoked in a loop".to_owned()),
            (_, None) => (429, "Rate Exceeded.".to_owned()),
        };
        let end = message.floor_char_boundary(MESSAGE_LIMIT);
        [
            ("RequestID", "String", self.request_id.to_owned()),
            ("ErrorCode", "Number", code.to_string()),
            ("ErrorMessage", "String", message[..end].to_owned()),
        ]
    }
}

/// A payload as JSON; text that is not JSON becomes a JSON string.
fn document(payload: &[u8]) -> Value {
    if payload.is_empty() {
        return Value::Null;
    }
    aside::from_json(payload).unwrap_or_else(|_| String::from_utf8_lossy(payload).into())
}

fn error_message(payload: &[u8]) -> String {
    let error = document(payload);
    error.get("errorMessage").and_then(Value::as_str).map_or_else(|| error.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(payload: &'static str, function_error: Option<&'static str>) -> Outcome {
        Outcome {
            request_id: "r-1".to_owned(),
            payload: payload.into(),
            function_error,
            executed_version: "$LATEST".to_owned(),
            log_tail: String::new(),
        }
    }

    fn settled(condition: Condition, outcome: Option<&Outcome>) -> Settled<'_> {
        Settled {
            condition,
            request_id: "r-1",
            function_arn: "arn:f:$LATEST",
            tries: if outcome.is_some() { 3 } else { 0 },
            payload: br#"{"n":1}"#,
            outcome,
            now_ms: 1_700_000_002_000,
        }
    }

    #[test]
    fn the_record_of_a_failure_has_the_event_and_the_answer() {
        let failed = outcome(r#"{"errorMessage":"as asked","errorType":"Oops"}"#, Some("Unhandled"));
        let settled = settled(Condition::RetriesExhausted, Some(&failed));
        let expected = json!({
            "version": "1.0",
            "timestamp": "2023-11-14T22:13:22.000Z",
            "requestContext": {"requestId": "r-1", "functionArn": "arn:f:$LATEST", "condition": "RetriesExhausted",
                "approximateInvokeCount": 3},
            "requestPayload": {"n": 1},
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": {"errorMessage": "as asked", "errorType": "Oops"},
        });
        assert_eq!(settled.record(), expected);
        let attributes = settled.attributes().map(|(_, _, value)| value);
        assert_eq!(attributes, ["r-1", "200", "as asked"]);
    }

    #[test]
    fn a_success_has_no_error_and_an_event_that_never_ran_has_no_answer() {
        let done = outcome("null", None);
        let record = settled(Condition::Success, Some(&done)).record();
        assert_eq!(record["responseContext"], json!({"statusCode": 200, "executedVersion": "$LATEST"}));
        assert_eq!(
            (&record["requestContext"]["condition"], &record["responsePayload"]),
            (&json!("Success"), &Value::Null)
        );
        let never = settled(Condition::ZeroReservedConcurrency, None).record();
        assert!(never.get("responseContext").is_none() && never.get("responsePayload").is_none());
        assert_eq!(never["requestContext"]["approximateInvokeCount"], 0);
    }
}
