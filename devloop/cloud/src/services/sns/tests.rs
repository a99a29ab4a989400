//! Tests of the service through its operations, with targets that record what they get.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{Sns, outlets::Outlets};
use crate::{clock::Clock, context::Context, error::ApiError, services::sqs::Parcel};

const START_MS: i64 = 1_700_000_000_000;
const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:t";
const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:q";
const OTHER: &str = "arn:aws:sqs:us-east-1:000000000000:other";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

#[derive(Debug, Default)]
struct Seen {
    parcels: Mutex<Vec<(String, Parcel)>>,
    events: Mutex<Vec<(String, Value)>>,
    /// Queues that exist but fail.
    failing: Mutex<BTreeSet<String>>,
    /// Queues that do not exist.
    gone: Mutex<BTreeSet<String>>,
}

#[derive(Debug)]
struct Remembering(Arc<Seen>);

impl Outlets for Remembering {
    fn queue(&self, arn: &str, parcel: Parcel) -> Result<(), ApiError> {
        if self.0.gone.lock().contains(arn) {
            return Err(ApiError::client("QueueDoesNotExist", "gone"));
        }
        if self.0.failing.lock().contains(arn) {
            return Err(ApiError::internal("down"));
        }
        self.0.parcels.lock().push((arn.to_owned(), parcel));
        Ok(())
    }

    fn function(&self, _: &Context, arn: &str, event: Bytes) -> Result<(), ApiError> {
        self.0.events.lock().push((arn.to_owned(), serde_json::from_slice(&event).unwrap()));
        Ok(())
    }
}

struct Fixture {
    clock: Clock,
    sns: Sns,
    seen: Arc<Seen>,
    cx: Context,
    folder: tempfile::TempDir,
}

impl Fixture {
    fn empty() -> Self {
        let clock = Clock::manual(START_MS);
        let seen = Arc::new(Seen::default());
        let folder = tempfile::tempdir().unwrap();
        let outlets = Box::new(Remembering(Arc::clone(&seen)));
        Self {
            sns: Sns::new(clock.clone(), outlets, Some(folder.path().join("mail"))),
            clock,
            seen,
            cx: Context {
                region: "us-east-1".into(),
                account: "000000000000".into(),
                endpoint: "http://127.0.0.1:4566".into(),
                request_id: "r".into(),
                access_key: None,
            },
            folder,
        }
    }

    /// A service with the topic `t`.
    async fn new() -> Self {
        let fixture = Self::empty();
        assert_eq!(fixture.ok("CreateTopic", json!({ "Name": "t" })).await, json!({ "TopicArn": TOPIC }));
        fixture
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        self.sns.call(&self.cx, operation, input).await
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input).await.unwrap_or_else(|error| panic!("{operation}: {error}"))
    }

    async fn subscribe(&self, protocol: &str, endpoint: &str, attributes: Value) -> String {
        let input = json!({ "TopicArn": TOPIC, "Protocol": protocol, "Endpoint": endpoint, "Attributes": attributes });
        self.ok("Subscribe", input).await["SubscriptionArn"].as_str().unwrap().to_owned()
    }

    async fn publish(&self, more: Value) -> Value {
        let mut input = json!({ "TopicArn": TOPIC, "Message": "hello" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.ok("Publish", input).await
    }

    /// What queues got since the last call: queue and body.
    fn bodies(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.seen.parcels.lock())
            .into_iter()
            .map(|(arn, parcel)| (arn.rsplit(':').next().unwrap().to_owned(), parcel.body))
            .collect()
    }
}

