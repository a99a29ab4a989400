//! The experiments of the wildrydes system, W1 to W17, with exact counts. The functions are simulated: they behave as those
//! in `functions/wildrydes` do.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{
    fake::{Answer, FakeShard, QUEUE_ARN},
    world::World,
};

/// How the processor handles a bad record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FailMode {
    Throw,
    Checkpoint,
}
use FailMode::{Checkpoint, Throw};

/// The result of an experiment: the batches, how many records were stored, and each message's batch size and tries.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    batches: Vec<(u32, u32)>,
    stored: usize,
    messages: Vec<(u64, u64, String)>,
}

/// Sends the records 1 to `size` to the processor, whose mapping has a batch size of ten, two retries, and the queue as its
/// on-failure destination.
async fn experiment(size: u32, bad: &'static [u32], bisect: bool, mode: FailMode) -> Outcome {
    let mut world = World::new();
    let table: Arc<Mutex<BTreeSet<u32>>> = Arc::default();
    let stored = Arc::clone(&table);
    world.answers(move |records| {
        let failed = records.iter().position(|(number, _)| bad.contains(number));
        let good = match (failed, mode) {
            (None, _) => records.len(),
            (Some(index), Checkpoint) => index,
            (Some(_), Throw) => 0,
        };
        stored.lock().extend(records[..good].iter().map(|(number, _)| *number));
        match (failed, mode) {
            (Some(_), Throw) => Answer::Error,
            (failed, _) => {
                let failures: Vec<Value> =
                    failed.iter().map(|at| json!({ "itemIdentifier": records[*at].1 })).collect();
                Answer::Json(json!({ "batchItemFailures": failures }))
            }
        }
    });
    world.put(1..=size);
    let types: &[&str] = if mode == Checkpoint { &["ReportBatchItemFailures"] } else { &[] };
    world.map(processor(&json!({ "BisectBatchOnFunctionError": bisect, "FunctionResponseTypes": types })));
    world.pass_all().await;
    let messages = world.sent().into_iter().map(|(_, body)| {
        let batch = &body["KinesisBatchInfo"];
        // Each message is resolved to its records; a message about a single record is resolved by shard and sequence
        // number.
        assert_eq!(batch["shardId"], "shard-0");
        let (size, tries) = (&batch["batchSize"], &body["requestContext"]["approximateInvokeCount"]);
        if size == 1 {
            let number = resolve(&world.shard(), batch["startSequenceNumber"].as_str().unwrap());
            assert!(bad.contains(&number), "{number}");
        }
        let condition = body["requestContext"]["condition"].as_str().unwrap().to_owned();
        (size.as_u64().unwrap(), tries.as_u64().unwrap(), condition)
    });
    let messages = messages.collect();
    let batches = world.calls().iter().map(|batch| (batch[0], batch[batch.len() - 1])).collect();
    let stored = table.lock().len();
    Outcome { batches, stored, messages }
}

fn processor(more: &Value) -> Value {
    let mut options = json!({ "BatchSize": 10, "MaximumBatchingWindowInSeconds": 30, "MaximumRetryAttempts": 2,
        "DestinationConfig": { "OnFailure": { "Destination": QUEUE_ARN } } });
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    options
}

fn resolve(shard: &FakeShard, sequence: &str) -> u32 {
    *shard.log.read(sequence.parse().unwrap(), 1, usize::MAX).entries[0].record
}

fn exhausted(size: u64) -> (u64, u64, String) {
    (size, 3, "RetryAttemptsExhausted".to_owned())
}

