//! Property tests of three kinds: random histories are compared with a small model. There are ten thousand of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    fake::{Answer, QUEUE_ARN},
    world::World,
};

/// The options that affect how a batch is processed.
#[derive(Debug, Clone)]
struct Rules {
    batch_size: usize,
    retries: usize,
    bisect: bool,
    checkpoint: bool,
}

fn rules() -> impl Strategy<Value = Rules> {
    (1_usize..6, 0_usize..3, any::<bool>(), any::<bool>()).prop_map(
        |(batch_size, retries, bisect, checkpoint)| Rules { batch_size, retries, bisect, checkpoint },
    )
}

impl Rules {
    fn options(&self) -> Value {
        let types: &[&str] = if self.checkpoint { &["ReportBatchItemFailures"] } else { &[] };
        json!({ "BatchSize": self.batch_size, "MaximumRetryAttempts": self.retries,
            "BisectBatchOnFunctionError": self.bisect, "FunctionResponseTypes": types,
            "DestinationConfig": { "OnFailure": { "Destination": QUEUE_ARN } } })
    }

    fn over(&self, more: &Value) -> Value {
        let mut options = self.options();
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        options
    }
}

/// What happens to a batch, computed by recursion.
#[derive(Debug, Default, PartialEq, Eq)]
struct Model {
    calls: Vec<Vec<u32>>,
    stored: Vec<u32>,
    discarded: Vec<Vec<u32>>,
}

impl Model {
    fn settle(&mut self, records: &[u32], bad: &BTreeSet<u32>, rules: &Rules) {
        for _ in 0..=rules.retries {
            self.calls.push(records.to_vec());
            let Some(first) = records.iter().position(|record| bad.contains(record)) else {
                self.stored.extend(records);
                return;
            };
            if rules.checkpoint && first > 0 {
                self.stored.extend(&records[..first]);
                return self.settle(&records[first..], bad, rules);
            }
            if rules.bisect && records.len() > 1 {
                let (left, right) = records.split_at(records.len() / 2);
                self.settle(left, bad, rules);
                return self.settle(right, bad, rules);
            }
        }
        self.discarded.push(records.to_vec());
    }
}

/// The records that the function stored, in order.
type Stored = Arc<Mutex<Vec<u32>>>;

/// A function that stores good records and fails as the rules say.
fn storing(world: &World, bad: BTreeSet<u32>, checkpoint: bool) -> Stored {
    let stored = Stored::default();
    let table = Arc::clone(&stored);
    world.answers(move |records| {
        let failed = records.iter().position(|(number, _)| bad.contains(number));
        let good = match failed {
            None => records.len(),
            Some(first) if checkpoint => first,
            Some(_) => 0,
        };
        table.lock().extend(records[..good].iter().map(|(number, _)| *number));
        match failed {
            Some(_) if !checkpoint => Answer::Error,
            failed => {
                let failures: Vec<Value> =
                    failed.iter().map(|at| json!({ "itemIdentifier": records[*at].1 })).collect();
                Answer::Json(json!({ "batchItemFailures": failures }))
            }
        }
    });
    stored
}

fn run(story: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(story);
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn a_lane_invokes_the_function_as_the_model_does(
        size in 1_u32..14,
        bad in prop::collection::btree_set(0_u32..14, 0..4),
        rules in rules(),
        only_even in any::<bool>(),
    ) {
        run(async move {
            let mut world = World::new();
            let stored = storing(&world, bad.clone(), rules.checkpoint);
            world.put(0..size);
            let even: Vec<u32> = (0..14).step_by(2).collect();
            let filter = json!({ "FilterCriteria": { "Filters": [{ "Pattern": json!({ "n": even }).to_string() }] } });
            world.map(rules.over(&if only_even { filter } else { json!({}) }));
            world.pass_all().await;
            let records: Vec<u32> = (0..size).filter(|number| !only_even || number % 2 == 0).collect();
            let mut model = Model::default();
            records.chunks(rules.batch_size).for_each(|batch| model.settle(batch, &bad, &rules));
            let sent = world.sent();
            let discarded = sent.iter().map(|(_, body)| {
                let number = |name: &str| {
                    body["KinesisBatchInfo"][name].as_str().unwrap().parse::<u32>().unwrap() - 1_000
                };
                let (first, last) = (number("startSequenceNumber"), number("endSequenceNumber"));
                records.iter().copied().filter(|record| (first..=last).contains(record)).collect()
            });
            let seen = Model { discarded: discarded.collect(), calls: world.calls(), stored: stored.lock().clone() };
            assert_eq!(seen, model);
        });
    }
}

