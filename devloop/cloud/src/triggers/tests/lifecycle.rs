//! Update, disable, enable, delete and stop, with records in flight.

use std::{sync::Arc, time::Duration};

use hyper::Method;
use serde_json::{Value, json};

use super::{
    fake::{Answer, FakeStream, KINESIS_ARN},
    world::World,
};
use crate::triggers::mapping::State;

#[tokio::test]
async fn disabling_finishes_the_batch_in_flight_and_enabling_continues_after_it() {
    let mut world = World::new();
    let uuid = world.map(json!({ "BatchSize": 2 }));
    world.hold(true);
    world.put(1..=3);
    world.settle().await;
    assert_eq!(world.update(&uuid, &json!({ "Enabled": false }))["State"], "Disabling");
    world.settle().await;
    assert_eq!(world.show(&uuid)["State"], "Disabling", "a batch is in flight");
    world.hold(false);
    world.settle().await;
    assert_eq!(world.show(&uuid)["State"], "Disabled");
    world.put([4]);
    world.settle().await;
    assert_eq!(world.calls(), [[1, 2]]);
    assert_eq!(world.update(&uuid, &json!({ "Enabled": true }))["State"], "Enabling");
    world.settle().await;
    assert_eq!(world.show(&uuid)["State"], "Enabled");
    assert_eq!(world.calls(), [[3, 4]]);
}

#[tokio::test]
async fn disabling_ends_a_backoff_and_keeps_the_failed_batch() {
    let mut world = World::new();
    world.answers(|records| {
        let bad = records.iter().find(|(number, _)| *number == 2);
        let failures = bad.map(|(_, sequence)| json!({ "itemIdentifier": sequence }));
        Answer::Json(json!({ "batchItemFailures": Vec::from_iter(failures) }))
    });
    world.put(1..=3);
    let uuid = world.map(json!({ "FunctionResponseTypes": ["ReportBatchItemFailures"] }));
    world.settle().await;
    assert_eq!(world.calls(), [vec![1, 2, 3], vec![2, 3]]);
    world.update(&uuid, &json!({ "Enabled": false }));
    world.settle().await;
    assert_eq!(world.show(&uuid)["State"], "Disabled");
    world.answers(|_| Answer::Json(Value::Null));
    world.update(&uuid, &json!({ "Enabled": true }));
    world.settle().await;
    assert_eq!(world.calls(), [[2, 3]]);
}

#[tokio::test]
async fn a_mapping_created_disabled_keeps_its_starting_point() {
    let mut world = World::new();
    world.put([1]);
    let uuid = world.map(json!({ "StartingPosition": "LATEST", "Enabled": false }));
    world.put([2]);
    world.settle().await;
    assert_eq!((world.show(&uuid)["State"].clone(), world.calls()), (json!("Disabled"), vec![]));
    world.update(&uuid, &json!({ "Enabled": true }));
    world.settle().await;
    assert_eq!(world.calls(), [[2]]);
}

#[tokio::test]
async fn an_update_takes_effect_without_moving_the_checkpoint() {
    let mut world = World::new();
    let uuid = world.map(json!({ "BatchSize": 100, "MaximumBatchingWindowInSeconds": 300 }));
    world.put(1..=3);
    world.settle().await;
    assert_eq!(world.calls(), [[0; 0]; 0]);
    let answer = world.update(&uuid, &json!({ "MaximumBatchingWindowInSeconds": 0, "FunctionName": "g" }));
    assert_eq!(answer["State"], "Updating");
    world.settle().await;
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:g";
    assert_eq!(world.calls_by_function(), [(arn.to_owned(), vec![1, 2, 3])]);
    let shown = world.show(&uuid);
    assert_eq!((&shown["State"], &shown["FunctionArn"]), (&json!("Enabled"), &json!(arn)));
    world.update(&uuid, &json!({ "BatchSize": 2 }));
    world.put(4..=6);
    world.settle().await;
    assert_eq!(world.calls(), [vec![4, 5], vec![6]]);
}

