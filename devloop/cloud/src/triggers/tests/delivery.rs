//! Which records form a batch, when the batch is delivered, and where reading begins.

use std::{sync::atomic::Ordering, time::Duration};

use hyper::Method;
use serde_json::json;

use super::{
    fake::{Answer, DYNAMODB_ARN, KINESIS_ARN, QUEUE_ARN},
    world::{START_MS, World},
};

#[tokio::test]
async fn a_put_wakes_the_lane_and_an_idle_lane_uses_no_timer() {
    let mut world = World::new();
    world.map(json!({}));
    world.settle().await;
    assert_eq!((world.calls(), world.clock.sleepers()), (vec![], 0));
    world.put([1]);
    world.settle().await;
    assert_eq!((world.calls(), world.clock.sleepers()), (vec![vec![1]], 0));
}

#[tokio::test]
async fn a_backlog_is_cut_into_batches_in_order() {
    let mut world = World::new();
    world.put(1..=25);
    world.map(json!({ "BatchSize": 10 }));
    world.settle().await;
    assert_eq!(world.calls(), [(1..=10).collect::<Vec<_>>(), (11..=20).collect(), (21..=25).collect()]);
}

#[tokio::test]
async fn a_window_gathers_until_it_closes_or_the_batch_is_full() {
    let mut world = World::new();
    world.map(json!({ "BatchSize": 3, "MaximumBatchingWindowInSeconds": 30 }));
    world.settle().await;
    world.pass(Duration::from_secs(100)).await;
    world.put([1]);
    world.pass(Duration::from_millis(29_999)).await;
    world.put([2]);
    world.settle().await;
    assert_eq!(world.calls(), [[0_u32; 0]; 0], "the window opened with the first record");
    world.pass(Duration::from_millis(1)).await;
    assert_eq!(world.calls(), [[1, 2]]);
    world.put([3, 4, 5, 6]);
    world.settle().await;
    assert_eq!(world.calls(), [[3, 4, 5]], "a full batch does not wait");
    world.pass(Duration::from_secs(30)).await;
    assert_eq!(world.calls(), [[6]]);
}

#[tokio::test]
async fn an_event_stays_below_six_megabytes() {
    let mut world = World::new();
    world.shard().padding.store(2_500_000, Ordering::Release);
    world.put(1..=5);
    world.map(json!({ "MaximumBatchingWindowInSeconds": 300 }));
    world.settle().await;
    assert_eq!(world.calls(), [[1, 2], [3, 4]], "a full payload does not wait for its window");
    world.pass(Duration::from_mins(5)).await;
    assert_eq!(world.calls(), [[5]]);
}

#[tokio::test]
async fn one_batch_of_a_shard_is_in_flight_at_a_time() {
    let mut world = World::new();
    let other = world.cloud.kinesis.lock().add_shard("shard-1", &[], 5_000);
    world.map(json!({ "BatchSize": 1 }));
    world.hold(true);
    world.put([1, 2]);
    world.put_into(&other, [11, 12]);
    world.settle().await;
    let mut calls = world.calls();
    calls.sort();
    assert_eq!(calls, [[1], [11]], "shards do not wait for each other");
    world.hold(false);
    world.settle().await;
    assert_eq!(world.calls().len(), 2);
}

#[tokio::test]
async fn reading_begins_at_the_starting_position() {
    let check = async |options, expected: &[u32]| {
        let mut world = World::new();
        world.put([1, 2]);
        world.clock.advance(Duration::from_secs(10));
        world.put([3]);
        world.map(options);
        // No task of the mapping has run yet: the starting point was fixed before the response.
        world.put([4]);
        world.settle().await;
        assert_eq!(world.calls().concat(), expected);
    };
    check(json!({ "StartingPosition": "TRIM_HORIZON" }), &[1, 2, 3, 4]).await;
    check(json!({ "StartingPosition": "LATEST" }), &[4]).await;
    let at = (START_MS / 1000) + 5;
    check(json!({ "StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": at }), &[3, 4]).await;
}

