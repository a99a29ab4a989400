//! The parallelization factor: several batches of a shard in flight, and the order of a key's records.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{fake::Answer, world::World};

/// Records of the keys 0 to 4: a record's key is its number divided by 100.
fn mixed() -> impl Iterator<Item = u32> {
    (0..10).flat_map(|n| (0..5).map(move |key| key * 100 + n))
}

#[tokio::test]
async fn keys_are_delivered_in_parallel_and_each_in_order() {
    let mut world = World::new();
    world.map(json!({ "ParallelizationFactor": 10, "BatchSize": 3 }));
    world.settle().await;
    world.hold(true);
    world.put(mixed());
    world.settle().await;
    assert_eq!(world.calls().len(), 5, "one batch of each key is in flight");
    world.hold(false);
    world.settle().await;
    world.put(mixed().map(|number| number + 10));
    world.settle().await;
    let mut by_key: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for number in world.calls().concat() {
        by_key.entry(number / 100).or_default().push(number % 100);
    }
    for (key, numbers) in by_key {
        assert_eq!(numbers, (3..20).collect::<Vec<_>>(), "key {key}");
    }
    assert_eq!(world.mappings.snapshot()[0].lag_records, 0);
}

#[tokio::test]
async fn a_key_that_fails_does_not_hold_up_the_others() {
    let mut world = World::new();
    world.answers(|records| {
        if records.iter().any(|(number, _)| *number / 100 == 2) {
            Answer::Error
        } else {
            Answer::Json(Value::Null)
        }
    });
    world.put(mixed());
    world.map(json!({ "ParallelizationFactor": 5 }));
    world.pass(Duration::from_secs(1)).await;
    let calls = world.calls();
    assert_eq!(calls.iter().filter(|batch| batch[0] / 100 != 2).count(), 4);
    assert_eq!(
        world.mappings.snapshot()[0].shards[0].checkpoint,
        "1002",
        "the shard keeps the records that the key still needs"
    );
}

#[tokio::test]
async fn changing_the_factor_loses_nothing_and_repeats_nothing() {
    let world = World::new();
    let stored: Arc<Mutex<Vec<u32>>> = Arc::default();
    let table = Arc::clone(&stored);
    let mut fails = true;
    world.answers(move |records| {
        let stuck = records.iter().any(|(number, _)| *number == 205) && std::mem::replace(&mut fails, false);
        if stuck {
            return Answer::Error;
        }
        table.lock().extend(records.iter().map(|(number, _)| *number));
        Answer::Json(Value::Null)
    });
    let uuid = world.map(json!({ "ParallelizationFactor": 4, "BatchSize": 2 }));
    world.put(mixed());
    world.settle().await;
    for factor in [1, 3, 10, 2] {
        world.update(&uuid, &json!({ "ParallelizationFactor": factor }));
        world.put(mixed().map(|number| number + 10 * (factor + 1)));
        world.settle().await;
        assert_eq!(world.show(&uuid)["ParallelizationFactor"], factor);
    }
    world.pass_all().await;
    let mut seen = stored.lock().clone();
    let mut expected: Vec<u32> = mixed().collect();
    for factor in [1, 3, 10, 2] {
        expected.extend(mixed().map(|number| number + 10 * (factor + 1)));
    }
    seen.sort_unstable();
    expected.sort_unstable();
    assert_eq!(seen, expected);
}
