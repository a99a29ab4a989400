//! The function on a table in memory: what is stored, where a batch stops, how it is answered.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, like tests")]

use std::cell::RefCell;
use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_runtime::Context;
use midstream::{Midstream, Put, StoredItem, Table};
use pipeline_model::aws::Cause;
use pipeline_model::{Handler, Invocation, InvocationError, PartialBatch, now_ms};
use serde_json::{Value, json};

const EVENT: &str = include_str!("fixtures/batch.json");
const FIRST: &str = "49671246667567228643283430150187087032206582658000000000";
const SECOND: &str = "49671246667567228643283430150187087032206582658000000007";
const THIRD: &str = "49671246667567228643283430150187087032206582658000000014";

/// A table that keeps items as the real condition would. It refuses given ids, or never answers for them.
#[derive(Default)]
struct Memory {
    items: RefCell<HashMap<String, StoredItem>>,
    writes: RefCell<Vec<String>>,
    refused: Option<&'static str>,
    silent: Option<&'static str>,
    /// How many items it takes at once; one by one as long as it is 0.
    at_once: usize,
    /// The ids of items that were written together.
    together: RefCell<Vec<Vec<String>>>,
}

impl Table for Memory {
    fn at_once(&self) -> usize {
        self.at_once
    }

    async fn put_together(&self, items: &[StoredItem]) -> Option<Vec<Put>> {
        let ids = items.iter().map(|item| item.message.id.clone()).collect();
        self.together.borrow_mut().push(ids);
        let odd = |item: &StoredItem| [self.refused, self.silent].contains(&Some(&item.message.id));
        if items.iter().any(odd) {
            return None;
        }
        let mut puts = Vec::new();
        for item in items {
            puts.push(self.put(item).await.unwrap());
        }
        Some(puts)
    }

    async fn put(&self, item: &StoredItem) -> Result<Put, Cause> {
        let id = item.message.id.as_str();
        if self.silent == Some(id) {
            std::future::pending::<()>().await;
        }
        if self.refused == Some(id) {
            return Err(Cause::plain("ResourceNotFoundException"));
        }
        let mut items = self.items.borrow_mut();
        if items.get(id).is_some_and(|old| old.sequence >= item.sequence) {
            return Ok(Put::AlreadyStored);
        }
        items.insert(id.to_owned(), item.clone());
        self.writes.borrow_mut().push(id.to_owned());
        Ok(Put::Stored)
    }
}

fn function(table: Memory) -> Midstream<Memory> {
    Midstream { table, partial: PartialBatch::On }
}

async fn run(
    function: &Midstream<Memory>,
    event: &Value,
    time_left_ms: i64,
) -> (Result<Value, InvocationError>, Vec<Value>) {
    let mut context = Context::default();
    context.deadline = u64::try_from(now_ms() + time_left_ms).unwrap();
    let mut invocation = Invocation::new("midstream", &context);
    let batch = serde_json::from_value(event.clone()).unwrap();
    let answer = function.handle(batch, &mut invocation).await;
    let lines = std::str::from_utf8(invocation.lines()).unwrap().lines();
    let lines = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    (answer.map(|answer| serde_json::to_value(answer).unwrap()), lines)
}

fn event() -> Value {
    serde_json::from_str(EVENT).unwrap()
}

fn with_data(index: usize, data: &str) -> Value {
    let mut event = event();
    event["Records"][index]["kinesis"]["data"] = json!(data);
    event
}

fn failed_from(sequence_number: &str) -> Value {
    json!({"batchItemFailures": [{"itemIdentifier": sequence_number}]})
}

fn nothing_failed() -> Value {
    json!({"batchItemFailures": []})
}

