//! Reads a function's answer to a batch of messages [Handling errors for an SQS event source in Lambda].

use std::collections::HashSet;

use serde_json::Value;

use crate::aside;

/// The messages that have failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    Nothing,
    /// The messages with these ids.
    These(HashSet<String>),
    All,
}

/// Reads the answer of a function whose mapping has `ReportBatchItemFailures`; `knows` says whether an id is in the batch.
///
/// No answer, an empty answer and an empty list of failures mean success. An answer that is not JSON, or that names an id
/// outside the batch, fails the whole batch, because delivering twice is better than losing messages.
pub(super) fn failed(payload: &[u8], knows: impl Fn(&str) -> bool) -> Failed {
    if payload.trim_ascii().is_empty() {
        return Failed::Nothing;
    }
    let failures = match aside::from_json(payload) {
        Ok(Value::Null) => return Failed::Nothing,
        Ok(Value::String(text)) if text.is_empty() => return Failed::Nothing,
        Ok(Value::Array(items)) if items.is_empty() => return Failed::Nothing,
        Ok(Value::Object(mut members)) => members.remove("batchItemFailures"),
        Ok(_) | Err(_) => return Failed::All,
    };
    let failures = match failures {
        None | Some(Value::Null) => return Failed::Nothing,
        Some(Value::Array(failures)) if failures.is_empty() => return Failed::Nothing,
        Some(Value::Array(failures)) => failures,
        Some(_) => return Failed::All,
    };
    let ids = failures.iter().map(|failure| {
        let id = failure.get("itemIdentifier").and_then(Value::as_str);
        id.filter(|id| knows(id)).map(str::to_owned)
    });
    ids.collect::<Option<HashSet<_>>>().map_or(Failed::All, Failed::These)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_parsed_in_every_form() {
        let check = |answer: &str, expected: Failed| {
            assert_eq!(failed(answer.as_bytes(), |id| ["a", "b"].contains(&id)), expected, "{answer}");
        };
        for success in [
            "",
            " ",
            "null",
            "{}",
            "[]",
            r#""""#,
            r#"{"batchItemFailures":[]}"#,
            r#"{"batchItemFailures":null}"#,
        ] {
            check(success, Failed::Nothing);
        }
        let these = |ids: &[&str]| Failed::These(ids.iter().map(|id| (*id).to_owned()).collect());
        check(r#"{"batchItemFailures":[{"itemIdentifier":"b"}]}"#, these(&["b"]));
        check(r#"{"batchItemFailures":[{"itemIdentifier":"b"},{"itemIdentifier":"a"}]}"#, these(&["a", "b"]));
        for whole in [
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":7}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"c"}]}"#,
            r#"{"batchItemFailures":[{"item":"a"}]}"#,
            r#"{"batchItemFailures":["a"]}"#,
            r#"{"batchItemFailures":"a"}"#,
            r#""done""#,
            "[1]",
            "7",
            "not json",
        ] {
            check(whole, Failed::All);
        }
    }
}
