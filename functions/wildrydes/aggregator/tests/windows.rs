//! Sums over windows that are made of various calls.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, like tests")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use aggregator::{Aggregator, Part, Sums};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use functions_common::aws::Cause;
use functions_common::{Handler, Invocation};
use lambda_runtime::Context;
use serde_json::{Value, json};

/// Parts by unicorn and window, and how many further writes fail.
#[derive(Debug, Default)]
struct Kept {
    parts: RefCell<BTreeMap<(String, String), BTreeMap<String, f64>>>,
    failures: RefCell<usize>,
}

impl Kept {
    fn sum(&self, name: &str, start: &str) -> Option<f64> {
        let parts = self.parts.borrow();
        Some(parts.get(&(name.to_owned(), start.to_owned()))?.values().sum())
    }
}

impl Sums for Kept {
    async fn write(&self, part: &Part<'_>) -> Result<(), Cause> {
        if *self.failures.borrow() > 0 {
            *self.failures.borrow_mut() -= 1;
            return Err(Cause::plain("down"));
        }
        let item = (part.name.to_owned(), part.window.start.clone());
        self.parts.borrow_mut().entry(item).or_default().insert(part.key(), part.distance);
        Ok(())
    }
}

/// One call of the window that starts at `w`.
fn call(
    aggregator: &Aggregator<Kept>,
    state: &Value,
    shard: &str,
    readings: &[(u32, &str, f64)],
    (is_final, early): (bool, bool),
) -> Result<Value, String> {
    let records: Vec<Value> = readings
        .iter()
        .map(|(sequence, name, distance)| {
            let data = STANDARD.encode(json!({ "Name": name, "Distance": distance }).to_string());
            json!({ "kinesis": { "sequenceNumber": sequence.to_string(), "data": data } })
        })
        .collect();
    let event = json!({
        "Records": records, "window": { "start": "w", "end": "x" }, "state": state, "shardId": shard,
        "eventSourceARN": "arn", "isFinalInvokeForWindow": is_final, "isWindowTerminatedEarly": early,
    });
    let mut context = Context::default();
    context.deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64 + 10_000;
    let mut invocation = Invocation::new("aggregator", &context);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = runtime.block_on(aggregator.handle(serde_json::from_value(event).unwrap(), &mut invocation));
    let answer = answer.map_err(|error| error.message)?;
    let answer = serde_json::to_value(answer).unwrap();
    assert_eq!(answer["batchItemFailures"], json!([]));
    Ok(answer["state"].clone())
}

const MORE: (bool, bool) = (false, false);
const END: (bool, bool) = (true, false);

#[test]
fn unicorns_are_summed_apart_over_two_batches() {
    let aggregator = Aggregator { sums: Kept::default() };
    let first = [(1, "Shadowfax", 29.5), (2, "Rocinante", 30.5), (3, "Shadowfax", 30.25)];
    let state = call(&aggregator, &json!({}), "s-0", &first, MORE).unwrap();
    assert_eq!(state["Shadowfax"], json!({ "d": 59.75, "n": 2, "f": "1" }));
    let state =
        call(&aggregator, &state, "s-0", &[(4, "Rocinante", 29.25), (5, "Shadowfax", 30.0)], MORE).unwrap();
    assert!(aggregator.sums.parts.borrow().is_empty());
    assert_eq!(call(&aggregator, &state, "s-0", &[], END).unwrap(), json!({}));
    assert_eq!(aggregator.sums.sum("Shadowfax", "w"), Some(89.75));
    assert_eq!(aggregator.sums.sum("Rocinante", "w"), Some(59.75));
}

#[test]
fn records_of_the_last_call_count_and_an_empty_window_writes_nothing() {
    let aggregator = Aggregator { sums: Kept::default() };
    call(&aggregator, &json!({}), "s-0", &[], END).unwrap();
    assert!(aggregator.sums.parts.borrow().is_empty());
    call(&aggregator, &json!({}), "s-0", &[(1, "Shadowfax", 30.0)], END).unwrap();
    assert_eq!(aggregator.sums.sum("Shadowfax", "w"), Some(30.0));
}

#[test]
fn two_shards_and_an_early_end_add_up_in_one_item() {
    let aggregator = Aggregator { sums: Kept::default() };
    let state = call(&aggregator, &json!({}), "s-0", &[(1, "Shadowfax", 10.0)], MORE).unwrap();
    call(&aggregator, &state, "s-0", &[], (false, true)).unwrap();
    let state = call(&aggregator, &json!({}), "s-0", &[(2, "Shadowfax", 20.0)], MORE).unwrap();
    call(&aggregator, &state, "s-0", &[], END).unwrap();
    call(&aggregator, &json!({}), "s-1", &[(1, "Shadowfax", 40.0)], END).unwrap();
    assert_eq!(aggregator.sums.sum("Shadowfax", "w"), Some(70.0));
}

#[test]
fn a_last_call_that_failed_half_way_counts_once() {
    let aggregator = Aggregator { sums: Kept::default() };
    let readings = [(1, "Rocinante", 5.0), (2, "Shadowfax", 7.0)];
    let state = call(&aggregator, &json!({}), "s-0", &readings, MORE).unwrap();
    *aggregator.sums.failures.borrow_mut() = 1;
    assert_eq!(call(&aggregator, &state, "s-0", &[], END).unwrap_err(), "down");
    call(&aggregator, &state, "s-0", &[], END).unwrap();
    call(&aggregator, &state, "s-0", &[], END).unwrap();
    assert_eq!(aggregator.sums.sum("Rocinante", "w"), Some(5.0));
    assert_eq!(aggregator.sums.sum("Shadowfax", "w"), Some(7.0));
}

#[test]
fn a_record_without_name_or_distance_is_skipped() {
    let aggregator = Aggregator { sums: Kept::default() };
    let state = call(&aggregator, &json!({}), "s-0", &[(1, "", 5.0)], MORE).unwrap();
    assert_eq!(state, json!({}));
}
