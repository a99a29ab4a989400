//! Tests of the service through its operations, with a clock that the tests drive.

mod bounds;
mod fifo;
mod model;
mod moves;

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::Sqs;
use crate::{clock::Clock, context::Context, error::ApiError};

const START_MS: i64 = 1_700_000_000_000;
const URL: &str = "http://127.0.0.1:4566/000000000000/q";
const DEAD_URL: &str = "http://127.0.0.1:4566/000000000000/dead";
const ARN: &str = "arn:aws:sqs:us-east-1:000000000000:q";
const DEAD_ARN: &str = "arn:aws:sqs:us-east-1:000000000000:dead";

struct Fixture {
    clock: Clock,
    sqs: Sqs,
    cx: Context,
}

impl Fixture {
    /// A service with the queue `q`, created with these attributes.
    async fn with(attributes: Value) -> Self {
        let fixture = Self::empty();
        fixture.ok("CreateQueue", json!({ "QueueName": "dead" })).await;
        let created = fixture.ok("CreateQueue", json!({ "QueueName": "q", "Attributes": attributes })).await;
        assert_eq!(created["QueueUrl"], URL);
        fixture
    }

    fn empty() -> Self {
        let clock = Clock::manual(START_MS);
        Self {
            sqs: Sqs::new(clock.clone()),
            clock,
            cx: Context {
                region: "us-east-1".into(),
                account: "000000000000".into(),
                endpoint: "http://127.0.0.1:4566".into(),
                request_id: "r".into(),
                access_key: None,
            },
        }
    }

