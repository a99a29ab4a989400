//! Reads a function's answer to a batch of records.

use serde_json::Value;

use crate::aside;

/// The outcome of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All records are done.
    Done,
    /// The records before this index are done; the record at this index and those after it are not. 0 means that the whole
    /// batch failed.
    FailedFrom(usize),
    /// The event never reached the function.
    NotInvoked,
}

/// Reads the answer of a function whose mapping has `ReportBatchItemFailures`. `find` returns the index of a sequence
/// number in the batch [Configuring partial batch response with Kinesis Data Streams and Lambda].
///
/// No answer, an empty answer and an empty list of failures mean success. Any other answer that is not an object, or one
/// that names a sequence number outside the batch, fails the whole batch, because delivering twice is better than losing
/// records.
pub(crate) fn verdict(payload: &[u8], find: impl Fn(&str) -> Option<usize>) -> Verdict {
    const WHOLE: Verdict = Verdict::FailedFrom(0);
    if payload.trim_ascii().is_empty() {
        return Verdict::Done;
    }
    let failures = match aside::from_json(payload) {
        Ok(Value::Null) => return Verdict::Done,
        Ok(Value::String(text)) if text.is_empty() => return Verdict::Done,
        Ok(Value::Array(items)) if items.is_empty() => return Verdict::Done,
        Ok(Value::Object(mut members)) => members.remove("batchItemFailures"),
        Ok(_) | Err(_) => return WHOLE,
    };
    let failures = match failures {
        None | Some(Value::Null) => return Verdict::Done,
        Some(Value::Array(failures)) => failures,
        Some(_) => return WHOLE,
    };
    let mut lowest = None;
    for failure in &failures {
        match failure.get("itemIdentifier").and_then(Value::as_str).and_then(&find) {
            Some(index) => lowest = Some(lowest.map_or(index, |other: usize| other.min(index))),
            None => return WHOLE,
        }
    }
    lowest.map_or(Verdict::Done, Verdict::FailedFrom)
}

/// Whether an answer names failed items, for mappings that ignore them.
pub(crate) fn names_failures(payload: &[u8]) -> bool {
    const MEMBER: &[u8] = b"batchItemFailures";
    // Most answers are short or do not contain the word; parsing them as JSON would cost more.
    payload.windows(MEMBER.len()).any(|window| window == MEMBER)
        && aside::from_json::<Value>(payload).is_ok_and(|answer| {
            answer.get("batchItemFailures").and_then(Value::as_array).is_some_and(|items| !items.is_empty())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_parsed_in_every_form() {
        let find = |text: &str| ["100", "101", "102"].iter().position(|known| *known == text);
        let check =
            |answer: &str, expected| assert_eq!(verdict(answer.as_bytes(), find), expected, "{answer}");
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
            check(success, Verdict::Done);
        }
        check(r#"{"batchItemFailures":[{"itemIdentifier":"101"}]}"#, Verdict::FailedFrom(1));
        check(
            r#"{"batchItemFailures":[{"itemIdentifier":"102"},{"itemIdentifier":"101"}]}"#,
            Verdict::FailedFrom(1),
        );
        for whole in [
            r#"{"batchItemFailures":[{"itemIdentifier":"100"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":null}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":101}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"999"}]}"#,
            r#"{"batchItemFailures":[{"itemIdentifier":"102"},{"itemIdentifier":"999"}]}"#,
            r#"{"batchItemFailures":[{"item":"101"}]}"#,
            r#"{"batchItemFailures":["101"]}"#,
            r#"{"batchItemFailures":"101"}"#,
            r#""Delivered 3 records""#,
            "[1]",
            "7",
            "not json",
        ] {
            check(whole, Verdict::FailedFrom(0));
        }
    }

    #[test]
    fn failures_are_found_in_an_answer_that_is_ignored() {
        let check = |answer: &str, expected| {
            assert_eq!(names_failures(answer.as_bytes()), expected, "{answer}");
        };
        check(r#"{"batchItemFailures":[{"itemIdentifier":"101"}]}"#, true);
        check(r#"{"batchItemFailures":[]}"#, false);
        check(r#""batchItemFailures""#, false);
        check("", false);
    }
}