#[tokio::test]
async fn queues_get_the_message_with_or_without_its_envelope() {
    let fixture = Fixture::new().await;
    let subscription = fixture.subscribe("sqs", QUEUE, json!({})).await;
    fixture.subscribe("sqs", OTHER, json!({ "RawMessageDelivery": "true" })).await;
    let attributes = json!({ "colour": { "DataType": "String", "StringValue": "red" } });
    let sent = fixture.publish(json!({ "Subject": "s", "MessageAttributes": attributes })).await;
    let parcels = std::mem::take(&mut *fixture.seen.parcels.lock());
    let envelope: Value = serde_json::from_str(&parcels[0].1.body).unwrap();
    for (member, expected) in [
        ("Type", json!("Notification")),
        ("MessageId", sent["MessageId"].clone()),
        ("TopicArn", json!(TOPIC)),
        ("Subject", json!("s")),
        ("Message", json!("hello")),
        ("Timestamp", json!("2023-11-14T22:13:20.000Z")),
        ("SignatureVersion", json!("1")),
        ("MessageAttributes", json!({ "colour": { "Type": "String", "Value": "red" } })),
    ] {
        assert_eq!(envelope[member], expected, "{member}");
    }
    assert!(envelope["UnsubscribeURL"].as_str().unwrap().contains(&subscription));
    assert!(envelope["Signature"].is_string() && envelope["SigningCertURL"].is_string());
    assert_eq!((parcels[1].1.body.as_str(), parcels[1].1.attributes.len()), ("hello", 1));
}

#[tokio::test]
async fn functions_get_the_event_that_aws_documents() {
    let fixture = Fixture::new().await;
    let subscription = fixture.subscribe("lambda", FUNCTION, json!({})).await;
    fixture.publish(json!({})).await;
    let (function, event) = fixture.seen.events.lock().remove(0);
    assert_eq!(function, FUNCTION);
    let record = &event["Records"][0];
    assert_eq!(record["EventSource"], "aws:sns");
    assert_eq!(record["EventSubscriptionArn"], subscription);
    assert_eq!((&record["Sns"]["Message"], &record["Sns"]["Subject"]), (&json!("hello"), &Value::Null));
    assert_eq!(record["Sns"]["MessageAttributes"], json!({}));
    assert!(record["Sns"]["SigningCertUrl"].is_string() && record["Sns"]["UnsubscribeUrl"].is_string());
}

#[tokio::test]
async fn filter_policies_match_attributes_or_the_body() {
    let check = async |policy: Value, scope: &str, publish: Value, expected: bool| {
        let fixture = Fixture::new().await;
        let attributes = json!({ "FilterPolicy": policy.to_string(), "FilterPolicyScope": scope });
        fixture.subscribe("sqs", QUEUE, attributes).await;
        fixture.publish(publish.clone()).await;
        assert_eq!(fixture.bodies().len() == 1, expected, "{policy} {publish}");
    };
    let text = |value: &str| json!({ "DataType": "String", "StringValue": value });
    let with = |name: &str, value: Value| json!({ "MessageAttributes": { name: value } });
    let attributes = "MessageAttributes";
    check(json!({ "store": ["a", "b"] }), attributes, with("store", text("b")), true).await;
    check(json!({ "store": ["a"] }), attributes, with("store", text("b")), false).await;
    check(json!({ "store": ["a"] }), attributes, json!({}), false).await;
    check(json!({ "store": [{ "exists": false }] }), attributes, json!({}), true).await;
    check(json!({ "store": [{ "prefix": "ab" }] }), attributes, with("store", text("abc")), true).await;
    check(json!({ "store": [{ "anything-but": ["x"] }] }), attributes, with("store", text("x")), false).await;
    let number = json!({ "DataType": "Number", "StringValue": "7" });
    check(json!({ "n": [{ "numeric": [">", 5, "<=", 7] }] }), attributes, with("n", number.clone()), true)
        .await;
    check(json!({ "n": [7] }), attributes, with("n", number), true).await;
    check(json!({ "n": [7] }), attributes, with("n", text("7")), false).await;
    let list = json!({ "DataType": "String.Array", "StringValue": "[\"a\",\"b\"]" });
    check(json!({ "l": ["b"] }), attributes, with("l", list), true).await;
    let body = |value: Value| json!({ "Message": value.to_string() });
    let nested = json!({ "order": { "kind": ["new"] } });
    check(nested.clone(), "MessageBody", body(json!({ "order": { "kind": "new" } })), true).await;
    check(nested.clone(), "MessageBody", body(json!({ "order": { "kind": "old" } })), false).await;
    check(nested, "MessageBody", json!({ "Message": "no JSON" }), false).await;
}

