//! Tests of message move tasks, and of redrive allow policies.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ARN, DEAD_ARN, DEAD_URL, Fixture, START_MS, URL};

/// A service whose queue `q` moves messages after one receive, and whose dead-letter queue has these messages.
async fn with_dead(bodies: &[&str]) -> Fixture {
    let redrive = json!({ "deadLetterTargetArn": DEAD_ARN, "maxReceiveCount": 1 }).to_string();
    let fixture = Fixture::with(json!({ "RedrivePolicy": redrive, "VisibilityTimeout": "1" })).await;
    for body in bodies {
        fixture.send(body).await;
    }
    assert_eq!(fixture.receive(json!({})).await.len(), bodies.len());
    fixture.pass(1);
    assert_eq!(fixture.receive(json!({})).await.len(), 0);
    fixture
}

async fn listed(fixture: &Fixture) -> Vec<Value> {
    let input = json!({ "SourceArn": DEAD_ARN, "MaxResults": 10 });
    fixture.ok("ListMessageMoveTasks", input).await["Results"].as_array().unwrap().clone()
}

/// Waits until the newest task has this status.
async fn until(fixture: &Fixture, status: &str) -> Value {
    loop {
        let newest = listed(fixture).await.remove(0);
        if newest["Status"] == status {
            return newest;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn two_queues_that_are_each_others_dead_letter_queue_lose_nothing() {
    let fixture = with_dead(&["a"]).await;
    let redrive = json!({ "deadLetterTargetArn": ARN, "maxReceiveCount": 1 }).to_string();
    let attributes = json!({ "RedrivePolicy": redrive, "VisibilityTimeout": "1" });
    fixture.ok("SetQueueAttributes", json!({ "QueueUrl": DEAD_URL, "Attributes": attributes })).await;
    for (here, there) in [(DEAD_URL, URL), (URL, DEAD_URL), (DEAD_URL, URL)] {
        assert_eq!(fixture.bodies(json!({ "QueueUrl": here })).await, ["a"]);
        fixture.pass(1);
        assert_eq!(fixture.bodies(json!({ "QueueUrl": here })).await, super::NOTHING);
        let counts =
            fixture.ok("GetQueueAttributes", json!({ "QueueUrl": there, "AttributeNames": ["All"] })).await;
        assert_eq!(counts["Attributes"]["ApproximateNumberOfMessages"], "1");
    }
}

#[tokio::test]
async fn dead_letters_return_to_their_source_queue_as_new_messages() {
    let fixture = with_dead(&["a", "b"]).await;
    fixture.ok("StartMessageMoveTask", json!({ "SourceArn": DEAD_ARN })).await;
    let task = until(&fixture, "COMPLETED").await;
    assert_eq!(
        (&task["ApproximateNumberOfMessagesMoved"], &task["StartedTimestamp"]),
        (&json!(2), &json!(START_MS + 1000))
    );
    assert_eq!(task.get("TaskHandle"), None);
    let back = fixture.receive(json!({})).await;
    assert_eq!(back.len(), 2);
    assert_eq!(back[0]["Attributes"]["ApproximateReceiveCount"], "1");
    assert_eq!(back[0]["Attributes"]["SentTimestamp"], (START_MS + 1000).to_string());
    assert_eq!(fixture.receive(json!({ "QueueUrl": DEAD_URL })).await.len(), 0);
}

#[tokio::test]
async fn a_task_keeps_its_rate_and_can_be_cancelled() {
    let fixture = with_dead(&["a", "b", "c"]).await;
    let started = fixture
        .ok("StartMessageMoveTask", json!({ "SourceArn": DEAD_ARN, "MaxNumberOfMessagesPerSecond": 1 }))
        .await;
    while listed(&fixture).await[0]["ApproximateNumberOfMessagesMoved"] != 1 || fixture.clock.sleepers() == 0
    {
        tokio::task::yield_now().await;
    }
    let error = fixture.call("StartMessageMoveTask", json!({ "SourceArn": DEAD_ARN })).await.unwrap_err();
    assert!(error.message.contains("Only one active task"), "{error}");
    let cancelled = fixture.ok("CancelMessageMoveTask", json!({ "TaskHandle": started["TaskHandle"] })).await;
    assert_eq!(cancelled, json!({ "ApproximateNumberOfMessagesMoved": 1 }));
    fixture.clock.advance(Duration::from_secs(1));
    until(&fixture, "CANCELLED").await;
    assert_eq!(fixture.receive(json!({ "QueueUrl": DEAD_URL })).await.len(), 2);
    let again = fixture.call("CancelMessageMoveTask", json!({ "TaskHandle": started["TaskHandle"] })).await;
    assert_eq!(again.unwrap_err().code, "UnsupportedOperation");
}

#[tokio::test]
async fn a_message_without_a_source_queue_stays_and_the_task_fails() {
    let fixture = with_dead(&[]).await;
    fixture.ok("SendMessage", json!({ "QueueUrl": DEAD_URL, "MessageBody": "stray" })).await;
    fixture.ok("StartMessageMoveTask", json!({ "SourceArn": DEAD_ARN })).await;
    let task = until(&fixture, "FAILED").await;
    assert_eq!(task["FailureReason"], "CouldNotDetermineMessageSource");
    fixture.ok("StartMessageMoveTask", json!({ "SourceArn": DEAD_ARN, "DestinationArn": ARN })).await;
    until(&fixture, "COMPLETED").await;
    assert_eq!(fixture.bodies(json!({})).await, ["stray"]);
}

#[tokio::test]
async fn tasks_need_a_dead_letter_queue_and_a_destination() {
    let fixture = with_dead(&[]).await;
    let check = async |operation: &str, input: Value, code: &str, words: &str| {
        let error = fixture.call(operation, input).await.expect_err(operation);
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(words), "{error}");
    };
    let start = "StartMessageMoveTask";
    let absent = "arn:aws:sqs:us-east-1:000000000000:absent";
    check(start, json!({ "SourceArn": ARN }), "InvalidParameterValue", "as a Dead Letter Queue").await;
    check(start, json!({ "SourceArn": absent }), "ResourceNotFoundException", "SourceArn").await;
    check(start, json!({ "SourceArn": "x" }), "InvalidParameterValue", "You must use this format").await;
    let elsewhere = json!({ "SourceArn": DEAD_ARN, "DestinationArn": absent });
    check(start, elsewhere, "ResourceNotFoundException", "DestinationArn").await;
    let fast = json!({ "SourceArn": DEAD_ARN, "MaxNumberOfMessagesPerSecond": 501 });
    check(start, fast, "InvalidParameterValue", "MaxNumberOfMessagesPerSecond").await;
    check("CancelMessageMoveTask", json!({ "TaskHandle": "x" }), "InvalidParameterValue", "TaskHandle").await;
}

#[tokio::test]
async fn a_dead_letter_queue_chooses_its_sources() {
    let fixture = Fixture::with(json!({})).await;
    let allow = async |policy: Value| {
        let attributes = json!({ "RedriveAllowPolicy": policy.to_string() });
        fixture.ok("SetQueueAttributes", json!({ "QueueUrl": DEAD_URL, "Attributes": attributes })).await;
    };
    let redrive = json!({ "deadLetterTargetArn": DEAD_ARN, "maxReceiveCount": 1 }).to_string();
    let redrive = json!({ "QueueUrl": URL, "Attributes": { "RedrivePolicy": redrive } });
    allow(json!({ "redrivePermission": "denyAll" })).await;
    let error = fixture.call("SetQueueAttributes", redrive.clone()).await.unwrap_err();
    assert!(error.message.contains("does not permit"), "{error}");
    allow(json!({ "redrivePermission": "byQueue", "sourceQueueArns": [DEAD_ARN] })).await;
    assert!(fixture.call("SetQueueAttributes", redrive.clone()).await.is_err());
    allow(json!({ "redrivePermission": "byQueue", "sourceQueueArns": [ARN] })).await;
    fixture.ok("SetQueueAttributes", redrive).await;
}
