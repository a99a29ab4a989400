//! The function on a sink in memory: what is emitted and logged, where a batch stops, how it is answered.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, like tests")]

use std::cell::RefCell;

use downstream::{Both, Change, Downstream, Sink};
use lambda_runtime::Context;
use pipeline_model::aws::Cause;
use pipeline_model::{Handler, Invocation, InvocationError, PartialBatch, now_ms};
use serde_json::{Value, json};

const EVENT: &str = include_str!("fixtures/batch.json");
const FIRST: &str = "400000000000003490001";
const SECOND: &str = "400000000000003490002";
const THIRD: &str = "400000000000003490003";

/// A sink that keeps the calls, takes a limited number of changes a call, and fails from one call on.
struct Memory {
    calls: RefCell<Vec<Vec<Change>>>,
    room: usize,
    broken_from: usize,
    silent: bool,
}

impl Default for Memory {
    fn default() -> Self {
        Self { calls: RefCell::default(), room: usize::MAX, broken_from: usize::MAX, silent: false }
    }
}

impl Sink for Memory {
    fn fits(&self, changes: &[Change]) -> usize {
        changes.len().min(self.room)
    }

    async fn emit(&self, changes: &[Change]) -> Result<(), Cause> {
        if self.silent {
            std::future::pending::<()>().await;
        }
        if self.calls.borrow().len() >= self.broken_from {
            return Err(Cause::plain("service down"));
        }
        self.calls.borrow_mut().push(changes.to_vec());
        Ok(())
    }
}

struct Seen {
    answer: Result<Value, InvocationError>,
    lines: Vec<Value>,
    calls: Vec<Vec<Change>>,
}

impl Seen {
    fn outcomes(&self) -> Vec<&str> {
        self.lines.iter().map(|line| line["outcome"].as_str().unwrap()).collect()
    }
}

async fn run(sink: Memory, partial: PartialBatch, event: &Value, time_left_ms: i64) -> Seen {
    let mut context = Context::default();
    context.deadline = u64::try_from(now_ms() + time_left_ms).unwrap();
    let mut invocation = Invocation::new("downstream", &context);
    let function = Downstream { sink, partial };
    let batch = serde_json::from_value(event.clone()).unwrap();
    let answer = function.handle(batch, &mut invocation).await;
    let lines = std::str::from_utf8(invocation.lines()).unwrap().lines();
    Seen {
        answer: answer.map(|answer| serde_json::to_value(answer).unwrap()),
        lines: lines.map(|line| serde_json::from_str(line).unwrap()).collect(),
        calls: function.sink.calls.into_inner(),
    }
}

async fn run_on(sink: Memory, event: &Value) -> Seen {
    run(sink, PartialBatch::On, event, 3000).await
}

fn event() -> Value {
    serde_json::from_str(EVENT).unwrap()
}

fn failed_from(sequence_number: &str) -> Value {
    json!({"batchItemFailures": [{"itemIdentifier": sequence_number}]})
}

#[tokio::test]
async fn every_new_image_is_measured_in_one_call() {
    let seen = run_on(Memory::default(), &event()).await;
    assert_eq!(seen.answer.as_ref().unwrap(), &json!({"batchItemFailures": []}));
    assert_eq!(seen.calls.len(), 1);
    let runs: Vec<_> =
        seen.calls[0].iter().map(|change| change.measurement().map(|m| m.run_id.as_str())).collect();
    assert_eq!(runs, [Some("run"), Some("run"), Some("default"), None]);
    assert_eq!(seen.outcomes(), ["measured", "measured", "measured", "removed"]);
}

#[tokio::test]
async fn images_are_logged_in_the_known_shape() {
    let seen = run_on(Memory::default(), &event()).await;
    let messages: Vec<_> = seen.lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(
        messages,
        [
            "New {ID: run-1-0, Message: Inbound request, Timestamp: 1763632800100}",
            "New {ID: run-1-0, Message: Second request, Timestamp: 1763632800110} \
             Old {ID: run-1-0, Message: Inbound request, Timestamp: 1763632800100}",
            "New {ID: other, Message: By hand, Timestamp: 1763632800} \
             Old {ID: other, Message: Before, Timestamp: 1763632700}",
            "Old {ID: run-1-0, Message: Second request, Timestamp: 1763632800110}",
        ]
    );
}

#[tokio::test]
async fn a_measured_line_is_the_record_of_truth() {
    let before = now_ms();
    let seen = run_on(Memory::default(), &event()).await;
    let line = &seen.lines[0];
    let completed = line["completedMs"].as_i64().unwrap();
    assert!(completed >= before && completed <= now_ms());
    assert_eq!(line["latencyMs"], completed - 1_763_632_800_123);
    assert_eq!(line["clientLatencyMs"], completed - 1_763_632_800_100);
    assert_eq!(line["gatewayToStreamMs"], 7);
    assert_eq!(line["streamToStoreMs"], 20);
    assert_eq!(line["storeToSinkMs"], completed - 1_763_632_800_150);
    assert_eq!(line["requestId"], "request-0");
    assert_eq!(line["runId"], "run");
    assert_eq!(line["coarse"], false);
    assert_eq!(line["key"], "run-1-0");
    assert_eq!(line["record_id"], "c81e728d9d4c2f636f067f89cc148601");
    for name in ["level", "ts", "fn", "request_id", "ms", "receivedMs", "arrivedMs", "storedMs"] {
        assert!(!line[name].is_null(), "{name}");
    }
}

