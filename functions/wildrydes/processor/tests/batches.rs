//! The results of batches, with various records and answers of the table.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, like tests")]

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use functions_common::aws::Cause;
use functions_common::{Handler, Invocation};
use lambda_runtime::Context;
use processor::{FailMode, Item, Processor, Table};
use serde_json::{Value, json};

/// A table that keeps items by name and time; `refusals` says how many items at the end of each further call it has no capacity
/// for.
#[derive(Debug, Default)]
struct Kept {
    items: RefCell<BTreeMap<(String, String), Item>>,
    calls: RefCell<Vec<usize>>,
    refusals: RefCell<VecDeque<usize>>,
    throttles: RefCell<usize>,
}

impl Table for Kept {
    async fn write(&self, mut items: Vec<Item>) -> Result<Vec<Item>, Cause> {
        self.calls.borrow_mut().push(items.len());
        if *self.throttles.borrow() > 0 {
            *self.throttles.borrow_mut() -= 1;
            return Err(Cause { throttled: true, ..Cause::plain("ThrottlingException") });
        }
        let left = items.split_off(items.len() - self.refusals.borrow_mut().pop_front().unwrap_or(0));
        for item in items {
            let text = |name: &str| item[name].as_s().unwrap().clone();
            self.items.borrow_mut().insert((text("Name"), text("StatusTime")), item.clone());
        }
        Ok(left)
    }
}

fn reading(number: usize, input: &str) -> Value {
    json!({ "Name": "Shadowfax", "StatusTime": format!("t{number:03}"), "InputData": input, "Distance": 29.5 })
}

fn event(readings: &[Value]) -> Value {
    let records: Vec<Value> = readings
        .iter()
        .enumerate()
        .map(|(index, reading)| {
            let data = STANDARD.encode(format!("{reading}\n"));
            json!({ "kinesis": { "sequenceNumber": (index + 1).to_string(), "data": data } })
        })
        .collect();
    json!({ "Records": records })
}

fn answer(mode: FailMode, table: Kept, readings: &[Value]) -> (Result<Value, String>, Kept) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let mut context = Context::default();
    context.deadline = now + 10_000;
    let mut invocation = Invocation::new("processor", &context);
    let processor = Processor { table, mode };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let event = serde_json::from_value(event(readings)).unwrap();
    let result = runtime.block_on(processor.handle(event, &mut invocation));
    let result = result.map(|answer| serde_json::to_value(answer).unwrap()).map_err(|error| error.message);
    (result, processor.table)
}

fn five(bad: usize) -> Vec<Value> {
    (1..=5).map(|number| reading(number, if number == bad { "Unicornerror" } else { "Unicorn" })).collect()
}

#[test]
fn a_good_batch_is_delivered() {
    let (answered, table) = answer(FailMode::Throw, Kept::default(), &five(0));
    assert_eq!(answered.unwrap(), "Delivered 5 records");
    assert_eq!(table.items.borrow().len(), 5);
    assert_eq!(
        table.items.borrow()[&("Shadowfax".into(), "t001".into())]["Distance"].as_n().unwrap(),
        "29.5"
    );
    let (answered, _) = answer(FailMode::Checkpoint, Kept::default(), &five(0));
    assert_eq!(answered.unwrap(), json!({ "batchItemFailures": [] }));
}

#[test]
fn throw_writes_nothing_of_a_batch_with_a_bad_record() {
    let (answered, table) = answer(FailMode::Throw, Kept::default(), &five(3));
    assert_eq!(answered.unwrap_err(), "record 3: kaboom");
    assert!(table.items.borrow().is_empty() && table.calls.borrow().is_empty());
}

#[test]
fn checkpoint_writes_what_comes_before_the_bad_record_and_names_it() {
    let (answered, table) = answer(FailMode::Checkpoint, Kept::default(), &five(3));
    assert_eq!(answered.unwrap(), json!({ "batchItemFailures": [{ "itemIdentifier": "3" }] }));
    assert_eq!(table.items.borrow().len(), 2);
}

#[test]
fn what_the_table_has_no_room_for_is_written_again() {
    let table = Kept { refusals: RefCell::new([2, 1].into()), throttles: RefCell::new(1), ..Kept::default() };
    let (answered, table) = answer(FailMode::Checkpoint, table, &five(0));
    assert_eq!(answered.unwrap(), json!({ "batchItemFailures": [] }));
    assert_eq!((table.items.borrow().len(), table.calls.borrow().clone()), (5, vec![5, 5, 2, 1]));
}

#[test]
fn after_six_calls_the_first_reading_without_room_is_the_failed_one() {
    let table = Kept { refusals: RefCell::new([2; 6].into()), ..Kept::default() };
    let (answered, table) = answer(FailMode::Checkpoint, table, &five(0));
    assert_eq!(answered.unwrap(), json!({ "batchItemFailures": [{ "itemIdentifier": "4" }] }));
    assert_eq!(table.calls.borrow().clone(), [5, 2, 2, 2, 2, 2]);
}

#[test]
fn equal_keys_go_into_one_item_and_groups_have_25() {
    let mut readings: Vec<Value> = (1..=30).map(|number| reading(number, "Unicorn")).collect();
    readings[1]["StatusTime"] = json!("t001");
    readings[1]["Distance"] = json!(31);
    let (answered, table) = answer(FailMode::Throw, Kept::default(), &readings);
    assert_eq!(answered.unwrap(), "Delivered 30 records");
    assert_eq!(table.calls.borrow().clone(), [24, 5]);
    assert_eq!(table.items.borrow()[&("Shadowfax".into(), "t001".into())]["Distance"].as_n().unwrap(), "31");
}
