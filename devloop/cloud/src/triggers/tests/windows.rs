//! Tumbling windows: sums over the records of a minute.

use std::{sync::Arc, time::Duration};

use hyper::Method;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{
    fake::{Answer, QUEUE_ARN},
    world::{START_MS, World},
};

/// What the function wrote at the end of windows: the window's start, and the sum.
type Sums = Arc<Mutex<Vec<(String, u64)>>>;

/// A function that adds its records up and writes the sum when a window ends. `answer` makes its response from the state.
fn summing(world: &World, mut answer: impl FnMut(&Value, Value) -> Answer + Send + 'static) -> Sums {
    let sums = Sums::default();
    let written = Arc::clone(&sums);
    *world.cloud.windowed.lock() = Box::new(move |event, records| {
        let before = event["state"]["sum"].as_u64().unwrap_or_default();
        let sum = before + records.iter().map(|(number, _)| u64::from(*number)).sum::<u64>();
        let answer = answer(event, json!({ "sum": sum }));
        if event["isFinalInvokeForWindow"] == true && matches!(answer, Answer::Json(_)) {
            written.lock().push((event["window"]["start"].as_str().unwrap().to_owned(), sum));
        }
        answer
    });
    sums
}

fn plainly(_: &Value, state: Value) -> Answer {
    Answer::Json(json!({ "state": state }))
}

fn minute(more: Value) -> Value {
    let mut options = json!({ "TumblingWindowInSeconds": 60 });
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    options
}

// The clock starts at 22:13:20.
const FIRST: &str = "2023-11-14T22:13:00Z";
const SECOND: &str = "2023-11-14T22:14:00Z";

fn sum(window: &str, sum: u64) -> (String, u64) {
    (window.to_owned(), sum)
}

#[tokio::test]
async fn state_goes_from_call_to_call_and_ends_with_the_window() {
    let mut world = World::new();
    let sums = summing(&world, plainly);
    world.map(minute(json!({})));
    world.put([1, 2]);
    world.settle().await;
    world.put([3]);
    world.pass(Duration::from_secs(40)).await;
    assert_eq!(
        (world.calls(), sums.lock().len()),
        (vec![vec![1, 2], vec![3]], 0),
        "the window stays open for the grace period"
    );
    world.put([10]);
    world.settle().await;
    assert_eq!(*sums.lock(), [sum(FIRST, 6)], "a record of the next window ends the previous one");
    assert_eq!(world.calls(), [vec![], vec![10]]);
    world.pass(Duration::from_secs(61)).await;
    assert_eq!(*sums.lock(), [sum(FIRST, 6), sum(SECOND, 10)]);
    let events = world.cloud.windows.lock().clone();
    let flags: Vec<(&Value, &Value)> =
        events.iter().map(|event| (&event["state"], &event["isFinalInvokeForWindow"])).collect();
    let expected = [
        (&json!({}), &json!(false)),
        (&json!({ "sum": 3 }), &json!(false)),
        (&json!({ "sum": 6 }), &json!(true)),
        (&json!({}), &json!(false)),
        (&json!({ "sum": 10 }), &json!(true)),
    ];
    assert_eq!(flags, expected);
    assert_eq!(
        (&events[0]["shardId"], &events[0]["window"]),
        (&json!("shard-0"), &json!({ "start": FIRST, "end": SECOND }))
    );
}

#[tokio::test]
async fn no_window_opens_without_records_and_time_ends_an_idle_one() {
    let mut world = World::new();
    let sums = summing(&world, plainly);
    world.map(minute(json!({})));
    world.pass(Duration::from_mins(10)).await;
    assert_eq!(
        (world.calls().len(), world.clock.sleepers()),
        (0, 0),
        "nothing waits while there is no window"
    );
    world.put([5]);
    world.pass(Duration::from_secs(40)).await;
    assert_eq!(sums.lock().len(), 0);
    world.pass(Duration::from_secs(1)).await;
    assert_eq!(*sums.lock(), [sum("2023-11-14T22:23:00Z", 5)]);
    assert_eq!(world.clock.sleepers(), 0);
}

