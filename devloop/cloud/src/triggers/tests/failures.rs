//! What happens to records that the function fails on.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{
    fake::{Answer, DYNAMODB_ARN, KINESIS_ARN, QUEUE_ARN},
    world::World,
};

/// The records that the function stored.
type Table = Arc<Mutex<BTreeSet<u32>>>;

/// A function that stores good records and fails on bad ones: with an error for the whole batch before it stores anything,
/// or by naming the first bad record after it stored those before.
fn storing(
    table: &Table,
    bad: &'static [u32],
    checkpoint: bool,
) -> impl FnMut(&[(u32, String)]) -> Answer + use<> {
    let table = Arc::clone(table);
    move |records: &[(u32, String)]| {
        let failed = records.iter().position(|(number, _)| bad.contains(number));
        let good = match failed {
            None => records.len(),
            Some(index) if checkpoint => index,
            Some(_) => 0,
        };
        table.lock().extend(records[..good].iter().map(|(number, _)| *number));
        match failed {
            None => Answer::Json(json!({ "batchItemFailures": [] })),
            Some(index) if checkpoint => fails_from(&records[index].1),
            Some(_) => Answer::Error,
        }
    }
}

fn fails_from(sequence: &str) -> Answer {
    Answer::Json(json!({ "batchItemFailures": [{ "itemIdentifier": sequence }] }))
}

fn queue() -> Value {
    json!({ "OnFailure": { "Destination": QUEUE_ARN } })
}

#[tokio::test]
async fn poison_among_good_records_is_isolated_as_the_options_say() {
    let check = async |size: u32,
                       bad: &'static [u32],
                       bisect: bool,
                       checkpoint: bool,
                       invocations: usize,
                       stored: usize,
                       messages: &[(u64, u64)]| {
        let mut world = World::new();
        let table = Table::default();
        world.answers(storing(&table, bad, checkpoint));
        world.put(1..=size);
        let types: &[&str] = if checkpoint { &["ReportBatchItemFailures"] } else { &[] };
        world.map(json!({ "BatchSize": 10, "MaximumRetryAttempts": 2, "BisectBatchOnFunctionError": bisect,
                "DestinationConfig": queue(), "FunctionResponseTypes": types }));
        world.pass_all().await;
        let sent: Vec<(u64, u64)> = world
            .sent()
            .iter()
            .map(|(_, body)| {
                assert_eq!(body["requestContext"]["condition"], "RetryAttemptsExhausted");
                let number = |value: &Value| value.as_u64().unwrap();
                (
                    number(&body["KinesisBatchInfo"]["batchSize"]),
                    number(&body["requestContext"]["approximateInvokeCount"]),
                )
            })
            .collect();
        let story = (world.calls().len(), table.lock().len(), sent.as_slice());
        assert_eq!(
            story,
            (invocations, stored, messages),
            "{size} records, bad {bad:?}, bisect {bisect}, checkpoint {checkpoint}"
        );
    };
    let (throw, checkpoint) = (false, true);
    check(20, &[], true, throw, 2, 20, &[]).await;
    check(10, &[5, 10], false, throw, 3, 0, &[(10, 3)]).await;
    check(10, &[5, 10], true, throw, 19, 8, &[(1, 3), (1, 3)]).await;
    check(9, &[5], true, throw, 9, 8, &[(1, 3)]).await;
    check(9, &[5], false, checkpoint, 4, 4, &[(5, 3)]).await;
    check(9, &[5], true, checkpoint, 8, 8, &[(1, 3)]).await;
    check(10, &[5, 10], true, checkpoint, 11, 8, &[(1, 3), (1, 3)]).await;
    check(20, &[5, 10, 15, 20], true, checkpoint, 22, 16, &[(1, 3), (1, 3), (1, 3), (1, 3)]).await;
}