#[tokio::test]
async fn mails_are_kept_as_files() {
    let fixture = Fixture::new().await;
    fixture
        .ok(
            "SetTopicAttributes",
            json!({
                "TopicArn": TOPIC, "AttributeName": "DisplayName", "AttributeValue": "Orders",
            }),
        )
        .await;
    fixture.subscribe("email", "who@example.com", json!({})).await;
    let mut mails = fixture.sns.follow_mails();
    fixture.publish(json!({ "Subject": "Failure", "Message": "line one\nline two" })).await;
    let mail = mails.recv().await.unwrap();
    assert_eq!((mail.number, mail.to.as_str(), mail.subject.as_str()), (1, "who@example.com", "Failure"));
    let file = fixture.folder.path().join("mail/000001.eml");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "a mail is for nobody else on this machine");
    let text = std::fs::read_to_string(file).unwrap();
    assert!(
        text.starts_with(
            "From: Orders <no-reply@sns.amazonaws.com>\r\nTo: who@example.com\r\nSubject: Failure\r\n"
        ),
        "{text}"
    );
    assert!(text.contains("\r\n\r\nline one\r\nline two\r\n"), "{text}");
    fixture.publish(json!({})).await;
    let second = mails.recv().await.unwrap();
    assert_eq!((second.number, second.subject.as_str()), (2, "AWS Notification Message"));
    while fixture.sns.pending() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(fixture.sns.status()["mails"], 2);
}

#[tokio::test]
async fn undeliverable_messages_go_to_the_dead_letter_queue() {
    let fixture = Fixture::new().await;
    let redrive = json!({ "deadLetterTargetArn": OTHER }).to_string();
    fixture.subscribe("sqs", QUEUE, json!({ "RedrivePolicy": redrive, "RawMessageDelivery": "true" })).await;
    fixture.seen.gone.lock().insert(QUEUE.to_owned());
    fixture.publish(json!({})).await;
    assert_eq!(
        fixture.bodies(),
        [("other".to_owned(), "hello".to_owned())],
        "deliveries to a deleted queue are not retried"
    );
    fixture.seen.gone.lock().clear();
    fixture.seen.failing.lock().insert(QUEUE.to_owned());
    fixture.publish(json!({})).await;
    while fixture.clock.sleepers() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!((fixture.bodies(), fixture.sns.pending()), (vec![], 1));
    fixture.seen.failing.lock().clear();
    fixture.clock.advance(Duration::from_secs(1));
    while fixture.sns.pending() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(fixture.bodies(), [("q".to_owned(), "hello".to_owned())]);
}

#[tokio::test]
async fn fifo_topics_keep_order_and_drop_duplicates() {
    let fixture = Fixture::empty();
    let topic = fixture
        .ok("CreateTopic", json!({ "Name": "t.fifo", "Attributes": { "FifoTopic": "true", "ContentBasedDeduplication": "true" } }))
        .await["TopicArn"]
        .clone();
    let queue = "arn:aws:sqs:us-east-1:000000000000:q.fifo";
    fixture.ok("Subscribe", json!({ "TopicArn": topic, "Protocol": "sqs", "Endpoint": queue, "Attributes": { "RawMessageDelivery": "true" } })).await;
    let publish = async |message: &str| {
        fixture.ok("Publish", json!({ "TopicArn": topic, "Message": message, "MessageGroupId": "g" })).await
    };
    let first = publish("a").await;
    let second = publish("b").await;
    let copy = publish("a").await;
    assert_eq!(copy["MessageId"], first["MessageId"]);
    assert!(second["SequenceNumber"].as_str() > first["SequenceNumber"].as_str());
    let parcels = fixture.seen.parcels.lock();
    let sent: Vec<_> =
        parcels.iter().map(|(_, parcel)| (parcel.body.as_str(), parcel.group.as_deref())).collect();
    assert_eq!(sent, [("a", Some("g")), ("b", Some("g"))]);
    assert!(parcels[0].1.deduplication.is_some());
}

