//! The function on a stream in memory: answers, records and log lines.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, like tests")]

use std::cell::RefCell;

use lambda_runtime::Context;
use pipeline_model::aws::Cause;
use pipeline_model::{Handler, Invocation, now_ms};
use serde_json::{Value, json};
use upstream::{Stream, Upstream};

const EVENT: &str = include_str!("fixtures/post.json");

/// A stream that keeps the records; it returns the prepared errors first.
#[derive(Default)]
struct Memory {
    records: RefCell<Vec<(String, Value)>>,
    failures: RefCell<Vec<Cause>>,
}

impl Stream for Memory {
    fn name(&self) -> &'static str {
        "KinesisStream"
    }

    async fn put(&self, partition_key: &str, data: &[u8]) -> Result<(), Cause> {
        if let Some(cause) = self.failures.borrow_mut().pop() {
            return Err(cause);
        }
        let record = serde_json::from_slice(data).unwrap();
        self.records.borrow_mut().push((partition_key.to_owned(), record));
        Ok(())
    }
}

struct Seen {
    status: i64,
    body: String,
    headers: Value,
    records: Vec<(String, Value)>,
    line: Value,
}

async fn send(event: Value, failures: Vec<Cause>, time_left_ms: i64) -> Seen {
    let mut context = Context::default();
    context.request_id = "lambda-1".into();
    context.deadline = u64::try_from(now_ms() + time_left_ms).unwrap();
    let mut invocation = Invocation::new("upstream", &context);
    let function = Upstream { stream: Memory { failures: RefCell::new(failures), ..Memory::default() } };
    let request = serde_json::from_value(event).unwrap();
    let answer = function.handle(request, &mut invocation).await.unwrap();
    let answer = serde_json::to_value(&answer).unwrap();
    Seen {
        status: answer["statusCode"].as_i64().unwrap(),
        body: answer["body"].as_str().unwrap().to_owned(),
        headers: answer["headers"].clone(),
        records: function.stream.records.into_inner(),
        line: serde_json::from_slice(invocation.lines()).unwrap(),
    }
}

fn event(change: impl FnOnce(&mut Value)) -> Value {
    let mut event = serde_json::from_str(EVENT).unwrap();
    change(&mut event);
    event
}

async fn post(body: &str) -> Seen {
    send(event(|event| event["body"] = json!(body)), vec![], 3000).await
}

fn throttled() -> Cause {
    Cause {
        short: "ProvisionedThroughputExceededException".into(),
        detail: "rate exceeded for shard".into(),
        throttled: true,
    }
}