#[tokio::test]
async fn an_item_of_another_client_is_measured_by_its_own_time() {
    let seen = run_on(Memory::default(), &event()).await;
    let line = &seen.lines[2];
    let completed = line["completedMs"].as_i64().unwrap();
    assert_eq!(line["latencyMs"], completed - 1_763_632_800_000);
    assert_eq!(line["clientLatencyMs"], line["latencyMs"]);
    assert_eq!(line["coarse"], true);
    assert_eq!(line["runId"], "default");
    assert!(line["requestId"].is_null() && line["receivedMs"].is_null() && line["storeToSinkMs"].is_null());
}

#[tokio::test]
async fn a_request_counts_once() {
    let mut event = event();
    event["Records"][1]["dynamodb"]["NewImage"]["requestId"] = json!({"S": "request-0"});
    let seen = run_on(Memory::default(), &event).await;
    assert_eq!(seen.outcomes(), ["measured", "already_measured", "measured", "removed"]);
    assert!(seen.calls[0][1].measurement().is_none());
}

#[tokio::test]
async fn a_stream_without_images_is_noticed() {
    let mut event = event();
    event["Records"][0]["dynamodb"].as_object_mut().unwrap().remove("NewImage");
    event["Records"][1]["dynamodb"]["NewImage"] = Value::Null;
    let seen = run_on(Memory::default(), &event).await;
    assert_eq!(seen.outcomes(), ["no_image", "removed", "measured", "removed"]);
    assert_eq!(seen.lines[0]["level"], "warn");
}

#[tokio::test]
async fn a_broken_sink_hands_back_the_batch() {
    let seen = run_on(Memory { broken_from: 0, ..Memory::default() }, &event()).await;
    assert_eq!(seen.answer.as_ref().unwrap(), &failed_from(FIRST));
    assert_eq!(seen.outcomes(), ["failed"]);
    assert_eq!(seen.lines[0]["error"], "service down");
    assert_eq!(seen.lines[0]["key"], "run-1-0");
}

#[tokio::test]
async fn what_the_sink_took_is_not_handed_back() {
    let seen = run_on(Memory { room: 1, broken_from: 2, ..Memory::default() }, &event()).await;
    assert_eq!(seen.answer.as_ref().unwrap(), &failed_from(THIRD));
    assert_eq!(seen.outcomes(), ["measured", "measured", "failed"]);
}

#[tokio::test]
async fn an_image_that_is_no_message_stops_the_batch_there() {
    let mut event = event();
    event["Records"][1]["dynamodb"]["NewImage"]["timestamp"] = json!({"S": "soon"});
    let seen = run_on(Memory::default(), &event).await;
    assert_eq!(seen.answer.as_ref().unwrap(), &failed_from(SECOND));
    assert_eq!(seen.calls[0].len(), 1, "what comes before it is emitted");
    assert_eq!(seen.outcomes(), ["measured", "failed"]);
    assert_eq!(seen.lines[1]["error"], "invalid item: timestamp is required");
}

#[tokio::test]
async fn the_earlier_of_two_failures_is_reported() {
    let mut event = event();
    event["Records"][1]["dynamodb"]["NewImage"]["timestamp"] = json!({"S": "soon"});
    let seen = run_on(Memory { broken_from: 0, ..Memory::default() }, &event).await;
    assert_eq!(seen.answer.unwrap(), failed_from(FIRST));
}

#[tokio::test]
async fn an_odd_old_image_does_no_harm() {
    let mut event = event();
    event["Records"][2]["dynamodb"]["OldImage"] = json!({"id": {"S": "other"}});
    let seen = run_on(Memory::default(), &event).await;
    assert_eq!(seen.outcomes()[2], "measured");
}

#[tokio::test]
async fn without_partial_answers_a_failure_fails_the_invocation() {
    let broken = Memory { broken_from: 0, ..Memory::default() };
    let error = run(broken, PartialBatch::Off, &event(), 3000).await.answer.unwrap_err();
    assert_eq!((error.kind, error.message), ("BatchFailed", format!("record {FIRST}: service down")));
}

#[tokio::test]
async fn a_silent_sink_is_given_up_before_the_deadline() {
    let silent = Memory { silent: true, ..Memory::default() };
    let seen = run(silent, PartialBatch::On, &event(), 530).await;
    assert_eq!(seen.answer.unwrap(), failed_from(FIRST));
    assert_eq!(seen.lines[0]["error"], "no time left before the deadline");
}

#[tokio::test]
async fn nothing_is_emitted_without_time() {
    let seen = run(Memory::default(), PartialBatch::On, &event(), 0).await;
    assert_eq!(seen.answer.unwrap(), failed_from(FIRST));
    assert!(seen.calls.is_empty());
}

#[tokio::test]
async fn of_two_sinks_the_second_gets_what_the_first_has() {
    let event: downstream::Batch = serde_json::from_value(event()).unwrap();
    let changes: Vec<_> =
        event.records.iter().map(|record| Change::from_record(record, 1).unwrap()).collect();
    let broken = || Memory { broken_from: 0, ..Memory::default() };
    let check = async |first: Memory, second: Memory, expected: Result<(), ()>, calls: (usize, usize)| {
        let both = Both { first, second };
        assert_eq!(both.emit(&changes).await.map_err(drop), expected);
        assert_eq!((both.first.calls.borrow().len(), both.second.calls.borrow().len()), calls);
    };
    check(Memory::default(), Memory::default(), Ok(()), (1, 1)).await;
    check(broken(), Memory::default(), Err(()), (0, 0)).await;
    check(Memory::default(), broken(), Err(()), (1, 0)).await;

    let both = Both { first: Memory { room: 3, ..Memory::default() }, second: Memory::default() };
    assert_eq!(both.fits(&changes), 3);
    let both = Both { first: Memory::default(), second: Memory { room: 2, ..Memory::default() } };
    assert_eq!(both.fits(&changes), 2);
}