#[tokio::test]
async fn the_record_of_a_discarded_batch_locates_its_records() {
    let mut world = World::new();
    world.answers(|_| Answer::Error);
    world.put([1]);
    world.clock.advance(Duration::from_millis(1_500));
    world.put([2]);
    world.map(json!({ "MaximumRetryAttempts": 0, "DestinationConfig": queue() }));
    world.settle().await;
    let [(queue_arn, body)] = <[_; 1]>::try_from(world.sent()).unwrap();
    let mut expected = json!({
        "requestContext": { "requestId": body["requestContext"]["requestId"],
            "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:f",
            "condition": "RetryAttemptsExhausted", "approximateInvokeCount": 1 },
        "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
        "version": "1.0", "timestamp": "2023-11-14T22:13:21.500Z",
        "KinesisBatchInfo": { "shardId": "shard-0", "startSequenceNumber": "1000", "endSequenceNumber": "1001",
            "approximateArrivalOfFirstRecord": "2023-11-14T22:13:20.000Z",
            "approximateArrivalOfLastRecord": "2023-11-14T22:13:21.500Z", "batchSize": 2, "streamArn": KINESIS_ARN },
    });
    assert_eq!((queue_arn.as_str(), &body), (QUEUE_ARN, &expected));

    world.map(
        json!({ "EventSourceArn": DYNAMODB_ARN, "MaximumRetryAttempts": 0, "DestinationConfig": queue(),
        "FunctionResponseTypes": ["ReportBatchItemFailures"] }),
    );
    world.answers(|records| fails_from(&records[0].1));
    world.put_into(&world.cloud.dynamodb.shard(0), [3]);
    world.settle().await;
    let [(_, body)] = <[_; 1]>::try_from(world.sent()).unwrap();
    expected["requestContext"]["requestId"] = body["requestContext"]["requestId"].clone();
    expected["responseContext"]["functionError"] = Value::Null;
    expected.as_object_mut().unwrap().remove("KinesisBatchInfo");
    expected["DDBStreamBatchInfo"] = json!({ "shardId": "shard-0", "startSequenceNumber": "1000",
        "endSequenceNumber": "1000", "approximateArrivalOfFirstRecord": "2023-11-14T22:13:21Z",
        "approximateArrivalOfLastRecord": "2023-11-14T22:13:21Z", "batchSize": 1, "streamArn": DYNAMODB_ARN });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_temporary_failure_loses_nothing() {
    let mut world = World::new();
    let mut faults = 2;
    world.answers(move |_| {
        faults -= 1;
        if faults >= 0 { Answer::Error } else { Answer::Json(Value::Null) }
    });
    world.put(1..=3);
    let uuid = world.map(json!({ "MaximumRetryAttempts": 2, "DestinationConfig": queue() }));
    world.settle().await;
    assert_eq!(world.show(&uuid)["LastProcessingResult"], "PROBLEM: Function call failed");
    world.pass_all().await;
    assert_eq!(world.calls(), [[1, 2, 3]; 3]);
    assert_eq!(world.sent(), []);
    assert_eq!(world.show(&uuid)["LastProcessingResult"], "OK");
}

#[tokio::test]
async fn waits_between_tries_grow() {
    let mut world = World::new();
    world.answers(|_| Answer::Error);
    world.put([1]);
    world.map(json!({}));
    for ceiling_ms in [100, 200, 400, 800] {
        world.settle().await;
        assert_eq!(world.calls(), [[1]]);
        world.pass(Duration::from_millis(ceiling_ms * 3 / 4)).await;
        assert_eq!(world.calls(), [[0; 0]; 0], "not before four fifths of {ceiling_ms} ms");
        world.pass(Duration::from_millis(ceiling_ms / 4)).await;
    }
}

#[tokio::test]
async fn progress_resets_the_backoff() {
    let mut world = World::new();
    let mut tries = 0;
    world.answers(move |records| {
        tries += 1;
        fails_from(&records[usize::from(tries == 6)].1)
    });
    world.put(1..=2);
    world.map(json!({ "FunctionResponseTypes": ["ReportBatchItemFailures"] }));
    for _ in 0..5 {
        world.pass(Duration::from_secs(2)).await;
    }
    assert_eq!(world.calls()[5..], [vec![1, 2], vec![2]], "the sixth try made progress");
    world.pass(Duration::from_millis(100)).await;
    assert_eq!(world.calls(), [[2]]);
}

#[tokio::test]
async fn a_response_that_names_no_record_of_the_batch_fails_all_of_it() {
    for identifier in [json!(""), json!(null), json!("4711"), json!(7)] {
        let mut world = World::new();
        let answer = json!({ "batchItemFailures": [{ "itemIdentifier": identifier }] });
        let mut first = Some(Answer::Json(answer));
        world.answers(move |_| first.take().unwrap_or(Answer::Json(json!({}))));
        world.put(1..=3);
        world.map(json!({ "FunctionResponseTypes": ["ReportBatchItemFailures"] }));
        world.pass_all().await;
        assert_eq!(world.calls(), [[1, 2, 3]; 2], "{identifier}");
    }
}

#[tokio::test]
async fn without_the_response_type_the_response_is_ignored() {
    let mut world = World::new();
    world.answers(|records| fails_from(&records[0].1));
    world.put(1..=2);
    let uuid = world.map(json!({}));
    world.pass_all().await;
    assert_eq!(world.calls(), [[1, 2]]);
    let ignored = |world: &World| world.mappings.snapshot()[0].ignored_failures;
    assert_eq!(ignored(&world), 1);
    world.update(&uuid, &json!({ "FunctionResponseTypes": ["ReportBatchItemFailures"] }));
    assert_eq!(ignored(&world), 0, "the status points out what can still be mended");
}

#[tokio::test]
async fn throttles_use_no_retries_but_records_grow_old() {
    let mut world = World::new();
    world.answers(|_| Answer::Throttle);
    world.put([1, 2]);
    world.map(
        json!({ "MaximumRetryAttempts": 0, "MaximumRecordAgeInSeconds": 60, "DestinationConfig": queue() }),
    );
    world.pass(Duration::from_secs(50)).await;
    world.put([3]);
    assert!(world.calls().len() > 1 && world.sent().is_empty());
    world.answers(|_| Answer::Json(Value::Null));
    world.hold(true);
    world.pass(Duration::from_secs(11)).await;
    let [(_, body)] = <[_; 1]>::try_from(world.sent()).unwrap();
    assert_eq!(body["requestContext"]["condition"], "RecordAgeExceeded");
    assert_eq!(body["requestContext"]["approximateInvokeCount"], 1);
    assert_eq!(body.get("responseContext"), None);
    assert_eq!(body["KinesisBatchInfo"]["batchSize"], 2);
    world.hold(false);
    world.settle().await;
    assert_eq!(world.calls(), [[3]], "the lane continued with the younger records");
}

#[tokio::test]
async fn records_too_old_for_a_first_try_are_discarded_together() {
    let mut world = World::new();
    world.put([1, 2]);
    world.clock.advance(Duration::from_millis(1));
    world.put([3, 4]);
    world.clock.advance(Duration::from_mins(1));
    world.map(json!({ "MaximumRecordAgeInSeconds": 60, "DestinationConfig": queue() }));
    world.settle().await;
    let [(_, body)] = <[_; 1]>::try_from(world.sent()).unwrap();
    assert_eq!(body["KinesisBatchInfo"]["endSequenceNumber"], "1001");
    assert_eq!(world.calls(), [[3, 4]]);
}

#[tokio::test]
async fn records_that_the_stream_dropped_are_not_retried_for_ever() {
    let mut world = World::new();
    world.answers(|_| Answer::Error);
    world.put([1]);
    world.clock.advance(Duration::from_secs(1));
    world.put([2]);
    world.map(json!({ "DestinationConfig": queue() }));
    world.settle().await;
    assert_eq!(world.calls(), [[1, 2]]);
    world.shard().log.trim(world.clock.now_ms());
    world.pass(Duration::from_secs(1)).await;
    assert_eq!(world.calls(), [[2]]);
    let [(_, body)] = <[_; 1]>::try_from(world.sent()).unwrap();
    assert_eq!(
        (&body["requestContext"]["condition"], &body["KinesisBatchInfo"]["batchSize"]),
        (&json!("RecordAgeExceeded"), &json!(1))
    );
}

#[tokio::test]
async fn a_failing_queue_gets_its_message_later_and_once() {
    let mut world = World::new();
    world.answers(|records| if records[0].0 == 1 { Answer::Error } else { Answer::Json(Value::Null) });
    world.refuse(3);
    world.put([1, 2]);
    let uuid = world.map(json!({ "BatchSize": 1, "MaximumRetryAttempts": 0, "DestinationConfig": queue() }));
    world.settle().await;
    assert_eq!((world.calls(), world.sent()), (vec![vec![1]], vec![]));
    let status = world.mappings.snapshot();
    assert_eq!((status[0].lag_records, status[0].shards[0].checkpoint.as_str()), (2, "1000"));
    assert_eq!(world.show(&uuid)["LastProcessingResult"], "PROBLEM: On-failure destination call failed");
    world.pass_all().await;
    assert_eq!((world.calls(), world.sent().len()), (vec![vec![2]], 1));
}

#[tokio::test]
async fn without_a_destination_a_discarded_batch_unblocks_the_shard() {
    let mut world = World::new();
    world.answers(|records| if records[0].0 == 1 { Answer::Error } else { Answer::Json(Value::Null) });
    world.put([1, 2]);
    world.map(json!({ "BatchSize": 1, "MaximumRetryAttempts": 1 }));
    world.pass_all().await;
    assert_eq!((world.calls(), world.sent()), (vec![vec![1], vec![1], vec![2]], vec![]));
}

#[tokio::test]
async fn a_changed_function_is_retried_at_once() {
    let mut world = World::new();
    world.answers(|_| Answer::Error);
    world.put([1]);
    world.map(json!({}));
    world.pass(Duration::from_secs(10)).await;
    world.calls();
    world.mappings.nudge("g");
    world.settle().await;
    assert_eq!(world.calls(), [[0; 0]; 0], "a change of another function has no effect");
    world.answers(|_| Answer::Json(Value::Null));
    world.mappings.nudge("arn:aws:lambda:us-east-1:000000000000:function:f");
    world.settle().await;
    assert_eq!(world.calls(), [[1]]);
}

#[tokio::test]
async fn a_change_before_a_try_does_not_shorten_the_wait_after_it() {
    let mut world = World::new();
    world.answers(|_| Answer::Error);
    world.map(json!({}));
    world.settle().await;
    world.mappings.nudge("f");
    world.put([1]);
    world.settle().await;
    assert_eq!((world.calls(), world.clock.sleepers()), (vec![vec![1]], 1));
}

#[tokio::test]
async fn a_function_that_changes_during_a_failing_try_is_retried_at_once() {
    let mut world = World::new();
    let mut first = Some(Answer::Error);
    world.answers(move |_| first.take().unwrap_or(Answer::Json(Value::Null)));
    world.hold(true);
    world.put([1]);
    world.map(json!({}));
    world.settle().await;
    world.mappings.nudge("f");
    world.hold(false);
    world.settle().await;
    assert_eq!(world.calls(), [[1], [1]]);
}