#[tokio::test]
async fn a_batch_holds_records_of_one_window_and_does_not_wait_beyond_it() {
    let mut world = World::new();
    let sums = summing(&world, plainly);
    world.map(minute(json!({ "MaximumBatchingWindowInSeconds": 300 })));
    world.put([1]);
    world.pass(Duration::from_secs(39)).await;
    world.put([2]);
    assert_eq!(world.calls().len(), 0);
    world.pass(Duration::from_secs(1)).await;
    assert_eq!(world.calls(), [[1, 2]], "the window's end ends the wait for more");
    world.put([3]);
    world.pass(Duration::from_secs(62)).await;
    assert_eq!(*sums.lock(), [sum(FIRST, 3), sum(SECOND, 3)]);
}

#[tokio::test]
async fn a_failed_final_invocation_is_retried_and_nothing_counts_twice() {
    let world = World::new();
    let mut failures = 2;
    let sums = summing(&world, move |event, state| {
        if event["isFinalInvokeForWindow"] == true && failures > 0 {
            failures -= 1;
            return Answer::Error;
        }
        plainly(event, state)
    });
    world.map(minute(json!({ "MaximumRetryAttempts": 2 })));
    world.put([1, 2]);
    world.pass(Duration::from_secs(41)).await;
    world.put([7]);
    world.pass_all().await;
    assert_eq!(*sums.lock(), [sum(FIRST, 3), sum(SECOND, 7)]);
    let finals =
        world.cloud.windows.lock().iter().filter(|event| event["isFinalInvokeForWindow"] == true).count();
    assert_eq!(finals, 4);
}

#[tokio::test]
async fn a_discarded_window_is_reported_with_all_of_its_records() {
    let mut world = World::new();
    let sums = summing(&world, |event, state| {
        if event["window"]["start"] == FIRST && event["isFinalInvokeForWindow"] == true {
            return Answer::Error;
        }
        plainly(event, state)
    });
    world.map(minute(json!({ "MaximumRetryAttempts": 1, "BatchSize": 2,
        "DestinationConfig": { "OnFailure": { "Destination": QUEUE_ARN } } })));
    world.put([1, 2, 3]);
    world.pass(Duration::from_secs(41)).await;
    world.put([7]);
    world.pass_all().await;
    assert_eq!(*sums.lock(), [sum(SECOND, 7)]);
    let [(_, body)] = <[_; 1]>::try_from(world.sent()).unwrap();
    let batch = &body["KinesisBatchInfo"];
    assert_eq!(
        (&batch["startSequenceNumber"], &batch["endSequenceNumber"], &batch["batchSize"]),
        (&json!("1000"), &json!("1002"), &json!(3))
    );
    assert_eq!(body["requestContext"]["approximateInvokeCount"], 2);
    assert_eq!(world.mappings.snapshot()[0].shards[0].discarded, 3);
}

#[tokio::test]
async fn a_response_without_a_state_is_a_failure() {
    let mut world = World::new();
    let mut first = true;
    let sums = summing(&world, move |event, state| {
        if std::mem::take(&mut first) { Answer::Json(json!({})) } else { plainly(event, state) }
    });
    world.map(minute(json!({})));
    world.put([4]);
    world.pass_all().await;
    assert_eq!(world.calls(), [vec![4], vec![4], vec![]]);
    assert_eq!(*sums.lock(), [sum(FIRST, 4)]);
}

#[tokio::test]
async fn bisect_and_checkpoints_keep_sums_exact() {
    for checkpoint in [false, true] {
        let mut world = World::new();
        let written = Sums::default();
        let sums = Arc::clone(&written);
        *world.cloud.windowed.lock() = Box::new(move |event, records| {
            let bad = records.iter().position(|(number, _)| *number == 5);
            let good = bad.unwrap_or(records.len());
            if bad.is_some() && !checkpoint {
                return Answer::Error;
            }
            let before = event["state"]["sum"].as_u64().unwrap_or_default();
            let sum = before + records[..good].iter().map(|(number, _)| u64::from(*number)).sum::<u64>();
            if event["isFinalInvokeForWindow"] == true {
                sums.lock().push((event["window"]["start"].as_str().unwrap().to_owned(), sum));
            }
            let failures: Vec<Value> =
                bad.iter().map(|at| json!({ "itemIdentifier": records[*at].1 })).collect();
            Answer::Json(json!({ "state": { "sum": sum }, "batchItemFailures": failures }))
        });
        let types: &[&str] = if checkpoint { &["ReportBatchItemFailures"] } else { &[] };
        world.map(minute(json!({ "MaximumRetryAttempts": 2, "BisectBatchOnFunctionError": true,
            "FunctionResponseTypes": types, "DestinationConfig": { "OnFailure": { "Destination": QUEUE_ARN } } })));
        world.put(1..=9);
        world.pass_all().await;
        assert_eq!(*written.lock(), [sum(FIRST, 40)], "checkpoint {checkpoint}");
        assert_eq!(world.sent().len(), 1);
    }
}

