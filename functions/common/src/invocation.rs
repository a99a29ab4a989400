//! One invocation: its identity, the time it has left, and its log lines.

use std::time::{Duration, Instant};

use lambda_runtime::Context;

use crate::batch::BatchFailure;
use crate::clock::now_ms;
use crate::handler::InvocationError;
use crate::log::{Level, Line, Row, Times, clip, millis, shown_error};

/// Time that is kept free before the deadline, so that unfinished work is reported before the process is killed.
const RESERVE: Duration = Duration::from_millis(500);

/// Longest record key that a line shows, in bytes.
const SHOWN_KEY: usize = 256;

/// Handed to a handler with each event.
#[derive(Debug)]
pub struct Invocation {
    function: &'static str,
    request_id: String,
    trace_id: Option<String>,
    deadline_ms: i64,
    started: Instant,
    records: Option<usize>,
    failure: Option<BatchFailure>,
    /// Complete lines. They are written at the end, all at once, because each write is a system call.
    lines: Vec<u8>,
}

impl Invocation {
    /// Starts the invocation's clock.
    pub fn new(function: &'static str, context: &Context) -> Self {
        Self {
            function,
            request_id: context.request_id.clone(),
            trace_id: context.xray_trace_id.clone(),
            deadline_ms: i64::try_from(context.deadline).unwrap_or(i64::MAX),
            started: Instant::now(),
            records: None,
            failure: None,
            lines: Vec::with_capacity(1024),
        }
    }

    /// Lambda's id of this invocation.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Time in which work may still be done: until half a second before the deadline.
    pub fn budget(&self) -> Duration {
        let left = self.deadline_ms.saturating_sub(now_ms());
        Duration::from_millis(u64::try_from(left).unwrap_or(0)).saturating_sub(RESERVE)
    }

    /// Sets how many records the event has, for the invocation's line.
    pub fn expect_records(&mut self, records: usize) {
        self.records = Some(records);
    }

    /// Adds a record's line.
    pub fn log(&mut self, row: &Row<'_>) {
        Line {
            level: row.level,
            ts: now_ms(),
            function: self.function,
            request_id: &self.request_id,
            trace_id: self.trace_id.as_deref(),
            record_id: Some(row.record_id),
            key: row.key.map(|key| clip(key, SHOWN_KEY)),
            outcome: row.outcome,
            ms: millis(row.elapsed),
            message: row.message.as_deref(),
            error: row.error.map(shown_error),
            times: row.times.clone(),
            records: None,
            failed_from: None,
        }
        .write(&mut self.lines);
    }

    /// Keeps a batch's failure for the invocation's line.
    pub fn note_failure(&mut self, failure: &BatchFailure) {
        self.failure = Some(failure.clone());
    }

    /// Adds the invocation's own line.
    pub(crate) fn finish(&mut self, error: Option<&InvocationError>) {
        let (level, outcome) = match (error, &self.failure) {
            (Some(_), _) => (Level::Error, "error"),
            (None, Some(_)) => (Level::Error, "partial"),
            (None, None) => (Level::Info, "ok"),
        };
        let cause = error.map(|error| &error.message).or(self.failure.as_ref().map(|failure| &failure.cause));
        Line {
            level,
            ts: now_ms(),
            function: self.function,
            request_id: &self.request_id,
            trace_id: self.trace_id.as_deref(),
            record_id: None,
            key: None,
            outcome,
            ms: millis(self.started.elapsed()),
            message: None,
            error: cause.map(|text| shown_error(text)),
            times: Times::default(),
            records: self.records,
            failed_from: self.failure.as_ref().map(|failure| failure.sequence_number.as_str()),
        }
        .write(&mut self.lines);
    }

    /// The lines so far.
    pub fn lines(&self) -> &[u8] {
        &self.lines
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn context(deadline_ms: i64) -> Context {
        let mut context = Context::default();
        context.request_id = "lambda-1".into();
        context.deadline = u64::try_from(deadline_ms).unwrap();
        context
    }

    fn lines(invocation: &Invocation) -> Vec<Value> {
        let text = std::str::from_utf8(invocation.lines()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn the_budget_ends_half_a_second_before_the_deadline() {
        let budget = Invocation::new("test", &context(now_ms() + 3000)).budget();
        assert!(budget <= Duration::from_millis(2500) && budget > Duration::from_secs(2), "{budget:?}");
        assert_eq!(Invocation::new("test", &context(now_ms() + 400)).budget(), Duration::ZERO);
        assert_eq!(Invocation::new("test", &context(0)).budget(), Duration::ZERO);
    }

    #[test]
    fn a_record_line_has_the_documented_fields() {
        let mut invocation = Invocation::new("downstream", &context(0));
        let times =
            Times { request_id: Some("r-1"), latency_ms: Some(12), coarse: Some(false), ..Times::default() };
        invocation.log(&Row {
            level: Level::Info,
            record_id: "e-1",
            key: Some("1"),
            outcome: "measured",
            elapsed: Duration::from_micros(1234),
            message: Some("New".into()),
            error: None,
            times,
        });
        let mut line = lines(&invocation).remove(0);
        let ts = line.as_object_mut().unwrap().remove("ts").unwrap();
        assert!((now_ms() - ts.as_i64().unwrap()) < 10_000);
        let expected = json!({
            "level": "info", "fn": "downstream", "request_id": "lambda-1", "record_id": "e-1", "key": "1",
            "outcome": "measured", "ms": 1.234, "message": "New", "requestId": "r-1", "latencyMs": 12, "coarse": false,
        });
        assert_eq!(line, expected);
    }

    #[test]
    fn a_line_stays_small_whatever_the_payload() {
        let mut invocation = Invocation::new("downstream", &context(0));
        invocation.log(&Row {
            level: Level::Error,
            record_id: "e-1",
            key: Some(&"k".repeat(5000)),
            outcome: "failed",
            elapsed: Duration::ZERO,
            message: None,
            error: Some(&"x".repeat(5000)),
            times: Times::default(),
        });
        assert!(invocation.lines().len() < 1024, "{} bytes", invocation.lines().len());
    }

    #[test]
    fn the_invocation_line_says_how_it_ended() {
        let mut invocation = Invocation::new("midstream", &context(0));
        invocation.expect_records(3);
        invocation.note_failure(&BatchFailure { sequence_number: "7".into(), cause: "no table".into() });
        invocation.finish(None);
        invocation
            .finish(Some(&InvocationError { kind: "BatchFailed", message: "record 7: no table".into() }));
        let lines = lines(&invocation);
        assert_eq!(lines[0]["outcome"], "partial");
        assert_eq!(lines[0]["records"], 3);
        assert_eq!(lines[0]["failed_from"], "7");
        assert_eq!(lines[0]["error"], "no table");
        assert_eq!(lines[1]["outcome"], "error");
        assert_eq!(lines[1]["error"], "record 7: no table");
    }
}
