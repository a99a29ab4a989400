//! Stand-ins for the other services that mappings use.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use crate::{
    clock::Clock,
    context::Context,
    error::ApiError,
    functions::Outcome,
    services::sqs::Sqs,
    shard::{Entry, ShardLog},
    source::{Source, SourceShard},
    triggers::outside::{Destination, Invoke, Measure, Notice, Queues, Sources},
};

pub(super) const KINESIS_ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/orders";
pub(super) const DYNAMODB_ARN: &str =
    "arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/2026-11-20T10:00:00.000";
pub(super) const QUEUE_ARN: &str = "arn:aws:sqs:us-east-1:000000000000:failures";

/// A stream whose records are numbers.
#[derive(Debug)]
pub(super) struct FakeStream {
    arn: &'static str,
    shards: Mutex<Vec<Arc<FakeShard>>>,
    changes: watch::Sender<u64>,
    deleted: AtomicBool,
}

#[derive(Debug)]
pub(super) struct FakeShard {
    id: String,
    parents: Vec<String>,
    pub(super) log: ShardLog<u32>,
    /// How many bytes of padding each record's JSON has.
    pub(super) padding: AtomicUsize,
}

impl FakeStream {
    pub(super) fn new(arn: &'static str) -> Self {
        let stream = Self {
            arn,
            shards: Mutex::default(),
            changes: watch::Sender::new(0),
            deleted: AtomicBool::new(false),
        };
        stream.add_shard("shard-0", &[], 1_000);
        stream
    }

    pub(super) fn add_shard(&self, id: &str, parents: &[&str], first: u128) -> Arc<FakeShard> {
        let parents = parents.iter().map(|&parent| parent.to_owned()).collect();
        let (log, padding) = (ShardLog::new(first, &Arc::default()), AtomicUsize::new(0));
        let shard = Arc::new(FakeShard { id: id.to_owned(), parents, log, padding });
        self.shards.lock().push(Arc::clone(&shard));
        self.changes.send_modify(|count| *count += 1);
        shard
    }

    pub(super) fn shard(&self, index: usize) -> Arc<FakeShard> {
        Arc::clone(&self.shards.lock()[index])
    }

    pub(super) fn delete(&self) {
        self.deleted.store(true, Ordering::Release);
        self.shards.lock().iter().for_each(|shard| shard.log.close());
        self.changes.send_modify(|count| *count += 1);
    }
}

impl Source for FakeStream {
    type Shard = FakeShard;

    fn arn(&self) -> &str {
        self.arn
    }

    fn shards(&self) -> Vec<Arc<FakeShard>> {
        self.shards.lock().clone()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn is_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire)
    }
}

impl SourceShard for FakeShard {
    type Record = u32;

    fn id(&self) -> &str {
        &self.id
    }

    fn parents(&self) -> &[String] {
        &self.parents
    }

    fn log(&self) -> &ShardLog<u32> {
        &self.log
    }

    fn event(&self, entry: &Entry<u32>) -> Value {
        let padding = "x".repeat(self.padding.load(Ordering::Acquire));
        json!({ "n": *entry.record, "sequence": Self::sequence(entry.sequence), "padding": padding })
    }

    /// Every hundred consecutive numbers share one key.
    fn key(&self, entry: &Entry<u32>) -> u64 {
        u64::from(*entry.record / 100)
    }

    fn sequence(number: u128) -> String {
        number.to_string()
    }

    fn parse_sequence(text: &str) -> Option<u128> {
        text.parse().ok()
    }
}

/// What the function answers.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Json(Value),
    Error,
    Throttle,
}

/// Decides the function's response from the numbers of the batch and their sequence numbers.
type Behaviour = Box<dyn FnMut(&[(u32, String)]) -> Answer + Send>;

/// Decides the response to a window's event; the event is passed without its records.
type Windowed = Box<dyn FnMut(&Value, &[(u32, String)]) -> Answer + Send>;

/// Functions `f` and `g`, the two streams, and a queue.
pub(super) struct FakeCloud {
    sqs: Arc<Sqs>,
    pub(super) kinesis: Mutex<Arc<FakeStream>>,
    pub(super) dynamodb: Arc<FakeStream>,
    pub(super) behaviour: Mutex<Behaviour>,
    pub(super) windowed: Mutex<Windowed>,
    /// Invocations wait until this is true.
    pub(super) open: watch::Sender<bool>,
    /// How many more messages the queue refuses.
    pub(super) refusals: AtomicUsize,
    pub(super) ages: Mutex<Vec<(String, i64)>>,
    /// The events of windows, without their records.
    pub(super) windows: Mutex<Vec<Value>>,
    /// The keys under which a bucket would store the destination's records.
    pub(super) keys: Mutex<Vec<String>>,
    calls: mpsc::UnboundedSender<(String, Vec<u32>)>,
    sent: mpsc::UnboundedSender<(String, Value)>,
}

/// What the function and the queue received.
pub(super) struct Seen {
    pub(super) calls: mpsc::UnboundedReceiver<(String, Vec<u32>)>,
    pub(super) sent: mpsc::UnboundedReceiver<(String, Value)>,
}

