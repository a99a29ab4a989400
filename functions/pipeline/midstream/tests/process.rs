//! The real binary between a fake Runtime API and a fake `DynamoDB`.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic, like tests")]

#[path = "../../../common/tests/support/mod.rs"]
mod support;

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};
use support::{Answer, Environment, Server};

const BINARY: &str = env!("CARGO_BIN_EXE_midstream");
const EVENT: &str = include_str!("fixtures/batch.json");
const SECOND: &str = "49671246667567228643283430150187087032206582658000000007";

/// A `DynamoDB` that answers by the item's id, and shows its requests.
fn dynamodb(answer: impl Fn(&str) -> (u16, Value) + Send + Sync + 'static) -> (String, Receiver<Value>) {
    let (seen, requests) = channel();
    let seen = Mutex::new(seen);
    let server = Server::start(move |request| {
        assert_eq!(request.header("x-amz-target"), "DynamoDB_20120810.PutItem");
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let (status, answer) = answer(body["Item"]["id"]["S"].as_str().unwrap());
        let _ = seen.lock().unwrap().send(body);
        Answer::new(status, answer.to_string()).header("content-type", "application/x-amz-json-1.0")
    });
    (format!("http://{}", server.address), requests)
}

/// Starts the function so that it puts items one by one, as on AWS.
fn start(endpoint: &str, partial: &str) -> Environment {
    start_with(endpoint, partial, &[("BATCH_WRITES", "single")])
}

fn start_with(endpoint: &str, partial: &str, more: &[(&str, &str)]) -> Environment {
    let variables = [("TABLE_NAME", "Items"), ("AWS_ENDPOINT_URL", endpoint), ("PARTIAL_BATCH", partial)];
    Environment::start(BINARY, &[&variables, more].concat())
}

/// A `DynamoDB` that answers each transaction by its number, and every put with success. It shows the name of each operation and
/// the ids.
fn transactions(
    answer: impl Fn(usize) -> (u16, Value) + Send + Sync + 'static,
) -> (String, Receiver<(String, Vec<String>)>) {
    let (seen, requests) = channel();
    let seen = Mutex::new((seen, 0));
    let server = Server::start(move |request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let operation = request.header("x-amz-target").trim_start_matches("DynamoDB_20120810.").to_owned();
        let mut seen = seen.lock().unwrap();
        let id = |item: &Value| item["id"]["S"].as_str().unwrap().to_owned();
        let (ids, (status, answer)) = match body["TransactItems"].as_array() {
            Some(items) => {
                seen.1 += 1;
                let condition = "attribute_not_exists(id) OR kinesisSeq < :seq";
                assert!(items.iter().all(|item| item["Put"]["ConditionExpression"] == condition), "{body}");
                (items.iter().map(|item| id(&item["Put"]["Item"])).collect(), answer(seen.1))
            }
            None => (vec![id(&body["Item"])], (200, json!({}))),
        };
        let _ = seen.0.send((operation, ids));
        Answer::new(status, answer.to_string()).header("content-type", "application/x-amz-json-1.0")
    });
    (format!("http://{}", server.address), requests)
}

/// A transaction that was cancelled for these reasons.
fn cancelled(codes: &[&str]) -> (u16, Value) {
    let (status, mut body) = error("TransactionCanceledException");
    body["CancellationReasons"] = codes.iter().map(|code| json!({ "Code": code })).collect();
    (status, body)
}

fn asked(operation: &str, ids: &[&str]) -> (String, Vec<String>) {
    (operation.to_owned(), ids.iter().map(|id| (*id).to_owned()).collect())
}

#[test]
fn a_batch_is_one_transaction_on_an_endpoint_of_one_s_own() {
    let (endpoint, requests) = transactions(|_| (200, json!({})));
    let environment = start_with(&endpoint, "on", &[]);
    assert_eq!(environment.invoke(EVENT).body, json!({"batchItemFailures": []}));
    let seen: Vec<_> = requests.try_iter().collect();
    assert_eq!(seen, [asked("TransactWriteItems", &["run-1-0", "run-1-1", "run-1-2"])]);
}

#[test]
fn what_the_table_had_already_is_left_out_of_the_next_transaction() {
    let had = ["None", "ConditionalCheckFailed", "None"];
    let (endpoint, requests) =
        transactions(move |round| if round == 1 { cancelled(&had) } else { (200, json!({})) });
    let environment = start_with(&endpoint, "on", &[]);
    assert_eq!(environment.invoke(EVENT).body, json!({"batchItemFailures": []}));
    let seen: Vec<_> = requests.try_iter().collect();
    let expected = [
        asked("TransactWriteItems", &["run-1-0", "run-1-1", "run-1-2"]),
        asked("TransactWriteItems", &["run-1-0", "run-1-2"]),
    ];
    assert_eq!(seen, expected);
    let outcomes: Vec<_> = environment.log()[..3].iter().map(|line| line["outcome"].clone()).collect();
    assert_eq!(outcomes, ["stored", "already_stored", "stored"]);
}

