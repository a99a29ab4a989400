//! The real binary between a fake Runtime API and a fake Kinesis.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, like tests")]

#[path = "../../../common/tests/support/mod.rs"]
mod support;

use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};
use support::server::Request;
use support::{Answer, Environment, Server};

const BINARY: &str = env!("CARGO_BIN_EXE_upstream");
const EVENT: &str = include_str!("fixtures/post.json");

fn amz_json(status: u16, body: &Value) -> Answer {
    Answer::new(status, body.to_string()).header("content-type", "application/x-amz-json-1.1")
}

fn taken() -> Answer {
    amz_json(200, &json!({"ShardId": "shardId-000000000000", "SequenceNumber": "1"}))
}

/// A Kinesis that gives the same answer to everything, and shows its requests.
fn kinesis(answer: Answer) -> (String, Receiver<Request>) {
    let (seen, requests) = channel();
    let seen = Mutex::new(seen);
    let server = Server::start(move |request| {
        let _ = seen.lock().unwrap().send(request);
        answer.clone()
    });
    (format!("http://{}", server.address), requests)
}

fn start(endpoint: &str) -> Environment {
    Environment::start(BINARY, &[("STREAM_NAME", "KinesisStream"), ("AWS_ENDPOINT_URL", endpoint)])
}

#[test]
fn a_request_goes_through_the_whole_binary() {
    let (endpoint, requests) = kinesis(taken());
    let environment = start(&endpoint);
    let posted = environment.invoke(EVENT);
    assert_eq!(posted.path, "invocation/8476a536-e9f4-11e8-9739-2dfe598c3fcd/response");
    let expected = json!({"statusCode": 200, "headers": {"content-type": "application/json"}, "multiValueHeaders": {},
        "body": r#"{"message":"success"}"#, "isBase64Encoded": false});
    assert_eq!(posted.body, expected);
    let request = requests.recv().unwrap();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/"));
    assert_eq!(request.header("x-amz-target"), "Kinesis_20131202.PutRecord");
    assert!(request.header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/"));
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((&body["StreamName"], &body["PartitionKey"]), (&json!("KinesisStream"), &json!("1")));
    environment.invoke(EVENT);
    let log = environment.log();
    let outcomes: Vec<_> = log.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["accepted", "ok", "accepted", "ok"]);
    assert_eq!(log[1]["request_id"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    assert_eq!(log[1]["trace_id"], "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700");
}

/// Posts twice, so that a process that ended with the first request is noticed.
fn check_failure(environment: &Environment, cause: &str) {
    let message = format!("failed to put record to KinesisStream Kinesis Stream: {cause}");
    for _ in 0..2 {
        let posted = environment.invoke(EVENT);
        assert_eq!(posted.body["statusCode"], 500, "{}", posted.body);
        assert_eq!(posted.body["body"], json!({"message": message}).to_string());
    }
}

#[test]
fn a_missing_stream_is_an_answer_not_a_crash() {
    let missing = json!({"__type": "ResourceNotFoundException", "message": "Stream KinesisStream not found"});
    let (endpoint, _requests) = kinesis(amz_json(400, &missing));
    check_failure(&start(&endpoint), "ResourceNotFoundException");
}

#[test]
fn a_dead_endpoint_is_an_answer_in_time() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    check_failure(&start(&format!("http://{free}")), "connection failed");
}

#[test]
fn an_endpoint_that_never_answers_is_given_up() {
    // The kernel accepts connections, and no program reads them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let environment = start(&format!("http://{}", silent.local_addr().unwrap()));
    let posted = environment.invoke(EVENT);
    let message = r#"{"message":"failed to put record to KinesisStream Kinesis Stream: request timed out"}"#;
    assert_eq!(posted.body["body"], message);
}

#[test]
fn a_stream_that_stays_busy_is_503() {
    let busy = json!({"__type": "ProvisionedThroughputExceededException", "message": "Rate exceeded"});
    let (endpoint, _requests) = kinesis(amz_json(400, &busy));
    let posted = start(&endpoint).invoke(EVENT);
    assert_eq!(posted.body["statusCode"], 503, "{}", posted.body);
    assert_eq!(posted.body["headers"]["retry-after"], "1");
}

#[test]
fn the_endpoint_of_the_service_wins() {
    let (endpoint, requests) = kinesis(taken());
    let nobody = "http://127.0.0.1:1";
    let environment = Environment::start(
        BINARY,
        &[("STREAM_NAME", "s"), ("AWS_ENDPOINT_URL", nobody), ("AWS_ENDPOINT_URL_KINESIS", &endpoint)],
    );
    assert_eq!(environment.invoke(EVENT).body["statusCode"], 200);
    assert!(requests.recv().is_ok());
}

#[test]
fn without_a_stream_name_every_request_is_told() {
    let posted = Environment::start(BINARY, &[]).invoke(EVENT);
    let message = r#"{"message":"failed to put record to  Kinesis Stream: STREAM_NAME is not set"}"#;
    assert_eq!((&posted.body["statusCode"], &posted.body["body"]), (&json!(500), &json!(message)));
}

#[test]
fn an_event_of_another_kind_is_an_error_and_the_process_lives_on() {
    let (endpoint, _requests) = kinesis(taken());
    let environment = start(&endpoint);
    for event in ["[]", "null", r#"{"Records":[]}"#] {
        let posted = environment.invoke(event);
        assert_eq!(posted.path, "invocation/8476a536-e9f4-11e8-9739-2dfe598c3fcd/error", "{event}");
        assert_eq!(posted.body["errorType"], "InvalidEvent");
        assert!(posted.body["errorMessage"].as_str().unwrap().starts_with("failed to decode the event: "));
    }
    assert_eq!(environment.invoke(EVENT).body["statusCode"], 200);
    assert_eq!(environment.log()[0]["outcome"], "error");
}