async fn check(
    (size, bad, bisect, mode): (u32, &'static [u32], bool, FailMode),
    (invocations, stored): (usize, usize),
    messages: &[(u64, u64, String)],
) {
    let outcome = experiment(size, bad, bisect, mode).await;
    let seen = (outcome.batches.len(), outcome.stored, outcome.messages.as_slice());
    assert_eq!(seen, (invocations, stored, messages), "{outcome:?}");
}

#[tokio::test]
async fn w1_twenty_messages_without_errors() {
    check((20, &[], true, Throw), (2, 20), &[]).await;
}

#[tokio::test]
async fn w2_two_bad_records_without_bisect_discard_the_batch() {
    check((10, &[5, 10], false, Throw), (3, 0), &[exhausted(10)]).await;
}

#[tokio::test]
async fn w3_bisect_finds_both_bad_records() {
    check((10, &[5, 10], true, Throw), (19, 8), &[exhausted(1), exhausted(1)]).await;
}

#[tokio::test]
async fn w4_bisect_finds_one_bad_record_of_nine() {
    check((9, &[5], true, Throw), (9, 8), &[exhausted(1)]).await;
}

#[tokio::test]
async fn w5_a_checkpoint_without_bisect_discards_everything_after_it() {
    check((9, &[5], false, Checkpoint), (4, 4), &[exhausted(5)]).await;
}

#[tokio::test]
async fn w6_a_checkpoint_with_bisect_isolates_the_bad_record() {
    let outcome = experiment(9, &[5], true, Checkpoint).await;
    assert_eq!(outcome.batches, [(1, 9), (5, 9), (5, 6), (5, 5), (5, 5), (5, 5), (6, 6), (7, 9)]);
    assert_eq!((outcome.stored, outcome.messages), (8, vec![exhausted(1)]));
}

#[tokio::test]
async fn w7_checkpoints_with_bisect_isolate_both_bad_records() {
    check((10, &[5, 10], true, Checkpoint), (11, 8), &[exhausted(1), exhausted(1)]).await;
}

#[tokio::test]
async fn w8_every_fifth_of_twenty_messages_is_bad() {
    let four = [exhausted(1), exhausted(1), exhausted(1), exhausted(1)];
    check((20, &[5, 10, 15, 20], true, Throw), (38, 16), &four).await;
    check((20, &[5, 10, 15, 20], true, Checkpoint), (22, 16), &four).await;
}

#[tokio::test]
async fn w9_a_table_that_is_throttled_twice_loses_nothing() {
    let mut world = World::new();
    let mut throttles = 2;
    world.answers(move |_| {
        throttles -= 1;
        if throttles >= 0 { Answer::Error } else { Answer::Json(json!({})) }
    });
    world.put(1..=10);
    world.map(processor(&json!({})));
    world.pass_all().await;
    assert_eq!((world.calls().len(), world.sent().len()), (3, 0));
    assert_eq!(world.mappings.snapshot()[0].lag_records, 0);
}

#[tokio::test]
async fn w10_a_checkpoint_that_names_no_record_of_the_batch_repeats_all_of_it() {
    for identifier in [json!("4711"), json!(""), json!(null)] {
        let mut world = World::new();
        let mut first = Some(json!({ "batchItemFailures": [{ "itemIdentifier": identifier }] }));
        world.answers(move |_| Answer::Json(first.take().unwrap_or(json!({ "batchItemFailures": [] }))));
        world.put(1..=10);
        world.map(processor(&json!({ "FunctionResponseTypes": ["ReportBatchItemFailures"] })));
        world.pass_all().await;
        assert_eq!(world.calls(), [(1..=10).collect::<Vec<_>>(), (1..=10).collect()], "{identifier}");
    }
}

/// The table of sums. For each unicorn and window it holds the partial sums in centimetres, each under the key that
/// identifies it.
type Sums = Arc<Mutex<BTreeMap<(u32, String), BTreeMap<String, u64>>>>;

/// A reading: the unicorn's number and the distance in centimetres.
fn reading(unicorn: u32, centimetres: u32) -> u32 {
    unicorn * 100_000 + centimetres
}
const SHADOWFAX: u32 = 1;
const ROCINANTE: u32 = 2;

/// Simulates the aggregator. `fails` is asked before anything is written at a window's end; `pad` is the number of bytes to
/// add to the state.
fn aggregate(world: &World, mut fails: impl FnMut() -> bool + Send + 'static, pad: usize) -> Sums {
    let sums = Sums::default();
    let table = Arc::clone(&sums);
    *world.cloud.windowed.lock() = Box::new(move |event, records| {
        let mut state = event["state"].clone();
        state.as_object_mut().unwrap().remove("padding");
        for (number, sequence) in records {
            let (name, distance) = ((number / 100_000).to_string(), u64::from(number % 100_000));
            let before = state[&name]["d"].as_u64().unwrap_or_default();
            let first = state[&name]["f"].as_str().unwrap_or(sequence).to_owned();
            state[&name] = json!({ "d": before + distance, "f": first });
        }
        let early = event["isWindowTerminatedEarly"] == true;
        if event["isFinalInvokeForWindow"] == true || early {
            if fails() {
                return Answer::Error;
            }
            let window = event["window"]["start"].as_str().unwrap();
            for (name, share) in state.as_object().unwrap() {
                let part = format!("{}#{}", event["shardId"].as_str().unwrap(), share["f"].as_str().unwrap());
                let key = (name.parse().unwrap(), window.to_owned());
                table.lock().entry(key).or_default().insert(part, share["d"].as_u64().unwrap());
            }
            state = json!({});
        } else if pad > 0 {
            state["padding"] = "x".repeat(pad * records.len()).into();
        }
        Answer::Json(json!({ "state": state, "batchItemFailures": [] }))
    });
    sums
}

/// Every item: the unicorn, and its distance rounded to whole metres, with halves rounded up.
fn items(sums: &Sums) -> Vec<(u32, u64)> {
    sums.lock().iter().map(|((name, _), parts)| (*name, (parts.values().sum::<u64>() + 50) / 100)).collect()
}

fn aggregator(more: &Value) -> Value {
    let mut options = json!({ "BatchSize": 100, "MaximumRetryAttempts": 2, "BisectBatchOnFunctionError": true,
        "TumblingWindowInSeconds": 60 });
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    options
}

fn finals(world: &World) -> usize {
    world.cloud.windows.lock().iter().filter(|event| event["isFinalInvokeForWindow"] == true).count()
}

#[tokio::test]
async fn w11_two_unicorns_in_one_minute_are_two_items() {
    let mut world = World::new();
    let sums = aggregate(&world, || false, 0);
    world.map(aggregator(&json!({})));
    world.put([reading(SHADOWFAX, 2950), reading(ROCINANTE, 3050), reading(SHADOWFAX, 3025)]);
    world.settle().await;
    world.put([reading(ROCINANTE, 2925), reading(SHADOWFAX, 3000)]);
    world.settle().await;
    assert_eq!(
        world.cloud.windows.lock()[1]["state"]["1"]["d"],
        5975,
        "the second batch receives the first one's state"
    );
    world.pass(Duration::from_secs(41)).await;
    assert_eq!(items(&sums), [(SHADOWFAX, 90), (ROCINANTE, 60)]);
    assert_eq!((world.calls().len(), finals(&world)), (3, 1));
}

#[tokio::test]
async fn w12_an_idle_window_is_written_and_an_empty_one_is_not() {
    let world = World::new();
    let sums = aggregate(&world, || false, 0);
    world.map(aggregator(&json!({})));
    world.put([reading(SHADOWFAX, 2950)]);
    // The window ends after forty seconds, and stays open for one more.
    world.pass(Duration::from_secs(41)).await;
    assert_eq!((items(&sums), finals(&world)), (vec![(SHADOWFAX, 30)], 1));
    world.pass(Duration::from_mins(10)).await;
    assert_eq!((items(&sums).len(), finals(&world)), (1, 1));
}

#[tokio::test]
async fn w13_two_shards_make_one_item() {
    let world = World::new();
    let sums = aggregate(&world, || false, 0);
    let other = world.cloud.kinesis.lock().add_shard("shard-1", &[], 9_000);
    world.map(aggregator(&json!({})));
    world.put([reading(SHADOWFAX, 2950)]);
    world.put_into(&other, [reading(SHADOWFAX, 3025)]);
    world.pass(Duration::from_secs(41)).await;
    assert_eq!((items(&sums), finals(&world)), (vec![(SHADOWFAX, 60)], 2));
}

#[tokio::test]
async fn w14_a_final_invocation_that_fails_twice_counts_once() {
    let world = World::new();
    let mut failures = 2;
    let failing = move || {
        failures -= 1;
        failures >= 0
    };
    let sums = aggregate(&world, failing, 0);
    world.map(aggregator(&json!({})));
    world.put([reading(SHADOWFAX, 2950), reading(SHADOWFAX, 3025)]);
    world.pass_all().await;
    assert_eq!((items(&sums), finals(&world)), (vec![(SHADOWFAX, 60)], 3));
}

#[tokio::test]
async fn w15_a_state_above_a_megabyte_ends_the_window_early_and_totals_stay_exact() {
    let world = World::new();
    let sums = aggregate(&world, || false, 600_000);
    world.map(aggregator(&json!({ "BatchSize": 2 })));
    world.put((0..7).map(|_| reading(SHADOWFAX, 3000)));
    world.pass_all().await;
    assert_eq!(items(&sums), [(SHADOWFAX, 210)]);
    let early =
        world.cloud.windows.lock().iter().filter(|event| event["isWindowTerminatedEarly"] == true).count();
    assert_eq!((early, finals(&world)), (3, 4));
}

#[tokio::test]
async fn w16_records_expire_while_their_function_is_paused() {
    let mut world = World::new();
    world.answers(|_| Answer::Throttle);
    world.put(1..=3);
    world.map(processor(&json!({ "MaximumRecordAgeInSeconds": 60, "MaximumBatchingWindowInSeconds": 0 })));
    world.pass(Duration::from_secs(30)).await;
    assert_eq!(world.sent().len(), 0);
    world.pass(Duration::from_secs(60)).await;
    let [(_, body)] = <[_; 1]>::try_from(world.sent()).unwrap();
    assert_eq!(body["requestContext"]["condition"], "RecordAgeExceeded");
    assert_eq!((body.get("responseContext"), &body["KinesisBatchInfo"]["batchSize"]), (None, &json!(3)));
}

#[tokio::test]
async fn w17_ten_batches_in_flight_keep_the_order_of_each_name() {
    let mut world = World::new();
    world.map(processor(&json!({ "ParallelizationFactor": 10, "MaximumBatchingWindowInSeconds": 0 })));
    // A record's name is its number divided by 100.
    for step in 0..30 {
        world.put((0..20).map(|name| name * 100 + step));
        world.settle().await;
    }
    world.pass_all().await;
    let mut by_name: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for number in world.calls().concat() {
        by_name.entry(number / 100).or_default().push(number % 100);
    }
    assert_eq!(by_name.len(), 20);
    assert!(by_name.values().all(|steps| steps.iter().copied().eq(0..30)), "{by_name:?}");
}