impl FakeCloud {
    pub(super) fn new(clock: &Clock) -> (Self, Seen) {
        let (calls, calls_seen) = mpsc::unbounded_channel();
        let (sent, sent_seen) = mpsc::unbounded_channel();
        let cloud = Self {
            sqs: Arc::new(Sqs::new(clock.clone())),
            kinesis: Mutex::new(Arc::new(FakeStream::new(KINESIS_ARN))),
            dynamodb: Arc::new(FakeStream::new(DYNAMODB_ARN)),
            behaviour: Mutex::new(Box::new(|_| Answer::Json(Value::Null))),
            open: watch::Sender::new(true),
            refusals: AtomicUsize::new(0),
            ages: Mutex::default(),
            windows: Mutex::default(),
            keys: Mutex::default(),
            windowed: Mutex::new(Box::new(|event, _| Answer::Json(json!({ "state": event["state"] })))),
            calls,
            sent,
        };
        (cloud, Seen { calls: calls_seen, sent: sent_seen })
    }
}

impl fmt::Debug for FakeCloud {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FakeCloud").finish_non_exhaustive()
    }
}

fn missing(what: &str) -> ApiError {
    ApiError::with_status(404, "ResourceNotFoundException", format!("{what} not found"))
}

impl Invoke for FakeCloud {
    fn function_arn(&self, cx: &Context, function: &str) -> Result<String, ApiError> {
        let name = function.rsplit_once("function:").map_or(function, |(_, name)| name);
        match name.split(':').next() {
            Some("f" | "g") => Ok(cx.arn("lambda", &format!("function:{name}"))),
            _ => Err(missing("function")),
        }
    }

    async fn invoke(&self, cx: &Context, function: &str, payload: Bytes) -> Result<Outcome, ApiError> {
        let mut event: Value = serde_json::from_slice(&payload).unwrap();
        let records: Vec<(u32, String)> = event["Records"]
            .as_array()
            .unwrap()
            .iter()
            .map(|record| {
                (record["n"].as_u64().unwrap() as u32, record["sequence"].as_str().unwrap().to_owned())
            })
            .collect();
        let numbers = records.iter().map(|(number, _)| *number).collect();
        self.calls.send((function.to_owned(), numbers)).unwrap();
        self.open.subscribe().wait_for(|open| *open).await.unwrap();
        let answer = if event.get("window").is_some() {
            event.as_object_mut().unwrap().remove("Records");
            self.windows.lock().push(event.clone());
            (self.windowed.lock())(&event, &records)
        } else {
            (self.behaviour.lock())(&records)
        };
        let (payload, function_error) = match answer {
            Answer::Json(answer) => (answer.to_string().into(), None),
            Answer::Error => (Bytes::from_static(b"{\"errorType\":\"E\"}"), Some("Unhandled")),
            Answer::Throttle => {
                return Err(ApiError::with_status(429, "TooManyRequestsException", "Rate Exceeded."));
            }
        };
        Ok(Outcome {
            request_id: cx.request_id.to_string(),
            payload,
            function_error,
            executed_version: "$LATEST".to_owned(),
            log_tail: String::new(),
        })
    }
}

impl Destination for FakeCloud {
    async fn send(&self, _: &Context, destination_arn: &str, notice: Notice) -> Result<(), ApiError> {
        let refused =
            self.refusals.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1));
        if refused.is_ok() {
            return Err(ApiError::internal("the queue is down"));
        }
        self.keys.lock().push(notice.key);
        let record = serde_json::from_str(&notice.body).unwrap();
        self.sent.send((destination_arn.to_owned(), record)).unwrap();
        Ok(())
    }
}

impl Measure for FakeCloud {
    fn iterator_age(&self, _: &str, function: &str, age_ms: i64, _: i64) {
        self.ages.lock().push((function.to_owned(), age_ms));
    }
}

impl Queues for FakeCloud {
    fn sqs(&self) -> &Arc<Sqs> {
        &self.sqs
    }
}

impl Sources for FakeCloud {
    type Kinesis = FakeStream;
    type Consumer = FakeStream;
    type DynamoDb = FakeStream;

    fn kinesis(&self, _: &str, stream_arn: &str) -> Result<Arc<FakeStream>, ApiError> {
        let stream = Arc::clone(&self.kinesis.lock());
        if stream_arn == KINESIS_ARN && !stream.is_deleted() { Ok(stream) } else { Err(missing("stream")) }
    }

    fn consumer(&self, region: &str, consumer_arn: &str) -> Result<Arc<FakeStream>, ApiError> {
        match consumer_arn.split_once("/consumer/") {
            Some((stream, "reader:1")) => self.kinesis(region, stream),
            _ => Err(missing("consumer")),
        }
    }

    fn dynamodb(&self, _: &str, stream_arn: &str) -> Result<Arc<FakeStream>, ApiError> {
        if stream_arn == DYNAMODB_ARN { Ok(Arc::clone(&self.dynamodb)) } else { Err(missing("stream")) }
    }
}