#[test]
fn a_transaction_cancelled_for_another_reason_is_put_one_by_one() {
    let (endpoint, requests) = transactions(|_| cancelled(&["None", "ValidationError", "None"]));
    let environment = start_with(&endpoint, "on", &[]);
    assert_eq!(environment.invoke(EVENT).body, json!({"batchItemFailures": []}));
    let seen: Vec<_> = requests.try_iter().map(|(operation, _)| operation).collect();
    assert_eq!(seen, ["TransactWriteItems", "PutItem", "PutItem", "PutItem"]);
}

fn error(code: &str) -> (u16, Value) {
    (400, json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{code}"), "message": "because"}))
}

#[test]
fn a_batch_goes_through_the_whole_binary() {
    let (endpoint, requests) = dynamodb(|_| (200, json!({})));
    let posted = start(&endpoint, "on").invoke(EVENT);
    assert_eq!(posted.body, json!({"batchItemFailures": []}));
    let mut request = requests.recv().unwrap();
    let stored_ms = request["Item"].as_object_mut().unwrap().remove("storedMs").unwrap();
    assert!(stored_ms["N"].as_str().unwrap().parse::<i64>().unwrap() > 1_763_632_800_000);
    let seq = "0000000049671246667567228643283430150187087032206582658000000000";
    let expected = json!({
        "TableName": "Items",
        "ConditionExpression": "attribute_not_exists(id) OR kinesisSeq < :seq",
        "ExpressionAttributeValues": {":seq": {"S": seq}},
        "Item": {
            "id": {"S": "run-1-0"}, "message": {"S": "Inbound request"}, "timestamp": {"N": "1763632799123"},
            "requestId": {"S": "6e2f0b7a-5b1f-4a6e-9d5e-000000000000"}, "runId": {"S": "run"},
            "receivedMs": {"N": "1763632800123"}, "arrivedMs": {"N": "1763632800500"}, "kinesisSeq": {"S": seq},
        },
    });
    assert_eq!(request, expected);
    assert_eq!(requests.iter().take(2).count(), 2);
}

#[test]
fn a_record_that_is_stored_already_is_success() {
    let (endpoint, requests) = dynamodb(|_| error("ConditionalCheckFailedException"));
    let environment = start(&endpoint, "on");
    assert_eq!(environment.invoke(EVENT).body, json!({"batchItemFailures": []}));
    let log = environment.log();
    assert!(log[..3].iter().all(|line| line["outcome"] == "already_stored"), "{log:?}");
    assert_eq!(requests.try_iter().count(), 3, "a failed condition is not tried again");
}

#[test]
fn a_refused_item_is_the_first_of_the_rest() {
    let refuse = |id: &str| if id == "run-1-1" { error("ValidationException") } else { (200, json!({})) };
    let (endpoint, _requests) = dynamodb(refuse);
    let environment = start(&endpoint, "on");
    assert_eq!(environment.invoke(EVENT).body, json!({"batchItemFailures": [{"itemIdentifier": SECOND}]}));
    let log = environment.log();
    assert!(log[1]["error"].as_str().unwrap().contains("ValidationException"), "{}", log[1]);
    assert_eq!((&log[2]["outcome"], &log[2]["failed_from"]), (&json!("partial"), &json!(SECOND)));

    let (endpoint, _requests) = dynamodb(refuse);
    let posted = start(&endpoint, "off").invoke(EVENT);
    assert_eq!(posted.path, "invocation/8476a536-e9f4-11e8-9739-2dfe598c3fcd/error");
    assert_eq!(posted.body["errorType"], "BatchFailed");
    assert!(posted.body["errorMessage"].as_str().unwrap().starts_with(&format!("record {SECOND}: ")));
}

/// Checks that with these variables the error is reported to the platform, and the process ends.
fn check_init_error(variables: &[(&str, &str)], message: &str) {
    let mut environment = Environment::start(BINARY, variables);
    let posted = environment.next_post();
    assert_eq!(posted.path, "init/error");
    assert_eq!(posted.body["errorMessage"], message);
    assert_eq!(environment.wait().code(), Some(1));
    assert_eq!(environment.log()[0]["error"], message);
}

#[test]
fn invalid_variables_are_named() {
    check_init_error(&[], "environment variable TABLE_NAME is not set");
    check_init_error(
        &[("TABLE_NAME", "Items"), ("PARTIAL_BATCH", "yes")],
        "PARTIAL_BATCH=yes is not supported: it is on or off",
    );
    check_init_error(
        &[("TABLE_NAME", "Items"), ("BATCH_WRITES", "many")],
        "BATCH_WRITES=many is not supported: it is single or transact",
    );
}
