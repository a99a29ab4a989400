//! Tests of FIFO queues: groups, deduplication, sequence numbers.

use serde_json::{Value, json};

use super::{Fixture, START_MS};
use crate::error::ApiError;

const URL: &str = "http://127.0.0.1:4566/000000000000/q.fifo";
const DEAD_URL: &str = "http://127.0.0.1:4566/000000000000/dead.fifo";
const DEAD_ARN: &str = "arn:aws:sqs:us-east-1:000000000000:dead.fifo";

/// A service with the FIFO queues `q.fifo` and `dead.fifo`.
async fn with(attributes: Value) -> Fixture {
    let fixture = Fixture::empty();
    for (name, mut attributes) in [("dead.fifo", json!({})), ("q.fifo", attributes)] {
        attributes["FifoQueue"] = "true".into();
        fixture.ok("CreateQueue", json!({ "QueueName": name, "Attributes": attributes })).await;
    }
    fixture
}

async fn try_send(fixture: &Fixture, group: &str, id: &str, body: &str) -> Result<Value, ApiError> {
    let input = json!({
        "QueueUrl": URL, "MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": id,
    });
    fixture.call("SendMessage", input).await
}

/// Sends each body to the group that its first letter names.
async fn send(fixture: &Fixture, bodies: &[&str]) {
    for body in bodies {
        try_send(fixture, &body[..1], body, body).await.unwrap();
    }
}

async fn receive(fixture: &Fixture, most: usize) -> Vec<Value> {
    fixture.receive(json!({ "QueueUrl": URL, "MaxNumberOfMessages": most })).await
}

fn bodies(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["Body"].as_str().unwrap()).collect()
}

async fn delete(fixture: &Fixture, message: &Value) -> Result<Value, ApiError> {
    let input = json!({ "QueueUrl": URL, "ReceiptHandle": message["ReceiptHandle"] });
    fixture.call("DeleteMessage", input).await
}

#[tokio::test]
async fn a_group_waits_for_its_messages_in_flight_and_others_do_not() {
    let fixture = with(json!({})).await;
    send(&fixture, &["a1", "a2", "b1", "a3"]).await;
    let first = receive(&fixture, 1).await;
    assert_eq!(bodies(&first), ["a1"]);
    let second = receive(&fixture, 10).await;
    assert_eq!(bodies(&second), ["b1"], "the group a is blocked");
    assert_eq!(bodies(&receive(&fixture, 10).await), [""; 0]);
    delete(&fixture, &first[0]).await.unwrap();
    assert_eq!(bodies(&receive(&fixture, 10).await), ["a2", "a3"]);
    fixture.pass(30);
    assert_eq!(bodies(&receive(&fixture, 10).await), ["a2", "a3", "b1"], "each is at its place again");
}

#[tokio::test]
async fn a_waiting_receiver_gets_the_rest_of_a_group_once_it_is_open() {
    let fixture = std::sync::Arc::new(with(json!({})).await);
    send(&fixture, &["a1", "a2"]).await;
    let first = receive(&fixture, 1).await;
    let before = fixture.clock.sleepers();
    let receiver = tokio::spawn({
        let fixture = fixture.clone();
        async move { fixture.ok("ReceiveMessage", json!({ "QueueUrl": URL, "WaitTimeSeconds": 20 })).await }
    });
    while fixture.clock.sleepers() == before {
        tokio::task::yield_now().await;
    }
    delete(&fixture, &first[0]).await.unwrap();
    assert_eq!(receiver.await.unwrap()["Messages"][0]["Body"], "a2");
}

#[tokio::test]
async fn a_fifo_receipt_expires_with_the_visibility_timeout() {
    let fixture = with(json!({})).await;
    send(&fixture, &["a1"]).await;
    let message = receive(&fixture, 1).await.remove(0);
    fixture.pass(30);
    let error = delete(&fixture, &message).await.unwrap_err();
    assert!(error.message.contains("The receipt handle has expired"), "{error}");
    let again = receive(&fixture, 1).await.remove(0);
    delete(&fixture, &again).await.unwrap();
    delete(&fixture, &again).await.unwrap();
}

#[tokio::test]
async fn duplicates_are_acknowledged_but_not_added_for_five_minutes() {
    let fixture = with(json!({})).await;
    let first = try_send(&fixture, "a", "same", "one").await.unwrap();
    let copy = try_send(&fixture, "b", "same", "two").await.unwrap();
    assert_eq!(
        (&copy["MessageId"], &copy["SequenceNumber"]),
        (&first["MessageId"], &first["SequenceNumber"])
    );
    let received = receive(&fixture, 10).await;
    assert_eq!(bodies(&received), ["one"]);
    delete(&fixture, &received[0]).await.unwrap();
    fixture.pass(299);
    try_send(&fixture, "a", "same", "three").await.unwrap();
    assert_eq!(
        bodies(&receive(&fixture, 10).await),
        [""; 0],
        "a duplicate even after the first message was deleted"
    );
    fixture.pass(1);
    let later = try_send(&fixture, "a", "same", "four").await.unwrap();
    assert_ne!(later["MessageId"], first["MessageId"]);
    assert!(later["SequenceNumber"].as_str() > first["SequenceNumber"].as_str());
    assert_eq!(first["SequenceNumber"].as_str().unwrap().len(), 20);
    assert_eq!(bodies(&receive(&fixture, 10).await), ["four"]);
}

