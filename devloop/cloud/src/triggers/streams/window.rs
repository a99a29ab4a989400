//! Tumbling windows: which window a record belongs to, and the state that the function passes from one invocation to the
//! next [Implementing stateful Kinesis Data Streams processing in Lambda]. This module does no input or output.

use std::time::Duration;

use serde_json::{Value, json, value::RawValue};

use crate::{aside, wire};

/// The largest state of a shard's window, in bytes of JSON. A larger state ends the window early.
pub(super) const STATE_LIMIT: usize = 1024 * 1024;
/// How long a window stays open after its end, for records that were on their way into the shard. AWS takes up to two
/// minutes.
pub(super) const GRACE_MS: i64 = 1_000;
/// The state before the first invocation.
const EMPTY: &str = "{}";

/// The start and the end of a window in ms since the epoch; the end is exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
}

impl Bounds {
    /// The window of `length` that contains a record that arrived at `at_ms`. Windows start at multiples of their length
    /// since the epoch.
    pub(super) fn around(at_ms: i64, length: Duration) -> Self {
        let length_ms = (length.as_millis() as i64).max(1);
        let start_ms = at_ms.div_euclid(length_ms) * length_ms;
        Self { start_ms, end_ms: start_ms + length_ms }
    }
}

/// A shard's open window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) bounds: Bounds,
    /// The state that the function returned last, as JSON.
    state: String,
    /// The records that the state contains.
    pub(super) taken: Option<Taken>,
    /// Whether the function has been invoked for the window since it opened or was last ended early.
    pub(super) touched: bool,
}

/// A summary of the records that a window's state contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) records: usize,
    /// The sequence numbers of the first and the last record.
    pub(super) sequences: (u128, u128),
    /// When these two arrived, in ms since the epoch.
    pub(super) arrivals_ms: (i64, i64),
}

/// Why a window's final invocation happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The window's time is over, its shard was read to its end, or the mapping's window length changed.
    Over,
    /// The state became too large. The window continues with an empty one.
    Early,
}

impl Window {
    /// A window without records.
    pub(super) fn open(bounds: Bounds) -> Self {
        Self { bounds, state: EMPTY.to_owned(), taken: None, touched: false }
    }

    /// The state's size in bytes.
    pub(super) fn size(&self) -> usize {
        self.state.len()
    }

    /// Stores the state that the function returned after it processed `taken`.
    pub(super) fn take(&mut self, state: String, taken: Taken) {
        self.state = state;
        self.taken = Some(match self.taken {
            None => taken,
            Some(before) => Taken {
                records: before.records + taken.records,
                sequences: (before.sequences.0, taken.sequences.1),
                arrivals_ms: (before.arrivals_ms.0, taken.arrivals_ms.1),
            },
        });
    }

    /// The part of an event after its records: their closing bracket, the further members, and the closing brace.
    pub(super) fn tail(&self, shard: &str, source_arn: &str, ending: Option<Ending>) -> Vec<u8> {
        let window =
            json!({ "start": iso_seconds(self.bounds.start_ms), "end": iso_seconds(self.bounds.end_ms) });
        // AWS sets `isFinalInvokeForWindow` for a window that ends early too: a function that checks only this flag then
        // writes its sums.
        let (is_final, early) = (ending.is_some(), ending == Some(Ending::Early));
        format!(
            r#"],"window":{window},"state":{},"shardId":{},"eventSourceARN":{},"isFinalInvokeForWindow":{is_final},"isWindowTerminatedEarly":{early}}}"#,
            self.state,
            Value::from(shard),
            Value::from(source_arn),
        )
        .into_bytes()
    }
}

/// The state in a function's response, as JSON; without one, the invocation counts as failed.
pub(super) fn state(answer: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        state: Option<&'a RawValue>,
    }
    let answer: Answer<'_> = aside::from_json(answer).ok()?;
    answer.state.map(|state| state.get().to_owned())
}

/// A time in whole seconds as an event shows it, such as `2020-12-09T07:04:00Z`.
fn iso_seconds(ms: i64) -> String {
    let text = wire::iso(ms);
    text.split_once('.').map_or_else(|| text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn taken(records: usize, first: u128) -> Taken {
        Taken { records, sequences: (first, first + 1), arrivals_ms: (first as i64, first as i64 + 1) }
    }

    #[test]
    fn windows_are_multiples_of_their_length_and_end_before_the_next() {
        let check = |at_ms, expected| {
            let bounds = Bounds::around(at_ms, MINUTE);
            assert_eq!((bounds.start_ms, bounds.end_ms), expected, "{at_ms}");
        };
        check(0, (0, 60_000));
        check(59_999, (0, 60_000));
        check(60_000, (60_000, 120_000));
        check(1_607_497_475_123, (1_607_497_440_000, 1_607_497_500_000));
        check(-1, (-60_000, 0));
    }

    #[test]
    fn an_event_contains_window_state_and_flags() {
        let mut window = Window::open(Bounds::around(1_607_497_475_123, MINUTE));
        let event = |window: &Window, ending| -> Value {
            let tail = window.tail("shardId-0", "arn:s", ending);
            serde_json::from_slice(&[br#"{"Records":["#.as_slice(), &tail].concat()).unwrap()
        };
        let mut expected = json!({
            "Records": [], "window": { "start": "2020-12-09T07:04:00Z", "end": "2020-12-09T07:05:00Z" }, "state": {},
            "shardId": "shardId-0", "eventSourceARN": "arn:s", "isFinalInvokeForWindow": false,
            "isWindowTerminatedEarly": false,
        });
        assert_eq!(event(&window, None), expected);
        window.take(r#"{"sum":3}"#.to_owned(), taken(2, 10));
        expected["state"] = json!({ "sum": 3 });
        expected["isFinalInvokeForWindow"] = json!(true);
        assert_eq!(event(&window, Some(Ending::Over)), expected);
        expected["isWindowTerminatedEarly"] = json!(true);
        assert_eq!(event(&window, Some(Ending::Early)), expected);
    }

    #[test]
    fn summaries_of_records_add_up() {
        let mut window = Window::open(Bounds::around(0, MINUTE));
        window.take("1".to_owned(), taken(2, 10));
        window.take("22".to_owned(), taken(3, 20));
        let expected = Taken { records: 5, sequences: (10, 21), arrivals_ms: (10, 21) };
        assert_eq!((window.taken, window.size()), (Some(expected), 2));
    }

    #[test]
    fn an_answer_without_a_state_has_none() {
        let check = |answer: &str, expected: Option<&str>| {
            assert_eq!(state(answer.as_bytes()).as_deref(), expected, "{answer}");
        };
        check(r#"{"state": {"a": 1.50}}"#, Some(r#"{"a": 1.50}"#));
        check(r#"{"state": 7, "batchItemFailures": []}"#, Some("7"));
        check(r#"{"state": null}"#, None);
        check(r#"{"batchItemFailures": []}"#, None);
        check("null", None);
        check("", None);
        check("{", None);
    }
}