#[tokio::test]
async fn every_record_becomes_an_item_in_order() {
    let function = function(Memory::default());
    let before = now_ms();
    let (answer, lines) = run(&function, &event(), 3000).await;
    assert_eq!(answer.unwrap(), nothing_failed());
    assert_eq!(*function.table.writes.borrow(), ["run-1-0", "run-1-1", "run-1-2"]);
    let items = function.table.items.borrow();
    let item = &items["run-1-0"];
    assert_eq!(
        (item.message.message.as_str(), item.message.timestamp),
        ("Inbound request", 1_763_632_799_123)
    );
    assert_eq!(item.origin.request_id.as_deref(), Some("6e2f0b7a-5b1f-4a6e-9d5e-000000000000"));
    assert_eq!((item.origin.run(), item.origin.received_ms), ("run", Some(1_763_632_800_123)));
    assert_eq!(item.arrived_ms, 1_763_632_800_500);
    assert!(item.stored_ms >= before);
    assert_eq!(item.sequence, format!("00000000{FIRST}"));
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[1]["record_id"], SECOND);
    assert_eq!(lines[1]["key"], "run-1-1");
    assert_eq!(lines[1]["outcome"], "stored");
    assert_eq!(lines[1]["message"], "{ID: run-1-1, Message: Inbound request, Timestamp: 1763632799124}");
    assert_eq!(lines[1]["arrivedMs"], 1_763_632_800_512_i64);
}

#[tokio::test]
async fn a_batch_delivered_again_changes_nothing() {
    let function = function(Memory::default());
    run(&function, &event(), 3000).await.0.unwrap();
    let before = function.table.items.borrow().clone();
    let (answer, lines) = run(&function, &event(), 3000).await;
    assert_eq!(answer.unwrap(), nothing_failed());
    assert_eq!(*function.table.items.borrow(), before);
    assert!(lines.iter().all(|line| line["outcome"] == "already_stored"), "{lines:?}");
}

#[tokio::test]
async fn a_record_that_is_no_message_stops_the_batch_there() {
    let poison = |text: &str| with_data(1, &STANDARD.encode(text));
    for event in [poison("hello"), poison("{}"), poison("[]"), poison(""), with_data(1, "%%%")] {
        let function = function(Memory::default());
        let (answer, lines) = run(&function, &event, 3000).await;
        assert_eq!(answer.unwrap(), failed_from(SECOND));
        assert_eq!(*function.table.writes.borrow(), ["run-1-0"]);
        assert_eq!(lines.len(), 2, "the third record is not touched");
        assert_eq!((&lines[1]["outcome"], &lines[1]["level"]), (&json!("failed"), &json!("error")));
        assert_eq!(lines[1]["record_id"], SECOND);
    }
}

#[tokio::test]
async fn a_failed_write_stops_the_batch_there() {
    let function = function(Memory { refused: Some("run-1-1"), ..Memory::default() });
    let (answer, lines) = run(&function, &event(), 3000).await;
    assert_eq!(answer.unwrap(), failed_from(SECOND));
    assert_eq!(*function.table.writes.borrow(), ["run-1-0"]);
    assert_eq!(lines[1]["error"], "ResourceNotFoundException");
}

#[tokio::test]
async fn without_partial_answers_a_failure_fails_the_invocation() {
    let table = Memory { refused: Some("run-1-0"), ..Memory::default() };
    let function = Midstream { table, partial: PartialBatch::Off };
    let error = run(&function, &event(), 3000).await.0.unwrap_err();
    assert_eq!(error.kind, "BatchFailed");
    assert_eq!(error.message, format!("record {FIRST}: ResourceNotFoundException"));
}

#[tokio::test]
async fn work_stops_before_the_deadline() {
    let function = function(Memory { silent: Some("run-1-2"), ..Memory::default() });
    let (answer, lines) = run(&function, &event(), 550).await;
    assert_eq!(answer.unwrap(), failed_from(THIRD));
    assert_eq!(lines[2]["error"], "no time left before the deadline");
}

#[tokio::test]
async fn what_is_not_begun_in_time_is_handed_back() {
    let function = function(Memory::default());
    let (answer, _) = run(&function, &event(), 0).await;
    assert_eq!(answer.unwrap(), failed_from(FIRST));
    assert!(function.table.writes.borrow().is_empty());
}