    async fn call(&self, operation: &str, mut input: Value) -> Result<Value, ApiError> {
        let by_url = !matches!(operation, "CreateQueue" | "ListQueues" | "GetQueueUrl");
        if input.get("QueueUrl").is_none() && by_url && !operation.contains("MoveTask") {
            input["QueueUrl"] = URL.into();
        }
        self.sqs.call(&self.cx, operation, input).await
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    async fn send(&self, body: &str) -> Value {
        self.ok("SendMessage", json!({ "MessageBody": body })).await
    }

    async fn receive(&self, more: Value) -> Vec<Value> {
        let mut input = json!({ "MaxNumberOfMessages": 10, "AttributeNames": ["All"] });
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        match self.ok("ReceiveMessage", input).await.get("Messages") {
            Some(messages) => messages.as_array().unwrap().clone(),
            None => Vec::new(),
        }
    }

    async fn bodies(&self, more: Value) -> Vec<String> {
        self.receive(more).await.iter().map(|message| message["Body"].as_str().unwrap().to_owned()).collect()
    }

    /// The approximate numbers of visible, invisible and delayed messages.
    async fn counts(&self) -> [String; 3] {
        let answer = self.ok("GetQueueAttributes", json!({ "AttributeNames": ["All"] })).await;
        ["", "NotVisible", "Delayed"].map(|kind| {
            answer["Attributes"][format!("ApproximateNumberOfMessages{kind}")].as_str().unwrap().to_owned()
        })
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

const NOTHING: [&str; 0] = [];

#[tokio::test]
async fn a_received_message_hides_for_its_visibility_timeout_and_then_returns() {
    let fixture = Fixture::with(json!({})).await;
    let sent = fixture.send("a").await;
    assert_eq!(sent["MD5OfMessageBody"], "0cc175b9c0f1b6a831c399e269772661");
    let first = &fixture.receive(json!({})).await[0];
    assert_eq!(
        (&first["MessageId"], &first["Attributes"]["ApproximateReceiveCount"]),
        (&sent["MessageId"], &json!("1"))
    );
    assert_eq!(fixture.counts().await, ["0", "1", "0"]);
    fixture.pass(29);
    assert_eq!(fixture.bodies(json!({})).await, NOTHING);
    fixture.pass(1);
    let second = &fixture.receive(json!({})).await[0];
    assert_eq!(second["Attributes"]["ApproximateReceiveCount"], "2");
    assert_eq!(second["Attributes"]["ApproximateFirstReceiveTimestamp"], START_MS.to_string());
    fixture.ok("DeleteMessage", json!({ "ReceiptHandle": first["ReceiptHandle"] })).await;
    assert_eq!(fixture.counts().await, ["0", "1", "0"], "an old receipt deletes nothing");
    fixture.ok("DeleteMessage", json!({ "ReceiptHandle": second["ReceiptHandle"] })).await;
    fixture.pass(60);
    assert_eq!(fixture.counts().await, ["0", "0", "0"]);
}

#[tokio::test]
async fn changing_the_visibility_releases_or_keeps_a_message() {
    let fixture = Fixture::with(json!({})).await;
    fixture.send("a").await;
    let handle = fixture.receive(json!({})).await[0]["ReceiptHandle"].clone();
    let change = |seconds: i64| json!({ "ReceiptHandle": handle, "VisibilityTimeout": seconds });
    fixture.ok("ChangeMessageVisibility", change(100)).await;
    fixture.pass(99);
    assert_eq!(fixture.bodies(json!({})).await, NOTHING);
    fixture.ok("ChangeMessageVisibility", change(0)).await;
    assert_eq!(fixture.bodies(json!({})).await, ["a"]);
    let error = fixture.call("ChangeMessageVisibility", change(0)).await.unwrap_err();
    assert!(error.message.contains("not available for visibility timeout change"), "{error}");
}

#[tokio::test]
async fn delayed_messages_appear_when_their_delay_is_over() {
    let fixture = Fixture::with(json!({ "DelaySeconds": "10" })).await;
    fixture.send("queue").await;
    fixture.ok("SendMessage", json!({ "MessageBody": "own", "DelaySeconds": 5 })).await;
    fixture.ok("SendMessage", json!({ "MessageBody": "none", "DelaySeconds": 0 })).await;
    assert_eq!(fixture.counts().await, ["1", "0", "2"]);
    assert_eq!(fixture.bodies(json!({})).await, ["none"]);
    fixture.pass(5);
    assert_eq!(fixture.bodies(json!({})).await, ["own"]);
    fixture.pass(5);
    assert_eq!(fixture.bodies(json!({})).await, ["queue"]);
}

#[tokio::test]
async fn messages_are_dropped_after_the_retention() {
    let fixture = Fixture::with(json!({ "MessageRetentionPeriod": "60" })).await;
    fixture.send("a").await;
    fixture.pass(30);
    fixture.send("b").await;
    fixture.pass(30);
    assert_eq!(fixture.bodies(json!({ "VisibilityTimeout": 100 })).await, ["b"]);
    fixture.pass(30);
    assert_eq!(fixture.counts().await, ["0", "0", "0"], "in flight or not");
}

/// A receiver that has started to wait for one message.
async fn waiting(fixture: &Arc<Fixture>) -> tokio::task::JoinHandle<Result<Value, ApiError>> {
    let before = fixture.clock.sleepers();
    let receiver = tokio::spawn({
        let fixture = Arc::clone(fixture);
        async move { fixture.call("ReceiveMessage", json!({ "WaitTimeSeconds": 20 })).await }
    });
    while fixture.clock.sleepers() == before {
        tokio::task::yield_now().await;
    }
    receiver
}

#[tokio::test]
async fn a_waiting_receiver_is_woken_when_a_message_becomes_visible() {
    let fixture = Arc::new(Fixture::with(json!({})).await);
    let body = |answer: Result<Value, ApiError>| answer.unwrap()["Messages"][0]["Body"].clone();

    let receiver = waiting(&fixture).await;
    fixture.send("sent").await;
    assert_eq!(body(receiver.await.unwrap()), "sent");

    let receiver = waiting(&fixture).await;
    fixture.pass(20);
    assert_eq!(receiver.await.unwrap(), Ok(json!({})), "the wait is over first");

    let receiver = waiting(&fixture).await;
    fixture.pass(10);
    assert_eq!(body(receiver.await.unwrap()), "sent", "its visibility timeout is over");

    let receiver = waiting(&fixture).await;
    fixture.ok("SendMessage", json!({ "MessageBody": "delayed", "DelaySeconds": 5 })).await;
    while !receiver.is_finished() {
        fixture.pass(1);
        tokio::task::yield_now().await;
    }
    assert_eq!(body(receiver.await.unwrap()), "delayed");

    let receiver = waiting(&fixture).await;
    fixture.ok("DeleteQueue", json!({})).await;
    assert_eq!(receiver.await.unwrap().unwrap_err().code, "QueueDoesNotExist");
}

#[tokio::test]
async fn every_waiting_receiver_gets_its_message() {
    let fixture = Arc::new(Fixture::with(json!({})).await);
    let receivers = [waiting(&fixture).await, waiting(&fixture).await, waiting(&fixture).await];
    let entries: Vec<_> =
        (0..3).map(|n| json!({ "Id": n.to_string(), "MessageBody": n.to_string() })).collect();
    fixture.ok("SendMessageBatch", json!({ "Entries": entries })).await;
    let mut bodies = Vec::new();
    for receiver in receivers {
        bodies.push(receiver.await.unwrap().unwrap()["Messages"][0]["Body"].clone());
    }
    bodies.sort_unstable_by_key(Value::to_string);
    assert_eq!(bodies, ["0", "1", "2"]);
}

#[tokio::test]
async fn a_message_that_was_received_too_often_moves_to_the_dead_letter_queue() {
    let redrive = json!({ "deadLetterTargetArn": DEAD_ARN, "maxReceiveCount": 2 }).to_string();
    let fixture = Fixture::with(json!({ "RedrivePolicy": redrive, "VisibilityTimeout": "1" })).await;
    let sent = fixture.send("poison").await;
    for _ in 0..2 {
        assert_eq!(fixture.bodies(json!({})).await, ["poison"]);
        fixture.pass(1);
    }
    assert_eq!(fixture.bodies(json!({})).await, NOTHING);
    let dead = &fixture.receive(json!({ "QueueUrl": DEAD_URL })).await[0];
    assert_eq!((&dead["MessageId"], &dead["Body"]), (&sent["MessageId"], &json!("poison")));
    assert_eq!(dead["Attributes"]["DeadLetterQueueSourceArn"], ARN);
    assert_eq!(dead["Attributes"]["SentTimestamp"], START_MS.to_string());
    let sources = fixture.ok("ListDeadLetterSourceQueues", json!({ "QueueUrl": DEAD_URL })).await;
    assert_eq!(sources, json!({ "queueUrls": [URL] }));
}

#[tokio::test]
async fn without_its_dead_letter_queue_a_message_stays() {
    let redrive = json!({ "deadLetterTargetArn": DEAD_ARN, "maxReceiveCount": 1 }).to_string();
    let fixture = Fixture::with(json!({ "RedrivePolicy": redrive, "VisibilityTimeout": "0" })).await;
    fixture.ok("DeleteQueue", json!({ "QueueUrl": DEAD_URL })).await;
    fixture.send("a").await;
    for _ in 0..3 {
        assert_eq!(fixture.bodies(json!({})).await, ["a"]);
    }
}

#[tokio::test]
async fn message_attributes_are_selected_by_name_and_have_checksums() {
    let fixture = Fixture::with(json!({})).await;
    let sent = fixture
        .ok(
            "SendMessage",
            json!({ "MessageBody": "a", "MessageAttributes": {
            "app.one": { "DataType": "String", "StringValue": "1" },
            "app.two": { "DataType": "Number.int", "StringValue": "2" },
            "raw": { "DataType": "Binary", "BinaryValue": "AAE=" },
        } }),
        )
        .await;
    let check = async |names: &[&str], expected: &[&str]| {
        let input = json!({ "MessageAttributeNames": names, "VisibilityTimeout": 0 });
        let message = fixture.receive(input).await[0].clone();
        let found: Vec<_> =
            message["MessageAttributes"].as_object().into_iter().flatten().map(|(k, _)| k.as_str()).collect();
        assert_eq!(found, expected, "{names:?}");
        message
    };
    check(&[], &[]).await;
    check(&["raw", "absent"], &["raw"]).await;
    check(&["app.*"], &["app.one", "app.two"]).await;
    let all = check(&["All"], &["app.one", "app.two", "raw"]).await;
    assert_eq!(all["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"]);
    assert_eq!(all["MessageAttributes"]["raw"], json!({ "DataType": "Binary", "BinaryValue": "AAE=" }));
}

#[tokio::test]
async fn creating_a_queue_again_depends_on_its_attributes() {
    let fixture = Fixture::with(json!({ "VisibilityTimeout": "7" })).await;
    let create = |attributes: Value| json!({ "QueueName": "q", "Attributes": attributes });
    fixture.ok("CreateQueue", create(json!({}))).await;
    fixture.ok("CreateQueue", create(json!({ "VisibilityTimeout": "7" }))).await;
    let error = fixture.call("CreateQueue", create(json!({ "VisibilityTimeout": "8" }))).await.unwrap_err();
    assert_eq!(
        error,
        ApiError::client(
            "QueueNameExists",
            "A queue already exists with the same name and a different value for attribute VisibilityTimeout"
        )
    );
}

#[tokio::test]
async fn the_query_protocol_gives_the_same_results() {
    let fixture = Fixture::with(json!({})).await;
    let entry = |id: &str, body: &str| json!({ "Id": id, "MessageBody": body, "DelaySeconds": "0" });
    let input = json!({ "SendMessageBatchRequestEntry": [entry("1", "a"), entry("2", ""), entry("3", "c")] });
    let sent = fixture.ok("SendMessageBatch", input).await;
    assert_eq!(
        (sent["Successful"][1]["Id"].as_str(), sent["Failed"][0]["Id"].as_str()),
        (Some("3"), Some("2"))
    );
    assert_eq!(sent["Failed"][0]["Code"], "MissingParameter");
    let received = fixture
        .ok(
            "ReceiveMessage",
            json!({ "MaxNumberOfMessages": "10", "AttributeName": ["SenderId"], "WaitTimeSeconds": "0" }),
        )
        .await;
    assert_eq!(received["Messages"][0]["Attributes"], json!({ "SenderId": "000000000000" }));
    let entries: Vec<_> = received["Messages"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(n, message)| json!({ "Id": n.to_string(), "ReceiptHandle": message["ReceiptHandle"] }))
        .collect();
    let deleted =
        fixture.ok("DeleteMessageBatch", json!({ "DeleteMessageBatchRequestEntry": entries })).await;
    assert_eq!(deleted, json!({ "Successful": [{ "Id": "0" }, { "Id": "1" }], "Failed": [] }));
}

#[tokio::test]
async fn queues_are_listed_by_prefix_and_page() {
    let fixture = Fixture::with(json!({})).await;
    fixture.ok("CreateQueue", json!({ "QueueName": "q2" })).await;
    let check = async |input: Value, expected: Value| {
        assert_eq!(fixture.ok("ListQueues", input.clone()).await, expected, "{input}");
    };
    let second = "http://127.0.0.1:4566/000000000000/q2";
    check(json!({}), json!({ "QueueUrls": [DEAD_URL, URL, second] })).await;
    check(json!({ "QueueNamePrefix": "q" }), json!({ "QueueUrls": [URL, second] })).await;
    check(json!({ "QueueNamePrefix": "x" }), json!({})).await;
    check(json!({ "MaxResults": 2 }), json!({ "QueueUrls": [DEAD_URL, URL], "NextToken": "q" })).await;
    check(json!({ "MaxResults": "2", "NextToken": "q" }), json!({ "QueueUrls": [second] })).await;
    let elsewhere = Context { region: "eu-west-1".into(), ..fixture.cx.clone() };
    assert_eq!(fixture.sqs.call(&elsewhere, "ListQueues", json!({})).await, Ok(json!({})));
}

#[tokio::test]
async fn the_cloud_itself_sends_by_arn() {
    let fixture = Fixture::with(json!({})).await;
    fixture.sqs.send("us-east-1", ARN, "record".to_owned()).await.unwrap();
    assert_eq!(fixture.bodies(json!({})).await, ["record"]);
    let status = fixture.sqs.status();
    assert_eq!((status[1].name.as_str(), status[1].counts.in_flight), ("q", 1));
    for arn in ["arn:aws:sqs:us-east-1:000000000000:absent", "arn:aws:sqs:eu-west-1:000000000000:q", "q"] {
        let error = fixture.sqs.send("us-east-1", arn, "record".to_owned()).await.unwrap_err();
        assert_eq!(error.code, "QueueDoesNotExist", "{arn}");
    }
}

#[tokio::test]
async fn the_oldest_message_has_an_age_until_it_is_deleted() {
    let fixture = Fixture::with(json!({})).await;
    let oldest = || {
        let status = fixture.sqs.status();
        status.iter().find(|queue| queue.name == "q").unwrap().oldest_ms
    };
    assert_eq!(oldest(), None);
    fixture.send("first").await;
    fixture.clock.advance(Duration::from_secs(7));
    fixture.send("second").await;
    assert_eq!(oldest(), Some(7_000));
    // A message in flight still counts.
    let first = fixture.receive(json!({ "MaxNumberOfMessages": 1 })).await.remove(0);
    assert_eq!(oldest(), Some(7_000));
    fixture.ok("DeleteMessage", json!({ "ReceiptHandle": first["ReceiptHandle"] })).await;
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(oldest(), Some(1_000));
}

#[tokio::test]
async fn invalid_input_is_refused_in_the_services_words() {
    let fixture = Fixture::with(json!({ "MaximumMessageSize": "1024" })).await;
    let check = async |operation: &str, input: Value, code: &str, words: &str| {
        let error = fixture.call(operation, input).await.expect_err(operation);
        assert_eq!(error.code, code, "{operation}: {error}");
        assert!(error.message.contains(words), "{operation}: {error}");
    };
    let value = "InvalidParameterValue";
    let no_queue = json!({ "QueueUrl": "http://x/000000000000/absent", "MessageBody": "a" });
    check("SendMessage", no_queue, "QueueDoesNotExist", "The specified queue does not exist.").await;
    check(
        "SendMessage",
        json!({}),
        "MissingParameter",
        "The request must contain the parameter MessageBody.",
    )
    .await;
    check("SendMessage", json!({ "MessageBody": "\u{0}" }), "InvalidMessageContents", "'#x0'").await;
    check(
        "SendMessage",
        json!({ "MessageBody": "x".repeat(1_025) }),
        value,
        "Message must be shorter than 1024 bytes.",
    )
    .await;
    check("SendMessage", json!({ "MessageBody": "a", "DelaySeconds": 901 }), value, "parameter DelaySeconds")
        .await;
    let copy = json!({ "MessageBody": "a", "MessageDeduplicationId": "d" });
    check("SendMessage", copy, value, "not valid for this queue type").await;
    let group = json!({ "MessageBody": "a", "MessageGroupId": "a b" });
    check("SendMessage", group, value, "parameter MessageGroupId").await;
    let attribute = |value: Value| json!({ "MessageBody": "a", "MessageAttributes": { "n": value } });
    check(
        "SendMessage",
        attribute(json!({ "DataType": "Colour", "StringValue": "x" })),
        value,
        "supported type prefixes",
    )
    .await;
    check("SendMessage", attribute(json!({ "DataType": "String", "StringValue": "" })), value, "non-empty")
        .await;
    check(
        "SendMessage",
        attribute(json!({ "DataType": "Number", "StringValue": "x" })),
        value,
        "to a number",
    )
    .await;
    check(
        "SendMessage",
        attribute(json!({ "DataType": "String", "StringListValues": ["x"] })),
        "UnsupportedOperation",
        "list values",
    )
    .await;
    check(
        "ReceiveMessage",
        json!({ "MaxNumberOfMessages": 11 }),
        value,
        "Must be between 1 and 10, if provided.",
    )
    .await;
    check("ReceiveMessage", json!({ "WaitTimeSeconds": 21 }), value, "WaitTimeSeconds").await;
    check(
        "ReceiveMessage",
        json!({ "AttributeNames": ["Colour"] }),
        "InvalidAttributeName",
        "Unknown Attribute Colour.",
    )
    .await;
    check(
        "DeleteMessage",
        json!({ "ReceiptHandle": "x" }),
        "ReceiptHandleIsInvalid",
        "\"x\" is not a valid receipt handle.",
    )
    .await;
    check(
        "SendMessageBatch",
        json!({ "Entries": [] }),
        "EmptyBatchRequest",
        "at least one SendMessageBatchRequestEntry",
    )
    .await;
    let entry = |id: &str| json!({ "Id": id, "MessageBody": "a" });
    check(
        "SendMessageBatch",
        json!({ "Entries": [entry("1"), entry("1")] }),
        "BatchEntryIdsNotDistinct",
        "Id 1 repeated.",
    )
    .await;
    check("SendMessageBatch", json!({ "Entries": [entry("a b")] }), "InvalidBatchEntryId", "").await;
    let many: Vec<_> = (0..11).map(|n| entry(&n.to_string())).collect();
    check(
        "SendMessageBatch",
        json!({ "Entries": many }),
        "TooManyEntriesInBatchRequest",
        "You have sent 11.",
    )
    .await;
    let heavy = json!({ "Id": "1", "MessageBody": "x".repeat((1 << 20) + 1) });
    check("SendMessageBatch", json!({ "Entries": [heavy] }), "BatchRequestTooLong", "").await;
    check("CreateQueue", json!({ "QueueName": "a b" }), value, "1 to 80 in length").await;
    check("CreateQueue", json!({ "QueueName": "a.fifo" }), value, "1 to 80 in length").await;
    let fifo = json!({ "QueueName": "a", "Attributes": { "FifoQueue": "true" } });
    check("CreateQueue", fifo, value, "must end with .fifo suffix").await;
    let redrive =
        json!({ "deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:absent", "maxReceiveCount": 1 });
    let redrive = json!({ "Attributes": { "RedrivePolicy": redrive.to_string() } });
    check("SetQueueAttributes", redrive, value, "Reason: Dead letter target does not exist.").await;
    check("GetQueueUrl", json!({ "QueueName": "absent" }), "QueueDoesNotExist", "").await;
    check("GetQueueAttributes", json!({ "AttributeNames": ["Colour"] }), "InvalidAttributeName", "").await;
    let itself = json!({ "deadLetterTargetArn": ARN, "maxReceiveCount": 1 }).to_string();
    let itself = json!({ "Attributes": { "RedrivePolicy": itself } });
    check("SetQueueAttributes", itself, value, "must not be the source queue itself").await;
    let permission = |actions: Value| json!({ "Label": "l", "AWSAccountIds": ["1"], "Actions": actions });
    check("AddPermission", permission(json!(["Dance"])), value, "list of valid actions").await;
    check("AddPermission", permission(json!([])), "MissingParameter", "Actions").await;
    check("RemovePermission", json!({ "Label": "l" }), value, "can't find label").await;
    check(
        "ReceiveMessage",
        json!({ "ReceiveRequestAttemptId": "a" }),
        value,
        "not valid for this queue type",
    )
    .await;
    check("Dance", json!({}), "UnknownOperationException", "sqs:Dance").await;
}

#[tokio::test]
async fn nothing_is_invisible_for_more_than_twelve_hours_after_its_receipt() {
    let fixture = Fixture::with(json!({ "VisibilityTimeout": "43200" })).await;
    fixture.send("a").await;
    let handle = fixture.receive(json!({})).await[0]["ReceiptHandle"].clone();
    fixture.pass(1);
    let change = |seconds: i64| json!({ "ReceiptHandle": handle, "VisibilityTimeout": seconds });
    let error = fixture.call("ChangeMessageVisibility", change(43_200)).await.unwrap_err();
    assert!(error.message.contains("beyond the limit [43200 seconds]"), "{error}");
    fixture.ok("ChangeMessageVisibility", change(43_199)).await;
}

#[tokio::test]
async fn a_queue_is_purged_once_a_minute() {
    let fixture = Fixture::with(json!({})).await;
    fixture.send("a").await;
    fixture.ok("PurgeQueue", json!({})).await;
    assert_eq!(fixture.counts().await, ["0", "0", "0"]);
    fixture.pass(59);
    let error = fixture.call("PurgeQueue", json!({})).await.unwrap_err();
    assert_eq!((error.status, error.code.as_ref()), (403, "PurgeQueueInProgress"));
    fixture.pass(1);
    fixture.ok("PurgeQueue", json!({})).await;
}

#[tokio::test]
async fn the_receiver_that_waits_longest_is_served_first() {
    let fixture = Arc::new(Fixture::with(json!({})).await);
    let first = waiting(&fixture).await;
    let second = waiting(&fixture).await;
    fixture.send("one").await;
    // A newcomer does not get the message for which the first receiver has waited.
    assert_eq!(fixture.bodies(json!({})).await, NOTHING);
    assert_eq!(first.await.unwrap().unwrap()["Messages"][0]["Body"], "one");
    assert!(!second.is_finished());
    // A receiver that disconnects leaves its place to the next one.
    let third = waiting(&fixture).await;
    second.abort();
    assert!(second.await.unwrap_err().is_cancelled());
    fixture.send("two").await;
    assert_eq!(third.await.unwrap().unwrap()["Messages"][0]["Body"], "two");
}

#[tokio::test]
async fn permissions_are_statements_of_the_policy() {
    let fixture = Fixture::with(json!({})).await;
    let policy = async || {
        let answer = fixture.ok("GetQueueAttributes", json!({ "AttributeNames": ["Policy"] })).await;
        answer["Attributes"]["Policy"].as_str().map(|text| serde_json::from_str::<Value>(text).unwrap())
    };
    let permission = json!({ "Label": "l", "AWSAccountId": ["1", "2"], "ActionName": "SendMessage" });
    fixture.ok("AddPermission", permission.clone()).await;
    let statement = policy().await.unwrap()["Statement"][0].clone();
    let expected = json!({
        "Sid": "l", "Effect": "Allow", "Resource": ARN, "Action": "SQS:SendMessage",
        "Principal": { "AWS": ["arn:aws:iam::1:root", "arn:aws:iam::2:root"] },
    });
    assert_eq!(statement, expected);
    let error = fixture.call("AddPermission", permission).await.unwrap_err();
    assert!(error.message.contains("Already exists."), "{error}");
    fixture.ok("RemovePermission", json!({ "Label": "l" })).await;
    assert_eq!(policy().await, None);
}
