//! Which records reach the function.

use std::time::Duration;

use serde_json::{Value, json};

use super::world::World;

fn only(patterns: &[Value]) -> Value {
    let filters: Vec<Value> =
        patterns.iter().map(|pattern| json!({ "Pattern": pattern.to_string() })).collect();
    json!({ "Filters": filters })
}

#[tokio::test]
async fn records_that_match_no_filter_are_settled_without_an_invocation() {
    let mut world = World::new();
    let uuid = world.map(json!({ "FilterCriteria": only(&[json!({ "n": [{ "numeric": [">", 10] }] })]) }));
    world.put(1..=5);
    world.settle().await;
    assert_eq!(world.calls(), [[0; 0]; 0]);
    let status = world.mappings.snapshot();
    let shard = &status[0].shards[0];
    assert_eq!((status[0].lag_records, shard.filtered, shard.checkpoint.as_str()), (0, 5, "1005"));
    world.put([6, 11, 7, 12]);
    world.settle().await;
    assert_eq!(world.calls(), [[11, 12]]);
    let shown = world.show(&uuid)["FilterCriteria"].clone();
    assert_eq!(shown, only(&[json!({ "n": [{ "numeric": [">", 10] }] })]));
}

#[tokio::test]
async fn one_matching_filter_of_several_is_enough() {
    let mut world = World::new();
    world.put(1..=4);
    world.map(json!({ "FilterCriteria": only(&[json!({ "n": [1] }), json!({ "n": [3] })]) }));
    world.settle().await;
    assert_eq!(world.calls(), [[1, 3]]);
}

#[tokio::test]
async fn the_batch_size_counts_delivered_records() {
    let mut world = World::new();
    world.put(1..=40);
    let even: Vec<u32> = (1..=20).map(|half| half * 2).collect();
    world.map(json!({ "BatchSize": 10, "FilterCriteria": only(&[json!({ "n": even })]) }));
    world.settle().await;
    assert_eq!(world.calls(), [even[..10].to_vec(), even[10..].to_vec()]);
}

#[tokio::test]
async fn filters_can_be_changed_and_removed() {
    let mut world = World::new();
    let uuid = world.map(json!({ "FilterCriteria": only(&[json!({ "n": [1] })]) }));
    world.put(1..=2);
    world.settle().await;
    world.update(&uuid, &json!({ "FilterCriteria": only(&[json!({ "n": [4] })]) }));
    world.put(3..=4);
    world.settle().await;
    world.update(&uuid, &json!({ "FilterCriteria": {} }));
    world.put(5..=6);
    world.pass(Duration::from_secs(1)).await;
    assert_eq!(world.calls(), [vec![1], vec![4], vec![5, 6]]);
    assert_eq!(world.show(&uuid).get("FilterCriteria"), None);
}
