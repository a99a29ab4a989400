//! Tests of mappings with real queues and streams, a fake function, and a clock that the test drives.

use std::{sync::Arc, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use crate::{
    clock::Clock,
    context::Context,
    error::ApiError,
    functions::Outcome,
    limits::Limits,
    services::{
        cloudwatch::CloudWatch,
        dynamodb::TableStream,
        kinesis::{Consumed, Kinesis, Stream},
        sqs::Sqs,
    },
    triggers::{
        mappings::Mappings,
        outside::{Destination, Invoke, Measure, Notice, Queues, Sources},
        settings::Options,
    },
};

const START_MS: i64 = 1_700_000_000_000;
const ARN: &str = "arn:aws:sqs:us-east-1:000000000000:q";
const URL: &str = "http://127.0.0.1:4566/000000000000/q";
const DEAD: &str = "http://127.0.0.1:4566/000000000000/dead";

/// The function's answer to the payloads and ids of a batch.
type Behaviour = Box<dyn FnMut(&[(String, String)]) -> Result<Value, Option<ApiError>> + Send>;

/// What a message's sender or a record's producer sent, and the id that it got.
fn payload_and_id(record: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let Some(kinesis) = record.get("kinesis") else {
        return (text(&record["body"]), text(&record["messageId"]));
    };
    let data = BASE64_STANDARD.decode(text(&kinesis["data"])).unwrap();
    (String::from_utf8(data).unwrap(), text(&kinesis["sequenceNumber"]))
}

pub(in crate::triggers) struct Fake {
    sqs: Arc<Sqs>,
    kinesis: Kinesis,
    behaviour: Mutex<Behaviour>,
    /// Invocations wait until this is true.
    open: watch::Sender<bool>,
    calls: mpsc::UnboundedSender<Value>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Fake").finish_non_exhaustive()
    }
}

impl Invoke for Fake {
    fn function_arn(&self, cx: &Context, function: &str) -> Result<String, ApiError> {
        Ok(cx.arn("lambda", &format!("function:{function}")))
    }

    async fn invoke(&self, cx: &Context, _: &str, payload: Bytes) -> Result<Outcome, ApiError> {
        let event: Value = serde_json::from_slice(&payload).unwrap();
        let records: Vec<_> = event["Records"].as_array().unwrap().iter().map(payload_and_id).collect();
        self.calls.send(event).unwrap();
        self.open.subscribe().wait_for(|open| *open).await.unwrap();
        let (payload, function_error) = match (self.behaviour.lock())(&records) {
            Ok(answer) => (answer.to_string(), None),
            Err(None) => ("{}".to_owned(), Some("Unhandled")),
            Err(Some(error)) => return Err(error),
        };
        Ok(Outcome {
            request_id: cx.request_id.to_string(),
            payload: payload.into(),
            function_error,
            executed_version: "$LATEST".to_owned(),
            log_tail: String::new(),
        })
    }
}

impl Destination for Fake {
    async fn send(&self, _: &Context, _: &str, _: Notice) -> Result<(), ApiError> {
        Ok(())
    }
}

impl Measure for Fake {
    fn iterator_age(&self, _: &str, _: &str, _: i64, _: i64) {}
}

impl Queues for Fake {
    fn sqs(&self) -> &Arc<Sqs> {
        &self.sqs
    }
}

impl Sources for Fake {
    type Kinesis = Stream;
    type Consumer = Consumed;
    type DynamoDb = TableStream;

    fn kinesis(&self, region: &str, stream_arn: &str) -> Result<Arc<Stream>, ApiError> {
        self.kinesis.source(region, stream_arn)
    }

    fn consumer(&self, region: &str, consumer_arn: &str) -> Result<Arc<Consumed>, ApiError> {
        self.kinesis.consumed(region, consumer_arn)
    }

    fn dynamodb(&self, _: &str, _: &str) -> Result<Arc<TableStream>, ApiError> {
        Err(ApiError::internal("no tables here"))
    }
}

/// A queue `q` that moves messages to its dead-letter queue after five receives, and mappings.
pub(in crate::triggers) struct World {
    clock: Clock,
    fake: Arc<Fake>,
    pub(in crate::triggers) mappings: Mappings<Fake>,
    cx: Context,
    seen: mpsc::UnboundedReceiver<Value>,
}

