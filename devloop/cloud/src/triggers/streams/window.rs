//! Tumbling windows: which window a record belongs to, and the state that the function hands from call to call
//! [Implementing stateful Kinesis Data Streams processing in Lambda]. Pure.

use std::time::Duration;

use serde_json::{Value, json, value::RawValue};

use crate::wire;

/// The largest state of a shard's window, in bytes of JSON; above it, the window is ended early.
pub(super) const STATE_LIMIT: usize = 1024 * 1024;
/// How long an idle window stays open behind its end, for records that were on their way into the shard. AWS takes up to
/// two minutes.
pub(super) const GRACE_MS: i64 = 1_000;
/// A state that nobody has written yet.
const EMPTY: &str = "{}";

/// The span of a window in ms since the epoch; the end is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) start_ms: i64,
    pub(super) end_ms: i64,
}

impl Bounds {
    /// The window of `length` that a record belongs to which arrived at `at_ms`. Windows begin at multiples of their length
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
    /// The function's last state, as JSON.
    state: String,
    /// What the state was made of.
    pub(super) taken: Option<Taken>,
    /// Whether the function was called for the window since it opened or was ended early.
    pub(super) touched: bool,
}

/// Records that have gone into a window's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) records: usize,
    /// Sequence numbers of the first and the last one.
    pub(super) sequences: (u128, u128),
    /// Their arrivals in ms since the epoch.
    pub(super) arrivals_ms: (i64, i64),
}

/// The call that ends a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The window's time is over, its shard was read to its end, or the mapping's windows changed.
    Over,
    /// The state has grown too large. The window goes on with an empty one.
    Early,
}

impl Window {
    /// A window that nothing has gone into yet.
    pub(super) fn open(bounds: Bounds) -> Self {
        Self { bounds, state: EMPTY.to_owned(), taken: None, touched: false }
    }

    /// The state's size in bytes.
    pub(super) fn size(&self) -> usize {
        self.state.len()
    }

    /// Takes the state that the function answered after `taken` had gone into it.
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

    /// The members that an event has besides its records: a comma, the members, the closing brace.
    pub(super) fn tail(&self, shard: &str, source_arn: &str, ending: Option<Ending>) -> Vec<u8> {
        let window =
            json!({ "start": iso_seconds(self.bounds.start_ms), "end": iso_seconds(self.bounds.end_ms) });
        // AWS calls a window that ends early final too: what only looks at that flag writes its sums then.
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

/// The state in a function's answer, as JSON; without one, the call counts as failed.
pub(super) fn state(answer: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        state: Option<&'a RawValue>,
    }
    let answer: Answer<'_> = serde_json::from_slice(answer).ok()?;
    answer.state.map(|state| state.get().to_owned())
}

/// Whole seconds as an event shows them, such as `2020-12-09T07:04:00Z`.
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
    fn an_event_carries_window_state_and_flags() {
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
    fn what_was_taken_adds_up() {
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
