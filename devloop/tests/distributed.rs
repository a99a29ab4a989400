//! The whole distributed system, D1 to D13: its committed template in the test's own cloud, its real functions and clients, and a
//! clock that the test drives.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::process::Output;

use serde_json::{Value, json};
use support::words::World;
use support::{Answer, LIMIT, eventually, processes_in, send};

/// How many words were taken, and how many refused.
fn lines_of(output: &Output) -> (usize, usize) {
    let text = String::from_utf8_lossy(&output.stdout);
    let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    (count("Succeeded: "), count("Failed: Invalid data syntax."))
}

/// Longer than any test.
const FOREVER_MS: u64 = 3_600_000;

#[test]
fn d1_every_valid_word_is_stored_once() {
    let world = World::new("distributed");
    let output = world.client("dist", &["100"]);
    assert_eq!((lines_of(&output), output.status.code()), ((114, 15), Some(1)));
    for item in world.stored(114) {
        let word = item["data"]["S"].as_str().unwrap();
        assert_eq!(item["processed"]["S"], format!("{word}_processed"));
    }
    world.queues_are_empty();
}

#[test]
fn d2_the_control_stores_the_same() {
    let world = World::new("single");
    let output = world.client("single", &[]);
    assert_eq!((lines_of(&output), output.status.code()), ((114, 15), Some(1)));
    assert_eq!(world.items().len(), 114);
}

#[test]
fn d3_a_hundred_environments_have_a_message_each() {
    const MESSAGES: usize = 100;
    let world = World::new("distributed");
    // Longer than the test: only the function's time-out ends a word, and that is in the test's hands.
    world.delay("Process", FOREVER_MS);
    for batch in 0..MESSAGES / 10 {
        let body = |n: usize| json!({ "data": format!("w{batch}_{n}") }).to_string();
        let entries: Vec<_> =
            (0..10).map(|n| json!({ "Id": n.to_string(), "MessageBody": body(n) })).collect();
        let input = json!({ "QueueUrl": world.outputs["QueueUrl"], "Entries": entries });
        world.call("sqs", "SendMessageBatch", input);
    }
    world.grow("Process", MESSAGES as u64);
    assert_eq!(world.messages(), ["0", &MESSAGES.to_string(), "0", "0"]);
    assert_eq!(processes_in(&world.place("distributed-process")).len(), MESSAGES);
    world.delay("Process", 0);
    // All of them time out, and their messages are delivered again after the visibility timeout.
    world.pass(4);
    world.ended("Process", MESSAGES);
    world.pass(30);
    let items = world.stored(MESSAGES);
    assert!(items.iter().all(|item| item["attempt"]["N"] == "2"), "{:?}", items[0]);
    world.queues_are_empty();
}

/// The time of a system in which a word takes 100 ms and everything else none: delays that follow each other, and how long
/// the pool waits before it starts one more environment. What a machine really needs is in the README.
#[test]
fn d2_many_small_functions_are_ten_times_as_fast_as_one() {
    const DELAY_MS: u64 = 100;
    const WORDS: u64 = 114;

    let world = World::new("single");
    world.delay("Single", 1);
    world.client("single", &[]);
    world.ended("Single", 129);
    assert_eq!(world.environments("Single")["cold_starts"], 1, "two words were processed at once");
    assert_eq!(world.items().len() as u64, WORDS);
    let single_ms = WORDS * DELAY_MS;

    let world = World::new("distributed");
    // What has begun goes on, so that all that may go on at once is seen at once.
    world.delay("Process", FOREVER_MS);
    let output = world.client("dist", &["100"]);
    assert_eq!(lines_of(&output), (114, 15));
    let at_once = 100;
    let patience_ms = world.grow("Process", at_once);
    let dist_ms = patience_ms + WORDS.div_ceil(at_once) * DELAY_MS;
    println!("single {single_ms} ms, dist 100 {dist_ms} ms");
    assert!(single_ms >= dist_ms * 10, "{single_ms} ms and {dist_ms} ms");
}