#[tokio::test]
async fn deduplication_can_be_by_content_and_within_groups() {
    let fixture = with(json!({
        "ContentBasedDeduplication": "true", "DeduplicationScope": "messageGroup",
        "FifoThroughputLimit": "perMessageGroupId",
    }))
    .await;
    for (group, body) in [("a", "x"), ("a", "x"), ("b", "x"), ("a", "y")] {
        let input = json!({ "QueueUrl": URL, "MessageBody": body, "MessageGroupId": group });
        fixture.ok("SendMessage", input).await;
    }
    let received = receive(&fixture, 10).await;
    assert_eq!(bodies(&received), ["x", "y", "x"]);
    let attributes = &received[0]["Attributes"];
    assert_eq!(attributes["MessageGroupId"], "a");
    let sha256 = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    assert_eq!(attributes["MessageDeduplicationId"], sha256);
    let change = json!({ "QueueUrl": URL, "Attributes": { "DeduplicationScope": "queue" } });
    let error = fixture.call("SetQueueAttributes", change).await.unwrap_err();
    assert!(error.message.contains("DeduplicationScope must be messageGroup"), "{error}");
}

#[tokio::test]
async fn parameters_for_the_other_type_of_queue_are_refused() {
    let fixture = with(json!({})).await;
    let check = async |mut input: Value, code: &str, words: &str| {
        input["QueueUrl"] = URL.into();
        input["MessageBody"] = "a".into();
        let error = fixture.call("SendMessage", input).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
        assert!(error.message.contains(words), "{error}");
    };
    check(json!({}), "MissingParameter", "MessageGroupId").await;
    check(json!({ "MessageGroupId": "g" }), "InvalidParameterValue", "ContentBasedDeduplication").await;
    let delayed = json!({ "MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 1 });
    check(delayed, "InvalidParameterValue", "not valid for this queue type").await;
}

#[tokio::test]
async fn the_delay_of_the_queue_keeps_the_order() {
    let fixture = with(json!({ "DelaySeconds": "10" })).await;
    send(&fixture, &["a1"]).await;
    let change = json!({ "QueueUrl": URL, "Attributes": { "DelaySeconds": "0" } });
    fixture.ok("SetQueueAttributes", change).await;
    send(&fixture, &["a2", "b1"]).await;
    assert_eq!(bodies(&receive(&fixture, 10).await), ["b1"], "a2 waits for a1");
    fixture.pass(10);
    assert_eq!(bodies(&receive(&fixture, 10).await), ["a1", "a2"]);
}

#[tokio::test]
async fn a_poison_message_leaves_its_group_for_the_dead_letter_queue() {
    let redrive = json!({ "deadLetterTargetArn": DEAD_ARN, "maxReceiveCount": 1 }).to_string();
    let fixture = with(json!({ "RedrivePolicy": redrive })).await;
    send(&fixture, &["a1", "a2"]).await;
    assert_eq!(bodies(&receive(&fixture, 1).await), ["a1"]);
    fixture.pass(30);
    assert_eq!(bodies(&receive(&fixture, 1).await), ["a2"]);
    let dead = fixture.receive(json!({ "QueueUrl": DEAD_URL })).await.remove(0);
    assert_eq!((&dead["Body"], &dead["Attributes"]["MessageGroupId"]), (&json!("a1"), &json!("a")));
    assert_eq!(dead["Attributes"]["SentTimestamp"], START_MS.to_string());
    let standard = json!({ "QueueName": "q" });
    fixture.ok("CreateQueue", standard).await;
    let redrive = json!({
        "QueueUrl": "http://x/0/q",
        "Attributes": { "RedrivePolicy": json!({ "deadLetterTargetArn": DEAD_ARN, "maxReceiveCount": 1 }).to_string() },
    });
    let error = fixture.call("SetQueueAttributes", redrive).await.unwrap_err();
    assert!(error.message.contains("must be same type of queue"), "{error}");
}

#[tokio::test]
async fn a_receive_can_be_repeated_by_its_attempt_id() {
    let fixture = with(json!({})).await;
    send(&fixture, &["a1", "a2", "b1"]).await;
    let ask = json!({ "QueueUrl": URL, "MaxNumberOfMessages": 2, "ReceiveRequestAttemptId": "r1" });
    let first = fixture.receive(ask.clone()).await;
    assert_eq!(bodies(&first), ["a1", "a2"]);
    fixture.pass(20);
    let again = fixture.receive(ask.clone()).await;
    assert_eq!(again, first, "the same receipts, with a new visibility timeout");
    fixture.pass(20);
    delete(&fixture, &again[0]).await.unwrap();
    assert_eq!(
        bodies(&fixture.receive(ask).await),
        ["b1"],
        "a receive is not repeated once its messages have changed"
    );
}
