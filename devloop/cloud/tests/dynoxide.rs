//! Sends random requests to this `DynamoDB` and to dynoxide (the package `dynoxide-rs`), which a public test suite compares
//! with AWS. The test fails on a difference that is not listed.
//!
//! When both refuse a request for different mistakes, smaller requests show whether both know both of them.
//!
//! The requests are the same in every run. `DEVLOOP_DYNOXIDE_SEED` replaces the two seeds by another one, and
//! `DEVLOOP_DYNOXIDE_ROUNDS` sets how many rounds there are. Whether a difference found in such a run is a mistake here is
//! decided by AWS's documentation; then it is either fixed or listed.

#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs, reason = "a test")]

#[path = "dynoxide/answers.rs"]
mod answers;
#[path = "dynoxide/differences.rs"]
mod differences;
#[path = "dynoxide/expressions.rs"]
mod expressions;
#[path = "dynoxide/known.rs"]
mod known;
#[path = "dynoxide/pair.rs"]
mod pair;
#[path = "dynoxide/requests.rs"]
mod requests;
#[path = "dynoxide/server.rs"]
mod server;
#[path = "dynoxide/smaller.rs"]
mod smaller;
#[path = "dynoxide/words.rs"]
mod words;

use std::{collections::BTreeMap, ops::Range, path::Path};

use answers::Answer;
use pair::{Break, Pair};
use requests::Requests;
use serde_json::{Value, json};

/// How many requests are sent to one pair of clouds before both are started anew.
const ROUND: usize = 300;

/// The number of rounds with each seed, and the default seeds.
const ROUNDS: u64 = 60;
const SEEDS: [u64; 2] = [1, 7001];

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test]
async fn random_requests_are_answered_as_by_dynoxide() {
    let program = test_tools::program("dynoxide");
    for seed in setting("DEVLOOP_DYNOXIDE_SEED").map_or(SEEDS.to_vec(), |seed| vec![seed]) {
        let rounds = setting("DEVLOOP_DYNOXIDE_ROUNDS").unwrap_or(ROUNDS);
        let found = compare(&program, seed, 0..rounds, |_, _| {}).await;
        assert!(
            found.is_empty(),
            "seed {seed}: these kinds of requests were answered differently:\n{}",
            found.join("\n")
        );
    }
}

/// Mistakes that are made in this cloud's answers on purpose, and what of them the comparison must show.
const BREAKS: &[(&str, Break)] = &[
    ("The wrong key element", |_, answer| {
        answer.message = answer.message.replace("The provided key element", "The wrong key element");
    }),
    ("Syntax mistake", |_, answer| answer.message = answer.message.replace("Syntax error", "Syntax mistake")),
    ("ConditionFailed", |_, answer| {
        if answer.kind == "ConditionalCheckFailedException" {
            "ConditionFailed".clone_into(&mut answer.kind);
        }
    }),
    ("GetItem: 200 | ValidationException", |operation, answer| {
        if operation == "GetItem" && answer.kind == "ValidationException" {
            *answer = Answer::of(Ok(json!({})));
        }
    }),
    // A refusal in words that the list of differences has, of a request that is valid.
    ("Query: ValidationException Invalid KeyConditionExpression", |operation, answer| {
        if operation == "Query" && answer.status == 200 {
            let message = "Invalid KeyConditionExpression: Syntax error; token: \"x\", near: \"x\"";
            *answer = Answer::of_mistake(&json!({ "Message": message }));
        }
    }),
    ("Scan: ValidationException Invalid FilterExpression", |operation, answer| {
        if operation == "Scan" && answer.status == 200 {
            let message = "Invalid FilterExpression: Incorrect operand type for operator or function; operator or function: <, operand type: BOOL";
            *answer = Answer::of_mistake(&json!({ "Message": message }));
        }
    }),
    ("GetItem: 200 | 200", |operation, answer| {
        if operation == "GetItem" && !answer.body["Item"]["n"].is_null() {
            answer.body["Item"]["n"] = json!({ "N": "0" });
        }
    }),
    ("UpdateItem: 200 | 200", |operation, answer| {
        if operation == "UpdateItem" && !answer.body["Attributes"]["n"].is_null() {
            answer.body["Attributes"]["n"] = json!({ "N": "0" });
        }
    }),
    ("Query: 200 | 200", |operation, answer| {
        if operation == "Query"
            && let Some(items) = answer.body["Items"].as_array_mut()
        {
            items.reverse();
        }
    }),
    ("Query: 200 | 200", |operation, answer| one_more(operation == "Query", answer, "/ScannedCount")),
    ("Scan: 200 | 200", |operation, answer| one_more(operation == "Scan", answer, "/Count")),
    ("PutItem: 200 | 200", |operation, answer| {
        one_more(operation == "PutItem", answer, "/ConsumedCapacity/CapacityUnits");
    }),
    ("Query: 200 | 200", |operation, answer| {
        one_more(operation == "Query", answer, "/ConsumedCapacity/CapacityUnits");
    }),
    ("BatchWriteItem: 200 | 200", |operation, answer| {
        one_more(operation == "BatchWriteItem", answer, "/ConsumedCapacity/0/CapacityUnits");
    }),
    ("the records of a stream", |operation, answer| {
        if operation == "GetRecords"
            && let Some(records) = answer.body["Records"].as_array_mut()
        {
            records.reverse();
        }
    }),
    ("the records of a stream", |operation, answer| {
        let records = answer.body.pointer_mut("/Records").and_then(Value::as_array_mut).into_iter().flatten();
        let images = records.filter_map(|record| record.pointer_mut("/dynamodb/NewImage")?.as_object_mut());
        for image in images {
            if operation == "GetRecords" && image.contains_key("n") {
                image.insert("n".to_owned(), json!({ "N": "0" }));
            }
        }
    }),
    ("the records of a stream", |operation, answer| {
        if operation == "GetRecords"
            && let Some(records) = answer.body["Records"].as_array_mut()
        {
            // As if a write that changes nothing wrote a record.
            let mut twice = records.first().cloned().unwrap_or_default();
            twice["dynamodb"]["OldImage"] = twice["dynamodb"]["NewImage"].clone();
            records.insert(0, twice);
        }
    }),
];