#[tokio::test]
async fn a_message_becomes_a_record() {
    let seen = send(event(|_| ()), vec![], 3000).await;
    assert_eq!((seen.status, seen.body.as_str()), (200, r#"{"message":"success"}"#));
    assert_eq!(seen.headers, json!({"content-type": "application/json"}));
    let record = json!({
        "id": "1", "message": "Inbound request", "timestamp": 1_763_632_799,
        "requestId": "6e2f0b7a-5b1f-4a6e-9d5e-0f1c2b3a4d5e", "runId": "default", "receivedMs": 1_763_632_800_123_i64,
    });
    assert_eq!(seen.records, [("1".to_owned(), record)]);
    assert_eq!(seen.line["outcome"], "accepted");
    assert_eq!(seen.line["key"], "1");
    assert_eq!(seen.line["requestId"], "6e2f0b7a-5b1f-4a6e-9d5e-0f1c2b3a4d5e");
}

#[tokio::test]
async fn only_our_own_additions_travel() {
    let body = r#"{"id":"1","message":"m","timestamp":5,"requestId":"mine","runId":7,"receivedMs":1,"x":[]}"#;
    let record = post(body).await.records.remove(0).1;
    let names: Vec<_> = record.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names.len(), 6, "{names:?}");
    assert_eq!(record["requestId"], "6e2f0b7a-5b1f-4a6e-9d5e-0f1c2b3a4d5e");
    assert_eq!(record["runId"], "default");
    assert_eq!(record["receivedMs"], 1_763_632_800_123_i64);
}

#[tokio::test]
async fn faults_of_the_caller_are_named() {
    for (body, why) in [
        ("", "unexpected end of JSON input"),
        ("null", "null is not a JSON object"),
        (r#"["1","m",5]"#, "an array is not a JSON object"),
        (r#"{"message":"m","timestamp":5}"#, "id is required"),
        (r#"{"id":"1","timestamp":5}"#, "message is required"),
        (r#"{"id":"1","message":"m","timestamp":0}"#, "timestamp is required"),
    ] {
        let seen = post(body).await;
        let expected = json!({"message": format!("failed to unmarshal request body: {why}")}).to_string();
        assert_eq!((seen.status, seen.body), (400, expected), "{body}");
        assert!(seen.records.is_empty());
        assert_eq!(seen.headers["content-type"], "application/json");
        assert_eq!((&seen.line["outcome"], &seen.line["level"]), (&json!("invalid"), &json!("warn")));
    }
}

#[tokio::test]
async fn a_missing_body_is_empty() {
    let seen = send(event(|event| event["body"] = Value::Null), vec![], 3000).await;
    assert_eq!(seen.status, 400);
    assert!(seen.body.contains("unexpected end of JSON input"), "{}", seen.body);
}

#[tokio::test]
async fn a_binary_body_is_decoded() {
    let binary = |body: &str| {
        let body = json!(body);
        event(|event| {
            event["body"] = body;
            event["isBase64Encoded"] = json!(true);
        })
    };
    // {"id":"1","message":"m","timestamp":5}
    let good = binary("eyJpZCI6IjEiLCJtZXNzYWdlIjoibSIsInRpbWVzdGFtcCI6NX0=");
    assert_eq!(send(good, vec![], 3000).await.records.len(), 1);
    let bad = send(binary("{}"), vec![], 3000).await;
    assert_eq!(bad.status, 400);
    let prefix = r#"{"message":"failed to unmarshal request body: invalid base64: "#;
    assert!(bad.body.starts_with(prefix), "{}", bad.body);
}

#[tokio::test]
async fn a_run_is_named_by_header_or_query() {
    async fn check(expected: &str, change: impl FnOnce(&mut Value)) {
        let seen = send(event(change), vec![], 3000).await;
        assert_eq!(seen.records[0].1["runId"], expected);
        assert_eq!(seen.line["runId"], expected);
    }
    check("h", |event| {
        event["headers"]["X-Run-Id"] = json!("h");
        event["queryStringParameters"] = json!({"runId": "q"});
    })
    .await;
    check("q", |event| event["queryStringParameters"] = json!({"runId": "q"})).await;
    check("q2", |event| event["queryStringParameters"] = json!({"run-id": "q2"})).await;
    check("default", |event| event["headers"] = Value::Null).await;
    check("default", |event| event["headers"]["x-run-id"] = json!(":no")).await;
}

#[tokio::test]
async fn a_caller_without_gateway_gets_identity_from_lambda() {
    let bare = json!({"httpMethod": "POST", "requestContext": {"httpMethod": "POST"},
        "body": r#"{"id":"1","message":"m","timestamp":5}"#});
    let before = now_ms();
    let seen = send(bare, vec![], 3000).await;
    assert_eq!(seen.records[0].1["requestId"], "lambda-1");
    assert!(seen.records[0].1["receivedMs"].as_i64().unwrap() >= before);
}

#[tokio::test]
async fn what_fits_no_record_is_too_large() {
    async fn check(id: String, text: usize, status: i64) {
        let body = json!({"id": id, "message": "m".repeat(text), "timestamp": 5}).to_string();
        let seen = post(&body).await;
        assert_eq!(seen.status, status, "{} id characters, {text} text bytes", id.chars().count());
        if status == 413 {
            assert_eq!(seen.body, r#"{"message":"payload too large"}"#);
            assert_eq!(seen.line["outcome"], "too_large");
            assert!(seen.records.is_empty());
        }
    }
    check("ä".repeat(256), 1, 200).await;
    check("i".repeat(257), 1, 413).await;
    // The record around the text: names, punctuation, additions and the key, which counts once more.
    let around = json!({"id": "1", "message": "", "timestamp": 5, "requestId": "6e2f0b7a-5b1f-4a6e-9d5e-0f1c2b3a4d5e",
        "runId": "default", "receivedMs": 1_763_632_800_123_i64});
    let room = (1 << 20) - around.to_string().len() - 1;
    check("1".into(), room, 200).await;
    check("1".into(), room + 1, 413).await;
}

#[tokio::test]
async fn a_missing_stream_is_told_without_internals() {
    let cause = Cause {
        short: "ResourceNotFoundException".into(),
        detail: "service error: ResourceNotFoundException: Stream KinesisStream under account 1 not found"
            .into(),
        throttled: false,
    };
    let seen = send(event(|_| ()), vec![cause], 3000).await;
    let expected =
        r#"{"message":"failed to put record to KinesisStream Kinesis Stream: ResourceNotFoundException"}"#;
    assert_eq!((seen.status, seen.body.as_str()), (500, expected));
    assert_eq!((&seen.line["outcome"], &seen.line["level"]), (&json!("failed"), &json!("error")));
    assert!(seen.line["error"].as_str().unwrap().contains("under account 1"));
}

#[tokio::test]
async fn a_busy_stream_is_tried_again() {
    let seen = send(event(|_| ()), vec![throttled(), throttled()], 3000).await;
    assert_eq!((seen.status, seen.records.len()), (200, 1));
}

#[tokio::test]
async fn a_stream_that_stays_busy_is_503_before_the_deadline() {
    let seen = send(event(|_| ()), vec![throttled(); 1000], 560).await;
    let expected =
        r#"{"message":"failed to put record to KinesisStream Kinesis Stream: throughput exceeded"}"#;
    assert_eq!((seen.status, seen.body.as_str()), (503, expected));
    assert_eq!(seen.headers, json!({"content-type": "application/json", "retry-after": "1"}));
    assert_eq!(seen.line["outcome"], "throttled");
}

/// A stream that may refuse once, and then never answers.
struct Silent {
    refusal: RefCell<Option<Cause>>,
}

impl Stream for Silent {
    fn name(&self) -> &'static str {
        "KinesisStream"
    }

    async fn put(&self, _: &str, _: &[u8]) -> Result<(), Cause> {
        let refusal = self.refusal.borrow_mut().take();
        match refusal {
            Some(cause) => Err(cause),
            None => std::future::pending().await,
        }
    }
}

#[tokio::test]
async fn a_silent_stream_is_answered_before_the_deadline() {
    async fn check(refusal: Option<Cause>, status: i64) {
        let mut context = Context::default();
        context.deadline = u64::try_from(now_ms() + 560).unwrap();
        let mut invocation = Invocation::new("upstream", &context);
        let request = serde_json::from_str(EVENT).unwrap();
        let function = Upstream { stream: Silent { refusal: RefCell::new(refusal) } };
        let answer = function.handle(request, &mut invocation).await.unwrap();
        assert_eq!(answer.status_code, status);
    }
    check(None, 500).await;
    check(Some(throttled()), 503).await;
}