#[tokio::test]
async fn a_state_that_becomes_too_large_ends_the_window_early_and_it_continues() {
    let world = World::new();
    let written = Sums::default();
    let sums = Arc::clone(&written);
    *world.cloud.windowed.lock() = Box::new(move |event, records| {
        let before = event["state"]["sum"].as_u64().unwrap_or_default();
        let sum = before + records.iter().map(|(number, _)| u64::from(*number)).sum::<u64>();
        if event["isFinalInvokeForWindow"] == true {
            let early = event["isWindowTerminatedEarly"].as_bool().unwrap();
            sums.lock().push((format!("early {early}"), sum));
        }
        let padding = "x".repeat(if sum > 5 { 1 << 20 } else { 0 });
        Answer::Json(json!({ "state": { "sum": sum, "padding": padding } }))
    });
    world.map(minute(json!({ "BatchSize": 1 })));
    world.put([1, 2, 3, 4]);
    world.pass_all().await;
    assert_eq!(*written.lock(), [sum("early true", 6), sum("early false", 4)]);
}

#[tokio::test]
async fn the_end_of_a_shard_ends_its_window_and_its_children_start_new_ones() {
    let world = World::new();
    let sums = summing(&world, plainly);
    world.map(minute(json!({})));
    world.put([1, 2]);
    world.settle().await;
    let stream = world.cloud.kinesis.lock().clone();
    stream.shard(0).log.close();
    let child = stream.add_shard("shard-1", &["shard-0"], 5_000);
    world.put_into(&child, [10]);
    world.settle().await;
    assert_eq!(*sums.lock(), [sum(FIRST, 3)]);
    world.pass_all().await;
    assert_eq!(*sums.lock(), [sum(FIRST, 3), sum(FIRST, 10)]);
}

#[tokio::test]
async fn a_paused_mapping_keeps_its_window() {
    let world = World::new();
    let sums = summing(&world, plainly);
    let uuid = world.map(minute(json!({})));
    world.put([1]);
    world.settle().await;
    world.update(&uuid, &json!({ "Enabled": false }));
    world.pass(Duration::from_mins(5)).await;
    assert_eq!(sums.lock().len(), 0);
    let window = world.mappings.snapshot()[0].shards[0].window.unwrap();
    assert_eq!((window.start_ms, window.records), (START_MS - 20_000, 1));
    world.update(&uuid, &json!({ "Enabled": true }));
    world.settle().await;
    assert_eq!(*sums.lock(), [sum(FIRST, 1)]);
}

#[tokio::test]
async fn a_new_window_length_ends_the_open_window_with_its_old_length() {
    let mut world = World::new();
    let sums = summing(&world, plainly);
    let uuid = world.map(minute(json!({})));
    world.put([1]);
    world.settle().await;
    world.update(&uuid, &json!({ "TumblingWindowInSeconds": 20 }));
    world.settle().await;
    assert_eq!(*sums.lock(), [sum(FIRST, 1)]);
    world.put([2]);
    world.settle().await;
    world.update(&uuid, &json!({ "TumblingWindowInSeconds": 0 }));
    world.put([3]);
    world.settle().await;
    assert_eq!(*sums.lock(), [sum(FIRST, 1), sum("2023-11-14T22:13:20Z", 2)]);
    assert_eq!(world.calls(), [vec![1], vec![], vec![2], vec![], vec![3]]);
    let (_, shown) = world.request(Method::GET, &format!("/{uuid}"), &json!(null)).unwrap();
    assert_eq!(shown["TumblingWindowInSeconds"], 0);
}