#[test]
fn d4_a_word_that_cannot_be_stored_is_tried_five_times_and_reported_by_mail() {
    let world = World::new("distributed");
    world.call("dynamodb", "DeleteTable", json!({ "TableName": world.outputs["TableName"] }));
    world.word("poison");
    for tried in 1..=5 {
        world.ended("Process", tried);
        world.pass(29);
        world.ended("Process", tried);
        world.pass(1);
    }
    world.ended("Dead", 1);
    let mail = world.mailed(1);
    assert!(mail.contains("\r\nSubject: DistComp: Data Processing Failure\r\n"), "{mail}");
    assert!(mail.contains("\r\nData: poison\r\nException: Failed to process after 5 tries\r\n"), "{mail}");
    world.queues_are_empty();
    assert_eq!(world.count("Process", "REPORT "), 5);
}

#[test]
fn d5_a_word_that_fails_twice_and_then_works_is_stored_once_and_not_reported() {
    let world = World::new("distributed");
    world.fail("dynamodb:PutItem", 2);
    world.word("word");
    for tried in 1..=2 {
        world.ended("Process", tried);
        world.pass(30);
    }
    world.ended("Process", 3);
    assert_eq!(world.stored(1)[0]["attempt"]["N"], "3");
    assert_eq!(world.subjects(), Vec::<String>::new());
    world.queues_are_empty();
}

#[test]
fn d6_one_bad_message_of_ten_returns_alone() {
    let world = World::new("distributed");
    let uuid = world.mapping();
    let update = |options: Value| {
        let mut input = json!({ "UUID": uuid });
        input.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        world.call("lambda", "UpdateEventSourceMapping", input);
    };
    let state = |wanted: &str| {
        eventually(wanted, LIMIT, || {
            let shown = world.call("lambda", "GetEventSourceMapping", json!({ "UUID": uuid }));
            if shown["State"] == wanted { Ok(()) } else { Err(shown) }
        });
    };
    update(json!({ "Enabled": false }));
    state("Disabled");
    let body =
        |n: usize| if n == 4 { "{".to_owned() } else { json!({ "data": format!("w{n}") }).to_string() };
    let entries: Vec<_> = (0..10).map(|n| json!({ "Id": n.to_string(), "MessageBody": body(n) })).collect();
    world.call(
        "sqs",
        "SendMessageBatch",
        json!({ "QueueUrl": world.outputs["QueueUrl"], "Entries": entries }),
    );
    update(json!({ "Enabled": true, "BatchSize": 10 }));
    world.ended("Process", 1);
    assert_eq!(world.stored(9).len(), 9);
    assert_eq!(world.messages()[..2], ["0", "1"]);
    world.pass(30);
    world.ended("Process", 2);
    assert_eq!(world.items().len(), 9);
    let lines = world.lines.lock().unwrap();
    let records: Vec<_> = lines
        .iter()
        .filter_map(|(_, line)| serde_json::from_str::<Value>(line).ok()?["records"].as_u64())
        .collect();
    assert_eq!(records, [10, 1]);
}

#[test]
fn d7_keys_bursts_and_quotas_keep_requests_from_the_function() {
    let world = World::new("distributed");
    let word = r#"{"data":"word"}"#;
    let refused = |answer: Answer| (answer.status, answer.json()["message"].as_str().unwrap().to_owned());
    assert_eq!(refused(world.ask("POST", None, word)), (403, "Forbidden".to_owned()));
    assert_eq!(refused(world.ask("POST", Some("wrong"), word)), (403, "Forbidden".to_owned()));
    let plans = world.call("apigateway", "GetUsagePlans", json!({}));
    let plan = plans["item"][0]["id"].as_str().unwrap().to_owned();
    let change = |path: &str, value: &str| {
        let patch = json!([{ "op": "replace", "path": path, "value": value }]);
        world.call("apigateway", "UpdateUsagePlan", json!({ "usagePlanId": plan, "patchOperations": patch }));
    };
    change("/throttle/burstLimit", "2");
    for _ in 0..2 {
        world.word("word");
    }
    assert_eq!(refused(world.ask("POST", Some(&world.key), word)), (429, "Too Many Requests".to_owned()));
    change("/throttle/burstLimit", "500");
    change("/quota/limit", "5");
    for _ in 0..3 {
        world.word("word");
    }
    assert_eq!(refused(world.ask("POST", Some(&world.key), word)), (429, "Limit Exceeded".to_owned()));
    world.ended("Data", 5);
}