/// Adds one to a number of the answer, if it is there.
fn one_more(is_wanted: bool, answer: &mut Answer, place: &str) {
    let number = answer.body.pointer_mut(place).filter(|_| is_wanted);
    if let Some(number) = number
        && let Some(now) = number.as_f64()
    {
        *number = json!(now + 1.0);
    }
}

#[tokio::test]
async fn mistakes_made_on_purpose_are_found() {
    let program = test_tools::program("dynoxide");
    for (shown, broken) in BREAKS {
        let mut found = Vec::new();
        for round in 0..30 {
            found = compare(&program, SEEDS[0], round..round + 1, *broken).await;
            if found.iter().any(|class| class.contains(shown)) {
                break;
            }
        }
        assert!(found.iter().any(|class| class.contains(shown)), "{shown}: {found:?}");
    }
}

/// The kinds of requests that were answered differently, each with its first request.
async fn compare(program: &Path, seed: u64, rounds: Range<u64>, broken: Break) -> Vec<String> {
    let (mut drawn, mut asked, mut with_several) = (0, 0, 0);
    let mut found: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for round in rounds {
        let mut pair = Pair::start(program, broken).await;
        // No two seeds have a round in common.
        let mut requests = Requests::new((seed << 32) + round);
        for _ in 0..ROUND {
            let (operation, body) = requests.draw();
            let answers = pair.ask(operation, &body).await;
            drawn += 1;
            if !answers.agree(operation, &body) {
                match pair.unproved(operation, &body, &answers).await {
                    None => with_several += 1,
                    Some(why) => {
                        let (here, dynoxide) = (answers.here, answers.dynoxide);
                        let class = format!("{operation}: {} | {}", here.class(), dynoxide.class());
                        let shown = format!(
                            "{body}\n  here: {}\n  dynoxide: {}\n  {why}",
                            here.shown(),
                            dynoxide.shown()
                        );
                        found.entry(class).or_insert((0, shown)).0 += 1;
                    }
                }
            }
            if pair.has_diverged {
                // From here on the two may hold different data.
                break;
            }
        }
        asked += pair.asked;
        if let Some(shown) = pair.end().await {
            found.entry("the records of a stream".to_owned()).or_insert((0, shown)).0 += 1;
        }
    }
    assert!(drawn > 0);
    eprintln!(
        "seed {seed}: {drawn} random requests; for {with_several} each named another mistake, and both named both in smaller \
         requests ({asked} requests in all); {} kinds were answered differently",
        found.len()
    );
    found.iter().map(|(class, (count, shown))| format!("{count} × {class}\n  {shown}")).collect()
}