#[tokio::test]
async fn child_shards_are_read_after_their_parents() {
    let mut world = World::new();
    world.map(json!({ "StartingPosition": "LATEST" }));
    world.hold(true);
    world.put([1]);
    world.settle().await;
    world.put([2]);
    let stream = world.cloud.kinesis.lock().clone();
    stream.shard(0).log.close();
    let left = stream.add_shard("shard-1", &["shard-0"], 5_000);
    let right = stream.add_shard("shard-2", &["shard-0"], 6_000);
    let merged = stream.add_shard("shard-3", &["shard-1", "shard-2"], 7_000);
    world.put_into(&left, [11]);
    world.put_into(&right, [21]);
    world.put_into(&merged, [31]);
    left.log.close();
    world.settle().await;
    assert_eq!(world.calls(), [[1]]);
    world.hold(false);
    world.settle().await;
    let mut calls = world.calls();
    assert_eq!(calls[0], [2], "the parent is read to its end first");
    calls.sort();
    assert_eq!(calls, [[2], [11], [21]], "the merged shard waits for both of its parents");
    right.log.close();
    world.settle().await;
    assert_eq!(world.calls(), [[31]]);
}

#[tokio::test]
async fn mappings_read_one_stream_independently_and_table_streams_too() {
    let mut world = World::new();
    world.map(json!({}));
    world.map(json!({ "FunctionName": "g", "BatchSize": 1 }));
    world.map(json!({ "EventSourceArn": DYNAMODB_ARN }));
    world.put([1, 2]);
    world.put_into(&world.cloud.dynamodb.shard(0), [9]);
    world.settle().await;
    let mut calls = world.calls_by_function();
    calls.sort();
    let arn = |name: &str| format!("arn:aws:lambda:us-east-1:000000000000:function:{name}");
    assert_eq!(
        calls,
        [(arn("f"), vec![1, 2]), (arn("f"), vec![9]), (arn("g"), vec![1]), (arn("g"), vec![2])]
    );
}

#[tokio::test]
async fn the_iterator_age_is_that_of_the_last_record_at_delivery() {
    let world = World::new();
    world.put([1]);
    world.clock.advance(Duration::from_secs(3));
    world.put([2]);
    world.clock.advance(Duration::from_millis(250));
    world.map(json!({}));
    world.settle().await;
    assert_eq!(*world.cloud.ages.lock(), [("f".to_owned(), 250)]);
}

#[tokio::test]
async fn the_status_shows_how_far_each_shard_is_behind() {
    let mut world = World::new();
    let uuid = world.map(json!({ "BatchSize": 2 }));
    world.put([1, 2]);
    world.settle().await;
    world.hold(true);
    world.put([3, 4, 5]);
    world.pass(Duration::from_secs(7)).await;
    assert_eq!(world.calls(), [[1, 2], [3, 4]]);
    let status = serde_json::to_value(world.mappings.snapshot()).unwrap();
    let expected = json!([{
        "uuid": uuid, "function": "f", "source": KINESIS_ARN, "state": "Enabled", "last_result": "OK",
        "ignored_failures": 0, "lag_records": 3, "oldest_unprocessed_ms": 7_000,
        "shards": [{ "id": "shard-0", "checkpoint": "1002", "lag_records": 3, "oldest_unprocessed_ms": 7_000,
            "finished": false, "in_flight": 2, "retried": 0, "bisected": 0, "checkpointed": 0, "discarded": 0,
            "filtered": 0, "window": null }],
    }]);
    assert_eq!(status, expected);
    let (_, document) = world.request(Method::GET, &format!("/{uuid}"), &json!(null)).unwrap();
    assert_eq!(document["LastProcessingResult"], "OK");
}

#[tokio::test]
async fn a_stream_consumer_can_be_mapped_and_its_failure_records_name_the_stream() {
    let mut world = World::new();
    let consumer = format!("{KINESIS_ARN}/consumer/reader:1");
    world.answers(|_| Answer::Error);
    world.put([1]);
    let destination = json!({ "OnFailure": { "Destination": QUEUE_ARN } });
    let uuid = world.map(json!({ "EventSourceArn": consumer, "MaximumRetryAttempts": 0,
        "DestinationConfig": destination }));
    world.settle().await;
    assert_eq!(world.calls(), [[1]]);
    assert_eq!(world.show(&uuid)["EventSourceArn"], consumer);
    assert_eq!(world.sent()[0].1["KinesisBatchInfo"]["streamArn"], KINESIS_ARN);
    let body = json!({ "EventSourceArn": format!("{KINESIS_ARN}/consumer/nobody:1"), "FunctionName": "f",
        "StartingPosition": "LATEST" });
    let refused = world.request(Method::POST, "", &body).unwrap_err();
    assert_eq!(refused.code, "InvalidParameterValueException");
}
