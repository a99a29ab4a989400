//! The real binary between a fake Runtime API and a fake `CloudWatch`.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, like tests")]

#[path = "../../../common/tests/support/mod.rs"]
mod support;

use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use serde_json::json;
use support::server::Request;
use support::{Answer, Environment, Server};

const BINARY: &str = env!("CARGO_BIN_EXE_downstream");
const EVENT: &str = include_str!("fixtures/batch.json");
const FIRST: &str = "400000000000003490001";

/// A `CloudWatch` that gives the same answer to everything, and shows its requests.
fn cloudwatch(answer: Answer) -> (String, Receiver<Request>) {
    let (seen, requests) = channel();
    let seen = Mutex::new(seen);
    let server = Server::start(move |request| {
        let _ = seen.lock().unwrap().send(request);
        answer.clone()
    });
    (format!("http://{}", server.address), requests)
}

/// An empty map in CBOR, which is what the SDK speaks with this service.
fn taken() -> Answer {
    Answer::new(200, [0xa0])
        .header("smithy-protocol", "rpc-v2-cbor")
        .header("content-type", "application/cbor")
}

fn start(endpoint: &str) -> Environment {
    Environment::start(BINARY, &[("AWS_ENDPOINT_URL", endpoint), ("PARTIAL_BATCH", "on")])
}

#[test]
fn a_batch_goes_through_the_whole_binary_in_one_call() {
    let (endpoint, requests) = cloudwatch(taken());
    let environment = start(&endpoint);
    assert_eq!(environment.invoke(EVENT).body, json!({"batchItemFailures": []}));
    let calls: Vec<_> = requests.try_iter().collect();
    assert_eq!(calls.len(), 1);
    assert!(calls[0].path.ends_with("/operation/PutMetricData"), "{}", calls[0].path);
    let body = String::from_utf8_lossy(&calls[0].body);
    for word in
        ["ServerlessDataProcessingPipeline/Latencies", "Latency", "Milliseconds", "RunId", "run", "default"]
    {
        assert!(body.contains(word), "{word} in {body}");
    }
    let log = environment.log();
    let outcomes: Vec<_> = log.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["measured", "measured", "measured", "removed", "ok"]);
}

#[test]
fn a_service_that_is_down_hands_back_the_batch() {
    let (endpoint, requests) = cloudwatch(Answer::new(503, ""));
    let environment = start(&endpoint);
    assert_eq!(environment.invoke(EVENT).body, json!({"batchItemFailures": [{"itemIdentifier": FIRST}]}));
    assert_eq!(requests.try_iter().count(), 3, "tries");
    let log = environment.log();
    assert_eq!((&log[0]["outcome"], &log[1]["outcome"]), (&json!("failed"), &json!("partial")));
}

#[test]
fn a_sink_that_is_not_there_is_refused_at_the_start() {
    let mut environment = Environment::start(BINARY, &[("SINK", "kafka")]);
    let posted = environment.next_post();
    assert_eq!(posted.path, "init/error");
    let message = "SINK=kafka is not supported: it is cloudwatch, postgres or both";
    assert_eq!(posted.body["errorMessage"], message);
    assert_eq!(environment.wait().code(), Some(1));
}

#[test]
fn a_database_that_is_not_named_is_refused_at_the_start() {
    for sink in ["postgres", "both"] {
        let mut environment = Environment::start(BINARY, &[("SINK", sink)]);
        assert_eq!(
            environment.next_post().body["errorMessage"],
            "environment variable DATABASE_URL is not set"
        );
        assert_eq!(environment.wait().code(), Some(1));
    }
    let wrong = [("SINK", "postgres"), ("DATABASE_URL", "postgres://u:secret@h:port/d")];
    let mut environment = Environment::start(BINARY, &wrong);
    let posted = environment.next_post();
    let message = posted.body["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("environment variable DATABASE_URL cannot be used: "), "{message}");
    assert!(!message.contains("secret"), "{message}");
    assert_eq!(environment.wait().code(), Some(1));
}

/// A port that nothing may connect to, with the URL of a database there.
fn forbidden() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("postgres://u@{}/d", listener.local_addr().unwrap());
    (listener, url)
}

#[test]
fn the_sink_cloudwatch_opens_no_connection_to_a_database() {
    let (endpoint, _requests) = cloudwatch(taken());
    let (listener, url) = forbidden();
    let variables = [("AWS_ENDPOINT_URL", endpoint.as_str()), ("SINK", "cloudwatch"), ("DATABASE_URL", &url)];
    let environment = Environment::start(BINARY, &variables);
    assert_eq!(environment.invoke(EVENT).body, json!({"batchItemFailures": []}));
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn the_sink_postgres_asks_no_service_of_aws() {
    let (endpoint, requests) = cloudwatch(taken());
    let (listener, url) = forbidden();
    drop(listener);
    let variables = [
        ("AWS_ENDPOINT_URL", endpoint.as_str()),
        ("SINK", "postgres"),
        ("DATABASE_URL", &url),
        ("PARTIAL_BATCH", "on"),
    ];
    let environment = Environment::start(BINARY, &variables);
    assert_eq!(environment.invoke(EVENT).body, json!({"batchItemFailures": [{"itemIdentifier": FIRST}]}));
    assert_eq!(requests.try_iter().count(), 0);
    let log = environment.log();
    let error = log[0]["error"].as_str().unwrap();
    assert!(error.starts_with("failed to connect to Postgres: "), "{error}");
}