/// One thing that happens to a mapping.
#[derive(Debug, Clone)]
enum Step {
    /// Puts this many records of each of five keys.
    Put(u32),
    /// Lets this many seconds pass.
    Pass(u64),
    Factor(u32),
    BatchSize(u32),
    Pause,
    Resume,
    NewCode,
    /// Closes the open shard, which gets a child.
    Split,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u32..4).prop_map(Step::Put),
        2 => (0_u64..30).prop_map(Step::Pass),
        1 => (1_u32..6).prop_map(Step::Factor),
        1 => (1_u32..6).prop_map(Step::BatchSize),
        1 => Just(Step::Pause),
        1 => Just(Step::Resume),
        1 => Just(Step::NewCode),
        1 => Just(Step::Split),
    ]
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn every_record_is_stored_or_discarded_once_and_keys_keep_their_order(
        steps in prop::collection::vec(step(), 1..12),
        bad in prop::collection::btree_set(0_u32..40, 0..4),
        rules in rules(),
    ) {
        run(async move {
            let mut world = World::new();
            let bad: BTreeSet<u32> = bad.into_iter().map(|index| index % 5 * 100 + index / 5).collect();
            let stored = storing(&world, bad.clone(), rules.checkpoint);
            let uuid = world.map(rules.options());
            let stream = world.cloud.kinesis.lock().clone();
            let (mut shards, mut next) = (1, 0);
            for step in steps {
                match step {
                    Step::Put(count) => {
                        for number in next..next + count {
                            world.put_into(&stream.shard(shards - 1), (0..5).map(|key| key * 100 + number));
                        }
                        next += count;
                    }
                    Step::Pass(seconds) => world.pass(Duration::from_secs(seconds)).await,
                    Step::Factor(factor) => drop(world.update(&uuid, &json!({ "ParallelizationFactor": factor }))),
                    Step::BatchSize(size) => drop(world.update(&uuid, &json!({ "BatchSize": size }))),
                    Step::Pause => drop(world.update(&uuid, &json!({ "Enabled": false }))),
                    Step::Resume => drop(world.update(&uuid, &json!({ "Enabled": true }))),
                    Step::NewCode => world.mappings.nudge("f"),
                    Step::Split => {
                        let parent = format!("shard-{}", shards - 1);
                        stream.shard(shards - 1).log.close();
                        stream.add_shard(&format!("shard-{shards}"), &[&parent], 1_000 * (shards as u128 + 1));
                        shards += 1;
                    }
                }
            }
            world.update(&uuid, &json!({ "Enabled": true }));
            world.pass_all().await;
            let stored = stored.lock().clone();
            let discarded: u64 = world.mappings.snapshot()[0].shards.iter().map(|shard| shard.discarded).sum();
            let told: u64 = world
                .sent()
                .iter()
                .map(|(_, body)| body["KinesisBatchInfo"]["batchSize"].as_u64().unwrap())
                .sum();
            assert_eq!(discarded, told, "each discarded record is in one message");
            assert_eq!(stored.len() as u64 + discarded, u64::from(next) * 5, "no record is lost or delivered again");
            let unique: BTreeSet<&u32> = stored.iter().collect();
            assert_eq!(unique.len(), stored.len());
            assert!(stored.iter().all(|number| !bad.contains(number)));
            let mut last: BTreeMap<u32, u32> = BTreeMap::new();
            for number in &stored {
                let before = last.insert(number / 100, *number);
                assert!(before < Some(*number), "{before:?} before {number}");
            }
            assert_eq!(world.mappings.snapshot()[0].lag_records, 0);
        });
    }
}

/// Records that arrive after some seconds, in windows of a minute.
#[derive(Debug, Clone)]
enum Moment {
    Put(u32),
    Pass(u64),
    Pause,
    Resume,
    Split,
}

fn moment() -> impl Strategy<Value = Moment> {
    prop_oneof![
        5 => (1_u32..50).prop_map(Moment::Put),
        3 => (1_u64..50).prop_map(Moment::Pass),
        1 => Just(Moment::Pause),
        1 => Just(Moment::Resume),
        1 => Just(Moment::Split),
    ]
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn every_record_counts_once_in_its_window_despite_failures(
        moments in prop::collection::vec(moment(), 1..16),
        batch_size in 1_u32..5,
        bisect in any::<bool>(),
        fails in prop::collection::vec(any::<bool>(), 0..20),
    ) {
        run(async move {
            let world = World::new();
            let sums: Arc<Mutex<BTreeMap<String, u64>>> = Arc::default();
            let written = Arc::clone(&sums);
            let mut fails = fails.into_iter();
            *world.cloud.windowed.lock() = Box::new(move |event, records| {
                if fails.next().unwrap_or(false) {
                    return Answer::Error;
                }
                let before = event["state"]["sum"].as_u64().unwrap_or_default();
                let sum = before + records.iter().map(|(number, _)| u64::from(*number)).sum::<u64>();
                if event["isFinalInvokeForWindow"] == true {
                    let window = event["window"]["start"].as_str().unwrap().to_owned();
                    *written.lock().entry(window).or_default() += sum;
                }
                Answer::Json(json!({ "state": { "sum": sum } }))
            });
            let uuid = world.map(json!({ "TumblingWindowInSeconds": 60, "BatchSize": batch_size,
                "BisectBatchOnFunctionError": bisect }));
            let stream = world.cloud.kinesis.lock().clone();
            let mut shards = 1;
            let mut expected: BTreeMap<String, u64> = BTreeMap::new();
            for moment in moments {
                match moment {
                    Moment::Put(number) => {
                        let now_ms = world.clock.now_ms();
                        let window = crate::wire::iso(now_ms - now_ms.rem_euclid(60_000)).replace(".000Z", "Z");
                        *expected.entry(window).or_default() += u64::from(number);
                        world.put_into(&stream.shard(shards - 1), [number]);
                    }
                    Moment::Pass(seconds) => world.pass(Duration::from_secs(seconds)).await,
                    Moment::Pause => drop(world.update(&uuid, &json!({ "Enabled": false }))),
                    Moment::Resume => drop(world.update(&uuid, &json!({ "Enabled": true }))),
                    Moment::Split => {
                        let parent = format!("shard-{}", shards - 1);
                        stream.shard(shards - 1).log.close();
                        stream.add_shard(&format!("shard-{shards}"), &[&parent], 1_000 * (shards as u128 + 1));
                        shards += 1;
                    }
                }
            }
            world.update(&uuid, &json!({ "Enabled": true }));
            world.pass_all().await;
            assert_eq!(*sums.lock(), expected);
        });
    }
}