#[tokio::test]
async fn an_old_plan_does_not_settle_the_state_of_a_new_one() {
    let world = World::new();
    let uuid = world.map(json!({}));
    world.settle().await;
    let mapping = world.mappings.get(&world.cx, &uuid).unwrap();
    let old = mapping.plan();
    world.update(&uuid, &json!({ "BatchSize": 2 }));
    mapping.settle(&old, State::Enabled);
    assert_eq!(world.show(&uuid)["State"], "Updating");
    world.settle().await;
    assert_eq!(world.show(&uuid)["State"], "Enabled");
}

#[tokio::test]
async fn an_update_to_fewer_retries_ends_the_retries() {
    let mut world = World::new();
    world.answers(|_| Answer::Error);
    world.put([1]);
    let uuid = world.map(json!({}));
    world.pass(Duration::from_secs(1)).await;
    assert_eq!(world.calls(), [[1], [1]]);
    world.update(&uuid, &json!({ "MaximumRetryAttempts": 1 }));
    world.settle().await;
    assert_eq!((world.calls(), world.clock.sleepers()), (vec![vec![1]], 0));
    assert_eq!(world.mappings.snapshot()[0].lag_records, 0);
}

#[tokio::test]
async fn deleting_ends_delivery_at_once() {
    let mut world = World::new();
    let uuid = world.map(json!({}));
    world.hold(true);
    world.put([1]);
    world.settle().await;
    let (status, document) = world.request(Method::DELETE, &format!("/{uuid}"), &json!(null)).unwrap();
    assert_eq!((status, &document["State"]), (202, &json!("Deleting")));
    world.hold(false);
    world.put([2]);
    world.settle().await;
    assert_eq!(world.calls(), [[1]]);
    let gone = world.request(Method::GET, &format!("/{uuid}"), &json!(null)).unwrap_err();
    assert_eq!((gone.status, gone.code.as_ref()), (404, "ResourceNotFoundException"));
    assert_eq!(Arc::strong_count(&world.cloud), 2, "no task keeps the cloud alive");
}

#[tokio::test]
async fn stopping_ends_every_task_without_waiting_for_invocations() {
    let mut world = World::new();
    world.map(json!({}));
    world.map(json!({ "FunctionName": "g" }));
    world.hold(true);
    world.put([1]);
    world.settle().await;
    assert_eq!(world.calls().len(), 2);
    world.mappings.stop().await;
    world.hold(false);
    world.put([2]);
    world.settle().await;
    assert_eq!(world.calls(), [[0; 0]; 0]);
    assert_eq!(world.mappings.snapshot()[0].lag_records, 2);
    assert_eq!(Arc::strong_count(&world.cloud), 2);
}

#[tokio::test]
async fn dropping_the_mappings_ends_their_tasks() {
    let world = World::new();
    world.map(json!({}));
    world.settle().await;
    let cloud = Arc::clone(&world.cloud);
    drop(world);
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(Arc::strong_count(&cloud), 1);
}

#[tokio::test]
async fn a_deleted_stream_disables_its_mapping_and_its_successor_can_be_mapped() {
    let mut world = World::new();
    world.answers(|_| Answer::Error);
    let uuid = world.map(json!({}));
    world.put([1]);
    world.settle().await;
    world.calls();
    world.cloud.kinesis.lock().delete();
    world.pass_all().await;
    let shown = world.show(&uuid);
    assert_eq!(
        (&shown["State"], &shown["LastProcessingResult"]),
        (&json!("Disabled"), &json!("PROBLEM: Stream not found"))
    );
    assert_eq!(world.calls(), [[0; 0]; 0]);
    let refused = world.request(Method::PUT, &format!("/{uuid}"), &json!({ "Enabled": true }));
    assert_eq!(refused.unwrap_err().message, format!("Stream not found: {KINESIS_ARN}"));
    *world.cloud.kinesis.lock() = Arc::new(FakeStream::new(KINESIS_ARN));
    world.answers(|_| Answer::Json(Value::Null));
    world.put([2]);
    world.update(&uuid, &json!({ "Enabled": true }));
    world.settle().await;
    assert_eq!(world.calls(), [[2]]);
    assert_eq!(world.show(&uuid)["State"], "Enabled");
}
