//! The real binary between a played Runtime API and a played `CloudWatch`.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, like tests")]

#[path = "../../model/tests/support/mod.rs"]
mod support;

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use serde_json::json;
use support::server::Request;
use support::{Answer, Environment, Server};

const BINARY: &str = env!("CARGO_BIN_EXE_downstream");
const EVENT: &str = include_str!("fixtures/batch.json");
const FIRST: &str = "400000000000003490001";

/// A `CloudWatch` that gives one answer to everything, and shows what it was asked.
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
    for sink in ["postgres", "both"] {
        let mut environment = Environment::start(BINARY, &[("SINK", sink)]);
        let posted = environment.next_post();
        assert_eq!(posted.path, "init/error");
        let message = format!("SINK={sink} is not supported: this build has the sink cloudwatch");
        assert_eq!(posted.body["errorMessage"], message);
        assert_eq!(environment.wait().code(), Some(1));
    }
}