impl World {
    pub(in crate::triggers) async fn new() -> Self {
        let clock = Clock::manual(START_MS);
        let (calls, seen) = mpsc::unbounded_channel();
        let fake = Arc::new(Fake {
            sqs: Arc::new(Sqs::new(clock.clone())),
            kinesis: Kinesis::new(clock.clone(), Limits::Machine, Arc::new(CloudWatch::new(clock.clone()))),
            behaviour: Mutex::new(Box::new(|_| Ok(Value::Null))),
            open: watch::Sender::new(true),
            calls,
        });
        let mappings = Mappings::new(clock.clone(), Arc::clone(&fake));
        let cx = Context {
            region: "us-east-1".into(),
            account: "000000000000".into(),
            endpoint: "http://127.0.0.1:4566".into(),
            request_id: "r".into(),
            access_key: None,
        };
        let world = Self { clock, fake, mappings, cx, seen };
        world.sqs("CreateQueue", json!({ "QueueName": "dead" })).await;
        let dead = "arn:aws:sqs:us-east-1:000000000000:dead";
        let redrive = json!({ "deadLetterTargetArn": dead, "maxReceiveCount": 5 }).to_string();
        let queue = json!({ "QueueName": "q", "Attributes": { "RedrivePolicy": redrive } });
        world.sqs("CreateQueue", queue).await;
        world
    }

    pub(in crate::triggers) async fn kinesis(&self, operation: &str, input: Value) -> Value {
        self.fake.kinesis.call(&self.cx, operation, input).await.unwrap()
    }

    pub(in crate::triggers) async fn sqs(&self, operation: &str, input: Value) -> Value {
        self.fake.sqs.call(&self.cx, operation, input).await.unwrap()
    }

    async fn send(&self, body: &str) {
        self.sqs("SendMessage", json!({ "QueueUrl": URL, "MessageBody": body })).await;
    }

    fn options(more: Value) -> Result<Options, ApiError> {
        let mut options = json!({ "EventSourceArn": ARN, "FunctionName": "f" });
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Options::create(options)
    }

    /// Maps the queue to the function; returns the mapping's UUID.
    pub(in crate::triggers) fn map(&self, more: Value) -> String {
        self.mappings.create(&self.cx, Self::options(more).unwrap()).unwrap().uuid.clone()
    }

    pub(in crate::triggers) fn update(&self, uuid: &str, options: Value) {
        self.mappings.update(&self.cx, uuid, &Options::update(options).unwrap()).unwrap();
    }

    fn answers(
        &self,
        behaviour: impl FnMut(&[(String, String)]) -> Result<Value, Option<ApiError>> + Send + 'static,
    ) {
        *self.fake.behaviour.lock() = Box::new(behaviour);
    }

    fn hold(&self, hold: bool) {
        self.fake.open.send_replace(!hold);
    }

    pub(in crate::triggers) async fn settle(&self) {
        for _ in 0..300 {
            tokio::task::yield_now().await;
        }
    }

    async fn pass(&self, seconds: u64) {
        self.settle().await;
        self.clock.advance(Duration::from_secs(seconds));
        self.settle().await;
    }

    /// The payloads and ids of each batch since the last call.
    pub(in crate::triggers) async fn batches(&mut self) -> Vec<Vec<(String, String)>> {
        self.settle().await;
        std::iter::from_fn(|| self.seen.try_recv().ok())
            .map(|event| event["Records"].as_array().unwrap().iter().map(payload_and_id).collect())
            .collect()
    }

    /// The bodies of each batch since the last call.
    async fn calls(&mut self) -> Vec<Vec<String>> {
        let bodies = |batch: Vec<(String, String)>| batch.into_iter().map(|(body, _)| body).collect();
        self.batches().await.into_iter().map(bodies).collect()
    }

    /// Visible and invisible messages of a queue.
    async fn counts(&self, url: &str) -> (String, String) {
        let answer =
            self.sqs("GetQueueAttributes", json!({ "QueueUrl": url, "AttributeNames": ["All"] })).await;
        let count = |name: &str| answer["Attributes"][name].as_str().unwrap().to_owned();
        (count("ApproximateNumberOfMessages"), count("ApproximateNumberOfMessagesNotVisible"))
    }

    async fn is_empty(&self, url: &str) -> bool {
        self.counts(url).await == ("0".to_owned(), "0".to_owned())
    }
}

#[tokio::test]
async fn messages_are_delivered_and_deleted() {
    let mut world = World::new().await;
    world.map(json!({ "BatchSize": 2 }));
    world.settle().await;
    for body in ["a", "b", "c"] {
        world.send(body).await;
    }
    let calls = world.calls().await;
    let mut bodies: Vec<_> = calls.iter().flatten().cloned().collect();
    bodies.sort();
    assert_eq!(bodies, ["a", "b", "c"]);
    assert!(calls.iter().all(|batch| batch.len() <= 2), "{calls:?}");
    assert!(world.is_empty(URL).await);
}

