//! `SubscribeToShard` as clients call it: over HTTP/2 with prior knowledge, and over HTTP/1.1.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::{Bytes, BytesMut};
use devloop_cloud::{ApiError, Context};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use support::TestCloud;
use tokio::net::TcpStream;

const SHARD: &str = "shardId-000000000000";
const STREAM_ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/s";

/// A cloud with the stream `s` and its consumer `c`.
struct World {
    cloud: TestCloud,
    cx: Context,
    consumer: Value,
}

impl World {
    async fn start() -> Self {
        let cloud = TestCloud::start().await;
        let cx = cloud.cloud.context("us-east-1");
        let mut world = Self { cloud, cx, consumer: Value::Null };
        world.call("CreateStream", json!({ "StreamName": "s", "ShardCount": 1 })).await;
        let consumer = json!({ "StreamARN": STREAM_ARN, "ConsumerName": "c" });
        world.consumer =
            world.call("RegisterStreamConsumer", consumer).await["Consumer"]["ConsumerARN"].clone();
        world
    }

    async fn call(&self, operation: &str, input: Value) -> Value {
        self.cloud.cloud.call(&self.cx, "kinesis", operation, input).await.unwrap()
    }

    async fn put(&self, data: &str) {
        let data = BASE64_STANDARD.encode(data);
        self.call("PutRecord", json!({ "StreamName": "s", "PartitionKey": "k", "Data": data })).await;
    }

    async fn split(&self) {
        let half = (1_u128 << 127).to_string();
        let split = json!({ "StreamName": "s", "ShardToSplit": SHARD, "NewStartingHashKey": half });
        self.call("SplitShard", split).await;
    }

    /// The operation's input; it starts with the oldest record.
    fn input(&self) -> String {
        let position = json!({ "Type": "TRIM_HORIZON" });
        json!({ "ConsumerARN": self.consumer, "ShardId": SHARD, "StartingPosition": position }).to_string()
    }
}

const HEADERS: [(&str, &str); 2] =
    [("x-amz-target", "Kinesis_20131202.SubscribeToShard"), ("content-type", "application/x-amz-json-1.1")];

/// The messages of a response body, as they arrive.
struct Messages {
    body: Incoming,
    bytes: BytesMut,
    decoder: MessageFrameDecoder,
}

impl Messages {
    /// The next message: the name of its event, and its payload.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let DecodedFrame::Complete(message) = self.decoder.decode_frame(&mut self.bytes).unwrap() {
                return Some(read(&message));
            }
            let frame = self.body.frame().await?.unwrap();
            self.bytes.extend_from_slice(&frame.into_data().unwrap());
        }
    }
}

fn read(message: &aws_smithy_types::event_stream::Message) -> (String, Value) {
    let name = message.headers().iter().find(|header| header.name().as_str() == ":event-type").unwrap();
    let name = name.value().as_string().unwrap().as_str().to_owned();
    (name, serde_json::from_slice(message.payload()).unwrap())
}

fn texts(payload: &Value) -> Vec<String> {
    let records = payload["Records"].as_array().unwrap();
    let text = |record: &Value| BASE64_STANDARD.decode(record["Data"].as_str().unwrap()).unwrap();
    records.iter().map(|record| String::from_utf8(text(record)).unwrap()).collect()
}

#[tokio::test]
async fn over_http2_events_arrive_while_records_are_put() {
    let world = World::start().await;
    world.put("a").await;
    let connection = TcpStream::connect(world.cloud.address).await.unwrap();
    let (mut client, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(connection)).await.unwrap();
    let driven = tokio::spawn(connection);
    let mut request = Request::post(format!("http://{}/", world.cloud.address));
    for (name, value) in HEADERS {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(Bytes::from(world.input()))).unwrap();
    let answer = client.send_request(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/vnd.amazon.eventstream");
    let (bytes, decoder) = (BytesMut::new(), MessageFrameDecoder::new());
    let mut messages = Messages { body: answer.into_body(), bytes, decoder };
    assert_eq!(messages.next().await, Some(("initial-response".to_owned(), json!({}))));
    for text in ["a", "b", "c"] {
        let (name, payload) = messages.next().await.unwrap();
        assert_eq!((name.as_str(), texts(&payload)), ("SubscribeToShardEvent", vec![text.to_owned()]));
        world
            .put(match text {
                "a" => "b",
                "b" => "c",
                _ => "d",
            })
            .await;
    }
    world.split().await;
    let mut rest = Vec::new();
    let mut children = Value::Null;
    while let Some((_, payload)) = messages.next().await {
        rest.extend(texts(&payload));
        children = payload["ChildShards"].clone();
    }
    assert_eq!((rest, children.as_array().unwrap().len()), (vec!["d".to_owned()], 2));
    // The same connection accepted other requests while the subscription continued.
    drop(client);
    driven.await.unwrap().unwrap();
}

#[tokio::test]
async fn over_http1_a_closed_shard_is_read_to_its_end() {
    let world = World::start().await;
    world.put("a").await;
    world.split().await;
    let answer = world.cloud.send("POST", "/", &HEADERS, world.input()).await;
    assert_eq!(answer.status, 200);
    let (mut bytes, mut decoder) = (answer.body.clone(), MessageFrameDecoder::new());
    let mut names = Vec::new();
    let mut last = Value::Null;
    while let DecodedFrame::Complete(message) = decoder.decode_frame(&mut bytes).unwrap() {
        let (name, payload) = read(&message);
        names.push(name);
        last = payload;
    }
    assert_eq!(names, ["initial-response", "SubscribeToShardEvent"]);
    assert_eq!(texts(&last), ["a"]);
    let refused = world.cloud.send("POST", "/", &HEADERS, world.input()).await;
    assert_eq!((refused.status, refused.header("x-amzn-errortype")), (400, Some("ResourceInUseException")));
}

#[tokio::test]
async fn an_injected_fault_affects_a_subscription_too() {
    let world = World::start().await;
    let fault = ApiError::with_status(503, "ServiceUnavailable", "on purpose");
    world.cloud.cloud.faults().arm("kinesis:SubscribeToShard", 1, fault);
    let struck = world.cloud.send("POST", "/", &HEADERS, world.input()).await;
    assert_eq!((struck.status, struck.header("x-amzn-errortype")), (503, Some("ServiceUnavailable")));
}