#[tokio::test]
async fn batches_and_messages_with_a_text_for_each_protocol_are_published() {
    let fixture = Fixture::new().await;
    fixture.subscribe("sqs", QUEUE, json!({ "RawMessageDelivery": "true" })).await;
    let entries = json!([
        { "Id": "1", "Message": "one" },
        { "Id": "2", "Message": "" },
        { "Id": "3", "Message": json!({ "default": "d", "sqs": "for queues" }).to_string(), "MessageStructure": "json" },
    ]);
    let answer =
        fixture.ok("PublishBatch", json!({ "TopicArn": TOPIC, "PublishBatchRequestEntries": entries })).await;
    let ids = |list: &str| -> Vec<_> {
        answer[list]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["Id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        (ids("Successful"), ids("Failed")),
        (vec!["1".to_owned(), "3".to_owned()], vec!["2".to_owned()])
    );
    let bodies: Vec<_> = fixture.bodies().into_iter().map(|(_, body)| body).collect();
    assert_eq!(bodies, ["one", "for queues"]);
}

#[tokio::test]
async fn http_endpoints_must_confirm_before_they_get_messages() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let fixture = Fixture::new().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/hook", listener.local_addr().unwrap());
    let next = async || {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut text = String::new();
        let mut buffer = [0; 4096];
        while !text.contains("\r\n\r\n{") || !text.trim_end().ends_with('}') {
            let read = stream.read(&mut buffer).await.unwrap();
            text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await.unwrap();
        let body = text.split_once("\r\n\r\n").unwrap().1;
        (text.to_ascii_lowercase(), serde_json::from_str::<Value>(body).unwrap())
    };
    assert_eq!(fixture.subscribe("http", &endpoint, json!({})).await, "pending confirmation");
    let (head, asked) = next().await;
    assert!(head.contains("x-amz-sns-message-type: subscriptionconfirmation"), "{head}");
    fixture.publish(json!({})).await;
    let confirm = json!({ "TopicArn": TOPIC, "Token": asked["Token"] });
    let confirmed = fixture.ok("ConfirmSubscription", confirm).await;
    assert!(confirmed["SubscriptionArn"].as_str().unwrap().starts_with(TOPIC));
    fixture.publish(json!({ "Message": "second" })).await;
    let (head, notified) = next().await;
    assert!(head.contains("x-amz-sns-message-type: notification"), "{head}");
    assert_eq!(notified["Message"], "second", "earlier messages are not delivered");
}

#[tokio::test]
async fn subscriptions_are_listed_changed_and_deleted() {
    let fixture = Fixture::new().await;
    let arn = fixture.subscribe("sqs", QUEUE, json!({})).await;
    assert_eq!(fixture.subscribe("sqs", QUEUE, json!({})).await, arn, "one subscription for each endpoint");
    let listed = fixture.ok("ListSubscriptionsByTopic", json!({ "TopicArn": TOPIC })).await;
    assert_eq!(listed["Subscriptions"][0]["SubscriptionArn"], arn);
    let set =
        json!({ "SubscriptionArn": arn, "AttributeName": "FilterPolicy", "AttributeValue": "{\"a\":[1]}" });
    fixture.ok("SetSubscriptionAttributes", set).await;
    let shown = fixture.ok("GetSubscriptionAttributes", json!({ "SubscriptionArn": arn })).await;
    assert_eq!(shown["Attributes"]["FilterPolicy"], "{\"a\":[1]}");
    assert_eq!(shown["Attributes"]["PendingConfirmation"], "false");
    fixture.ok("Unsubscribe", json!({ "SubscriptionArn": arn })).await;
    let topic = fixture.ok("GetTopicAttributes", json!({ "TopicArn": TOPIC })).await;
    let count = |name: &str| topic["Attributes"][name].as_str().unwrap().to_owned();
    assert_eq!(
        (count("SubscriptionsConfirmed"), count("SubscriptionsDeleted")),
        ("0".to_owned(), "1".to_owned())
    );
    fixture.ok("DeleteTopic", json!({ "TopicArn": TOPIC })).await;
    assert_eq!(fixture.ok("ListTopics", json!({})).await, json!({ "Topics": [] }));
}

#[tokio::test]
async fn invalid_input_is_refused_in_the_services_words() {
    let fixture = Fixture::new().await;
    let check = async |operation: &str, input: Value, code: &str, words: &str| {
        let error = fixture.call(operation, input).await.expect_err(operation);
        assert_eq!(error.code, code, "{operation}: {error}");
        assert!(error.message.contains(words), "{operation}: {error}");
    };
    let invalid = "InvalidParameter";
    let subscribe = |protocol: &str, endpoint: &str| json!({ "TopicArn": TOPIC, "Protocol": protocol, "Endpoint": endpoint });
    check("CreateTopic", json!({ "Name": "a b" }), invalid, "Topic Name").await;
    check("CreateTopic", json!({ "Name": "a.fifo" }), invalid, "Topic Name").await;
    check("Publish", json!({ "TopicArn": TOPIC, "Message": "" }), invalid, "Empty message").await;
    check(
        "Publish",
        json!({ "TopicArn": TOPIC, "Message": "x".repeat(300_000) }),
        invalid,
        "Message too long",
    )
    .await;
    check("Publish", json!({ "TopicArn": TOPIC, "Message": "m", "Subject": "a\nb" }), invalid, "Subject")
        .await;
    check(
        "Publish",
        json!({ "TopicArn": format!("{TOPIC}x"), "Message": "m" }),
        "NotFound",
        "Topic does not exist",
    )
    .await;
    check(
        "Publish",
        json!({ "PhoneNumber": "+1", "Message": "m" }),
        "NotImplementedException",
        "text messages",
    )
    .await;
    check("Subscribe", subscribe("pigeon", "x"), invalid, "does not support this protocol string: pigeon")
        .await;
    check("Subscribe", subscribe("sms", "+1"), "NotImplementedException", "`sms` subscriptions").await;
    check("Subscribe", subscribe("sqs", "x"), invalid, "SQS endpoint ARN").await;
    check("Subscribe", subscribe("email", "nobody"), invalid, "Email address").await;
    check(
        "Subscribe",
        subscribe("http", "http://example.com/"),
        "NotImplementedException",
        "outside this machine",
    )
    .await;
    let with = |attributes: Value| {
        let mut input = subscribe("sqs", QUEUE);
        input["Attributes"] = attributes;
        input
    };
    check("Subscribe", with(json!({ "FilterPolicy": "{" })), invalid, "FilterPolicy: failed to parse JSON.")
        .await;
    check(
        "Subscribe",
        with(json!({ "FilterPolicy": "{\"a\":{\"b\":[1]}}" })),
        invalid,
        "does not support nested",
    )
    .await;
    check("Subscribe", with(json!({ "RedrivePolicy": "{}" })), invalid, "deadLetterTargetArn").await;
    check("Subscribe", with(json!({ "Colour": "red" })), invalid, "AttributeName").await;
    check("ConfirmSubscription", json!({ "TopicArn": TOPIC, "Token": "x" }), invalid, "Token").await;
    check("PublishBatch", json!({ "TopicArn": TOPIC }), "EmptyBatchRequest", "").await;
    check("Dance", json!({}), "UnknownOperationException", "sns:Dance").await;
}