#[tokio::test]
async fn the_event_has_the_shape_that_aws_documents() {
    let mut world = World::new().await;
    let attributes = json!({
        "n": { "DataType": "Number", "StringValue": "7" },
        "b": { "DataType": "Binary", "BinaryValue": "AAE=" },
    });
    let body = "{\"a\": \"☃\\u0041\"}";
    let sent = world
        .sqs("SendMessage", json!({ "QueueUrl": URL, "MessageBody": body, "MessageAttributes": attributes }))
        .await;
    world.map(json!({}));
    world.settle().await;
    let event = world.seen.recv().await.unwrap();
    let record = &event["Records"][0];
    let expected = json!({
        "messageId": sent["MessageId"],
        "receiptHandle": record["receiptHandle"],
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": START_MS.to_string(),
            "SenderId": "000000000000",
            "ApproximateFirstReceiveTimestamp": START_MS.to_string(),
        },
        "messageAttributes": {
            "n": { "stringValue": "7", "dataType": "Number", "stringListValues": [], "binaryListValues": [] },
            "b": { "binaryValue": "AAE=", "dataType": "Binary", "stringListValues": [], "binaryListValues": [] },
        },
        "md5OfBody": sent["MD5OfMessageBody"],
        "md5OfMessageAttributes": sent["MD5OfMessageAttributes"],
        "eventSource": "aws:sqs",
        "eventSourceARN": ARN,
        "awsRegion": "us-east-1",
    });
    assert_eq!(event, json!({ "Records": [expected] }));
}

#[tokio::test]
async fn a_failed_message_returns_after_its_visibility_timeout_and_moves_after_five_tries() {
    let mut world = World::new().await;
    world.answers(|_| Err(None));
    world.map(json!({}));
    world.send("poison").await;
    for _ in 0..5 {
        assert_eq!(world.calls().await, [["poison"]]);
        world.pass(29).await;
        assert_eq!(
            world.calls().await,
            Vec::<Vec<String>>::new(),
            "not before its visibility timeout is over"
        );
        world.pass(1).await;
    }
    assert_eq!(world.calls().await, Vec::<Vec<String>>::new());
    assert!(world.is_empty(URL).await);
    assert_eq!(world.counts(DEAD).await.0, "1");
}

#[tokio::test]
async fn only_the_named_messages_return() {
    let mut world = World::new().await;
    world.answers(|records| {
        let bad =
            records.iter().filter(|(body, _)| body == "bad").map(|(_, id)| json!({ "itemIdentifier": id }));
        Ok(json!({ "batchItemFailures": bad.collect::<Vec<_>>() }))
    });
    for body in ["a", "bad", "c"] {
        world.send(body).await;
    }
    world.map(json!({ "FunctionResponseTypes": ["ReportBatchItemFailures"] }));
    assert_eq!(world.calls().await, [["a", "bad", "c"]]);
    assert_eq!(world.counts(URL).await, ("0".to_owned(), "1".to_owned()));
    world.pass(30).await;
    assert_eq!(world.calls().await, [["bad"]]);
    // Without the response type the answer is ignored.
    let uuid = world
        .mappings
        .list(&world.cx, &crate::triggers::mappings::Filter { limit: 1, ..Default::default() })
        .0[0]
        .uuid
        .clone();
    world.update(&uuid, json!({ "FunctionResponseTypes": [] }));
    world.pass(30).await;
    assert_eq!(world.calls().await, [["bad"]]);
    assert!(world.is_empty(URL).await);
}

#[tokio::test]
async fn a_window_gathers_more_than_ten() {
    let mut world = World::new().await;
    world.map(json!({ "BatchSize": 25, "MaximumBatchingWindowInSeconds": 5 }));
    world.settle().await;
    for number in 0..30 {
        world.send(&number.to_string()).await;
    }
    let calls = world.calls().await;
    assert_eq!(calls.iter().map(Vec::len).collect::<Vec<_>>(), [25], "the rest waits for the window");
    world.pass(5).await;
    assert_eq!(world.calls().await.iter().map(Vec::len).collect::<Vec<_>>(), [5]);
}

#[tokio::test]
async fn concurrency_grows_to_its_limit_and_no_further() {
    let mut world = World::new().await;
    world.hold(true);
    let uuid = world.map(json!({ "BatchSize": 1, "ScalingConfig": { "MaximumConcurrency": 3 } }));
    for number in 0..150 {
        world.send(&number.to_string()).await;
    }
    assert_eq!(world.calls().await.len(), 3);
    world.update(&uuid, json!({ "ScalingConfig": {} }));
    assert_eq!(world.calls().await.len(), 97, "a hundred together");
    world.hold(false);
    world.settle().await;
    world.settle().await;
    assert_eq!(world.calls().await.len(), 50);
    assert!(world.is_empty(URL).await);
}

#[tokio::test]
async fn messages_that_no_filter_accepts_are_deleted() {
    let mut world = World::new().await;
    let filters = json!([{ "Pattern": json!({ "body": { "kind": ["order"] } }).to_string() }]);
    world.map(json!({ "FilterCriteria": { "Filters": filters } }));
    world.settle().await;
    for body in ["{\"kind\":\"order\"}", "{\"kind\":\"other\"}", "text"] {
        world.send(body).await;
    }
    assert_eq!(world.calls().await, [["{\"kind\":\"order\"}"]]);
    assert!(world.is_empty(URL).await);
}

