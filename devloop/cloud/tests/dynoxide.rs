//! Sends random requests to this `DynamoDB` and to dynoxide (the package `dynoxide-rs`), which a public test suite compares
//! with AWS. The test fails on a difference that is not listed.
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
#[path = "dynoxide/requests.rs"]
mod requests;
#[path = "dynoxide/server.rs"]
mod server;

use std::{collections::BTreeMap, path::Path};

use answers::Answer;
use devloop_cloud::{Cloud, Options};
use requests::Requests;
use server::Server;

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
        compare(&program, seed).await;
    }
}

async fn compare(program: &Path, seed: u64) {
    let mut asked = 0;
    let mut found: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for round in 0..setting("DEVLOOP_DYNOXIDE_ROUNDS").unwrap_or(ROUNDS) {
        let mut server = Server::start(program).await;
        let cloud = Cloud::new(Options::default());
        let cx = cloud.context("us-east-1");
        // No two seeds have a round in common.
        let mut requests = Requests::new((seed << 32) + round);
        for (operation, body) in Requests::tables() {
            let ours = Answer::of(cloud.call(&cx, "dynamodb", operation, body.clone()).await);
            let theirs = server.call(operation, &body).await;
            assert_eq!((ours.status, theirs.status), (200, 200), "{operation} {body}\n{ours:?}\n{theirs:?}");
        }
        for _ in 0..ROUND {
            let (operation, body) = requests.draw();
            let ours = Answer::of(cloud.call(&cx, "dynamodb", operation, body.clone()).await);
            let theirs = server.call(operation, &body).await;
            asked += 1;
            let (ours, theirs) = (ours.comparable(operation, &body), theirs.comparable(operation, &body));
            if ours == theirs || differences::is_known(operation, &body, &ours, &theirs) {
                if ours.status != theirs.status {
                    // From here on the two hold different data.
                    break;
                }
                continue;
            }
            let class = format!("{operation}: {} | {}", ours.class(), theirs.class());
            let shown = format!("{body}\n  here: {}\n  dynoxide: {}", ours.shown(), theirs.shown());
            found.entry(class).or_insert((0, shown)).0 += 1;
            if ours.status != theirs.status {
                break;
            }
        }
    }
    assert!(asked > 0);
    let classes: Vec<String> =
        found.iter().map(|(class, (count, shown))| format!("{count} × {class}\n  {shown}")).collect();
    assert!(
        classes.is_empty(),
        "seed {seed}: of {asked} requests, these kinds were answered differently:\n{}",
        classes.join("\n")
    );
    eprintln!("{asked} random requests were answered as by dynoxide (seed {seed})");
}