#[tokio::test]
async fn a_record_of_another_producer_is_stored_without_additions() {
    let event = with_data(0, &STANDARD.encode(r#"{"id":"other","message":"m","timestamp":5,"runId":3}"#));
    let function = function(Memory::default());
    run(&function, &event, 3000).await.0.unwrap();
    let item = function.table.items.borrow()["other"].clone();
    assert_eq!((item.origin.request_id.as_deref(), item.origin.run()), (None, "default"));
}

/// The function with this table, which takes up to a hundred items at once.
fn at_once(table: Memory) -> Midstream<Memory> {
    function(Memory { at_once: 100, ..table })
}

#[tokio::test]
async fn records_are_written_together_where_the_table_takes_them() {
    let function = at_once(Memory::default());
    let (answer, lines) = run(&function, &event(), 3000).await;
    assert_eq!(answer.unwrap(), nothing_failed());
    assert_eq!(*function.table.together.borrow(), [["run-1-0", "run-1-1", "run-1-2"]]);
    assert_eq!(*function.table.writes.borrow(), ["run-1-0", "run-1-1", "run-1-2"]);
    assert_eq!(lines[2]["record_id"], THIRD);
    assert_eq!(lines[2]["outcome"], "stored");
    let (answer, lines) = run(&function, &event(), 3000).await;
    assert_eq!(answer.unwrap(), nothing_failed());
    assert!(lines.iter().all(|line| line["outcome"] == "already_stored"), "{lines:?}");
}

#[tokio::test]
async fn what_cannot_be_written_together_is_written_in_order_up_to_the_one_at_fault() {
    let function = at_once(Memory { refused: Some("run-1-1"), ..Memory::default() });
    let (answer, lines) = run(&function, &event(), 3000).await;
    assert_eq!(answer.unwrap(), failed_from(SECOND));
    assert_eq!(*function.table.writes.borrow(), ["run-1-0"]);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["error"], "ResourceNotFoundException");

    let function = at_once(Memory { silent: Some("run-1-2"), ..Memory::default() });
    let (answer, _) = run(&function, &event(), 550).await;
    assert_eq!(answer.unwrap(), failed_from(THIRD));
    assert_eq!(*function.table.writes.borrow(), ["run-1-0", "run-1-1"]);
}

#[tokio::test]
async fn what_is_before_a_poison_record_is_written_and_nothing_after_it() {
    let function = at_once(Memory::default());
    let (answer, lines) = run(&function, &with_data(2, &STANDARD.encode("hello")), 3000).await;
    assert_eq!(answer.unwrap(), failed_from(THIRD));
    assert_eq!(*function.table.together.borrow(), [["run-1-0", "run-1-1"]]);
    assert_eq!((&lines[2]["outcome"], &lines[2]["record_id"]), (&json!("failed"), &json!(THIRD)));

    // A refusal before the poison record is the one that counts, and the poison is not even logged.
    let function = at_once(Memory { refused: Some("run-1-1"), ..Memory::default() });
    let (answer, lines) = run(&function, &with_data(2, &STANDARD.encode("hello")), 3000).await;
    assert_eq!((answer.unwrap(), lines.len()), (failed_from(SECOND), 2));
}

#[tokio::test]
async fn records_of_one_id_are_written_one_after_the_other() {
    let again = STANDARD.encode(r#"{"id":"run-1-0","message":"again","timestamp":5}"#);
    let function = at_once(Memory::default());
    let (answer, _) = run(&function, &with_data(2, &again), 3000).await;
    assert_eq!(answer.unwrap(), nothing_failed());
    assert_eq!(*function.table.together.borrow(), [["run-1-0", "run-1-1"]]);
    assert_eq!(function.table.items.borrow()["run-1-0"].message.message, "again");
}

#[tokio::test]
async fn no_transaction_is_begun_without_time_for_it() {
    let function = at_once(Memory::default());
    let (answer, _) = run(&function, &event(), 0).await;
    assert_eq!(answer.unwrap(), failed_from(FIRST));
    assert!(function.table.together.borrow().is_empty());
}