#[tokio::test]
async fn a_long_invocation_keeps_its_messages_invisible() {
    let mut world = World::new().await;
    world.hold(true);
    world.map(json!({}));
    world.send("slow").await;
    for _ in 0..20 {
        world.pass(15).await;
    }
    assert_eq!(world.calls().await, [["slow"]], "nobody else got it for five minutes");
    world.answers(|_| Err(None));
    world.hold(false);
    world.settle().await;
    assert_eq!(world.calls().await, [["slow"]], "its visibility timeout is long over");
}

#[tokio::test]
async fn disabling_loses_nothing() {
    let mut world = World::new().await;
    let uuid = world.map(json!({ "BatchSize": 10, "MaximumBatchingWindowInSeconds": 60 }));
    world.settle().await;
    world.send("gathered").await;
    assert_eq!(world.calls().await, Vec::<Vec<String>>::new());
    world.update(&uuid, json!({ "Enabled": false }));
    assert_eq!(world.calls().await, [["gathered"]], "received messages are delivered");
    let state = |world: &World| world.mappings.get(&world.cx, &uuid).unwrap().facts().state.name();
    assert_eq!(state(&world), "Disabled");
    world.send("later").await;
    assert_eq!(world.calls().await, Vec::<Vec<String>>::new());
    world.update(&uuid, json!({ "Enabled": true, "MaximumBatchingWindowInSeconds": 0 }));
    assert_eq!(world.calls().await, [["later"]]);
    assert_eq!(state(&world), "Enabled");
    world.hold(true);
    world.send("under way").await;
    assert_eq!(world.calls().await, [["under way"]]);
    world.mappings.delete(&world.cx, &uuid).unwrap();
    world.hold(false);
    world.settle().await;
    assert!(world.is_empty(URL).await, "the function's answer still counts");
}

#[tokio::test]
async fn an_unreachable_function_is_called_less_and_less_often() {
    let mut world = World::new().await;
    world.answers(|_| Err(Some(ApiError::with_status(429, "TooManyRequestsException", "Rate Exceeded."))));
    world.map(json!({ "BatchSize": 1, "ScalingConfig": { "MaximumConcurrency": 2 } }));
    world.settle().await;
    for number in 0..20 {
        world.send(&number.to_string()).await;
    }
    let tried = world.calls().await.len();
    assert!(tried <= 4, "{tried}");
    world.answers(|_| Ok(Value::Null));
    for _ in 0..10 {
        world.pass(10).await;
    }
    assert!(world.is_empty(URL).await);
}

#[tokio::test]
async fn a_mapping_survives_the_deletion_of_its_queue() {
    let mut world = World::new().await;
    let uuid = world.map(json!({}));
    world.settle().await;
    world.sqs("DeleteQueue", json!({ "QueueUrl": URL })).await;
    world.settle().await;
    let facts = world.mappings.get(&world.cx, &uuid).unwrap().facts();
    assert_eq!((facts.state.name(), facts.last_result.text()), ("Disabled", "PROBLEM: Queue not found"));
    world.sqs("CreateQueue", json!({ "QueueName": "q" })).await;
    world.update(&uuid, json!({ "Enabled": true }));
    world.send("again").await;
    assert_eq!(world.calls().await, [["again"]]);
}

#[tokio::test]
async fn options_of_streams_and_invalid_ones_are_refused() {
    let world = World::new().await;
    world.sqs("CreateQueue", json!({ "QueueName": "o.fifo", "Attributes": { "FifoQueue": "true" } })).await;
    let check = |more: Value, words: &str| {
        let error =
            World::options(more.clone()).and_then(|options| world.mappings.create(&world.cx, options));
        let error = error.map(|mapping| mapping.uuid.clone()).unwrap_err();
        assert!(error.message.contains(words), "{more}: {error}");
    };
    check(json!({ "BatchSize": 11 }), "Maximum batch window in seconds must be greater than 0");
    check(json!({ "MaximumRetryAttempts": 1 }), "Unsupported parameter for event source type SQS");
    check(json!({ "StartingPosition": "LATEST" }), "StartingPosition is not valid");
    check(json!({ "ScalingConfig": { "MaximumConcurrency": 1 } }), "greater than or equal to 2");
    let fifo = "arn:aws:sqs:us-east-1:000000000000:o.fifo";
    check(json!({ "EventSourceArn": fifo, "MaximumBatchingWindowInSeconds": 1 }), "not supported for FIFO");
    check(json!({ "EventSourceArn": format!("{ARN}x") }), "The specified queue does not exist");
}