#[test]
fn d8_bodies_are_checked_by_the_gateway_and_then_by_the_function() {
    let world = World::new("distributed");
    let check = |body: &str, message: &str| {
        let answer = world.ask("POST", Some(&world.key), body);
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.json()["message"].as_str().unwrap().starts_with(message), "{body}: {answer:?}");
    };
    check("{", "Invalid request body");
    check(r#"{"data":7}"#, "Invalid request body");
    world.ended("Data", 0);
    check("{}", "Failed: The body has no text named data.");
    check(r#"{"data":"two words"}"#, "Failed: Invalid data syntax. Only alphanumeric characters");
    check(&json!({ "data": "x".repeat(70 << 10) }).to_string(), "Failed: ");
    world.ended("Data", 3);
    world.queues_are_empty();
}

#[test]
fn d9_options_needs_no_key() {
    let world = World::new("distributed");
    let answer = world.ask("OPTIONS", None, "");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("POST,OPTIONS"));
    assert!(answer.header("access-control-allow-headers").unwrap().contains("X-Api-Key"), "{answer:?}");
}

#[test]
fn d10_a_message_that_is_delivered_twice_is_stored_once() {
    let world = World::new("distributed");
    let process = world.function("Process");
    let record = json!({ "messageId": "m", "body": json!({ "data": "word" }).to_string(), "attributes": {} });
    let event = json!({ "Records": [record] }).to_string();
    for _ in 0..2 {
        let url = format!("{}/2015-03-31/functions/{process}/invocations", world.cloud.endpoint());
        let answer = send("POST", &url, &[], &event).unwrap();
        assert_eq!(answer.body, r#"{"batchItemFailures":[]}"#);
    }
    assert_eq!(world.items().len(), 1);
}

#[test]
fn d11_a_topic_that_is_down_delays_the_mail() {
    let world = World::new("distributed");
    world.fail("sns:Publish", 1);
    let message = json!({ "QueueUrl": world.outputs["DeadQueueUrl"], "MessageBody": "{\"data\":\"word\"}" });
    world.call("sqs", "SendMessage", message);
    world.ended("Dead", 1);
    assert_eq!(world.messages()[2..], ["0", "1"]);
    world.pass(30);
    assert!(world.mailed(1).contains("Data: word"), "the same message");
    world.queues_are_empty();
}

#[test]
fn d12_a_function_that_takes_too_long_has_used_a_try() {
    let world = World::new("distributed");
    world.delay("Process", 60_000);
    // An environment waits already, so that only the invocation takes time from now on.
    let process = world.function("Process");
    let url = format!("{}/2015-03-31/functions/{process}/invocations", world.cloud.endpoint());
    let answer = send("POST", &url, &[], r#"{"Records":[]}"#).unwrap();
    assert_eq!(answer.body, r#"{"batchItemFailures":[]}"#);
    world.ended("Process", 1);
    world.word("word");
    eventually("the message is received", LIMIT, || match &world.messages()[..2] {
        [_, hidden] if hidden == "1" => Ok(()),
        seen => Err(seen.to_vec()),
    });
    let mut passed = 0;
    eventually("process is ended by its time-out", LIMIT, || {
        if passed < 29 {
            world.pass(1);
            passed += 1;
        }
        let ended = world.count("Process", "REPORT ");
        if ended == 2 { Ok(()) } else { Err(ended) }
    });
    world.delay("Process", 0);
    world.pass(30);
    assert_eq!(world.stored(1)[0]["attempt"]["N"], "2");
    world.queues_are_empty();
}

#[test]
fn d13_another_transformation_needs_one_function_only() {
    let world = World::new("distributed");
    world.word("before");
    world.stored(1);
    // Only `process` is built again: its code is replaced, and the other functions' code is not touched.
    let others = ["distributed-data", "distributed-dead"];
    let before = others.map(|function| fs::read(world.place(function).join("bootstrap")).unwrap());
    let code = world.another("distributed-process", "_processed", "_rewritten");
    world.swap("distributed-process", &code);
    world.word("after");
    let processed: BTreeSet<String> =
        world.stored(2).iter().map(|item| item["processed"]["S"].as_str().unwrap().to_owned()).collect();
    assert_eq!(processed, ["after_rewritten", "before_processed"].map(str::to_owned).into());
    assert_eq!(others.map(|function| fs::read(world.place(function).join("bootstrap")).unwrap()), before);
    world.queues_are_empty();
}
