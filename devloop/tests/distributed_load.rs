//! The distributed system under load: its code is replaced and its processes are killed while a client sends words by the
//! thousand. Nothing is lost, stored twice, or tried more often than the queue says.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::json;
use support::words::{World, binaries};
use support::{eventually, kill, processes_in};

/// How many messages are in the queue that no function can process.
const POISON: usize = 50;

/// How often such a message is tried.
const TRIES: usize = 5;

/// How long the queue may take to be empty after the load.
const DRAIN: Duration = Duration::from_mins(5);

/// How many words are sent: more of them on CI.
fn words() -> usize {
    let by_default = if std::env::var("CI").as_deref() == Ok("true") { 20_000 } else { 2_000 };
    std::env::var("DEVLOOP_WORDS").map_or(by_default, |text| text.parse().expect("DEVLOOP_WORDS is a number"))
}

/// A world that takes this many words at once.
fn world(words: usize) -> World {
    let world = World::new("distributed");
    world.open_wide(words * 2);
    world
}

/// Runs `dist 50` with words of its own. Each line that it prints is sent over the channel, and then its exit code.
fn dist(world: &World, words: usize) -> Receiver<Result<String, Option<i32>>> {
    let file = world.folder.path().join("words.txt");
    fs::write(&file, (0..words).map(|n| format!("w{n}\n")).collect::<String>()).unwrap();
    let mut client = Command::new(binaries().join("dist"))
        .arg("50")
        .arg(file)
        .env("API_ENDPOINT", world.url())
        .env("API_KEY", &world.key)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(client.stdout.take().unwrap()).lines() {
            // After a failure the test reads no further lines.
            let _ = tell.send(Ok(line.unwrap()));
        }
        let _ = tell.send(Err(client.wait().unwrap().code()));
    });
    told
}

/// Waits until no message is visible and no invocation is running, so that all remaining messages are invisible. The mapping takes
/// no more until it is enabled again.
fn at_rest(world: &World, mapping: &str) {
    eventually("every message was received", DRAIN, || {
        let counts = world.messages();
        if counts[0] == "0" { Ok(()) } else { Err(counts) }
    });
    enable(world, mapping, false);
    eventually("the last invocation has ended", DRAIN, || {
        let shown = world.call("lambda", "GetEventSourceMapping", json!({ "UUID": mapping }));
        if shown["State"] == "Disabled" { Ok(()) } else { Err(shown["State"].clone()) }
    });
}

fn enable(world: &World, mapping: &str, enabled: bool) {
    world.call("lambda", "UpdateEventSourceMapping", json!({ "UUID": mapping, "Enabled": enabled }));
}

/// Checks that every word is stored once.
fn assert_each_word_once(world: &World, words: usize) {
    let items = world.items();
    let stored: BTreeSet<String> =
        items.iter().map(|item| item["data"]["S"].as_str().unwrap().to_owned()).collect();
    assert_eq!(items.len(), words);
    assert_eq!(stored, (0..words).map(|n| format!("w{n}")).collect());
}

#[test]
fn a_hundred_swaps_of_process_lose_and_repeat_nothing() {
    let words = words();
    let swaps = if words >= 20_000 { 100 } else { 20 };
    println!("{swaps} swaps, {words} words; DEVLOOP_WORDS sets another number");
    let world = world(words);
    let versions = [
        binaries().join("distributed-process"),
        world.another("distributed-process", "_processed", "_rewritten"),
    ];
    let began = Instant::now();
    let answers = dist(&world, words);
    let (mut expected, mut swapped) =
        ((0..words).map(|n| format!("Succeeded: w{n}")).collect::<BTreeSet<_>>(), 0);
    let code = loop {
        match answers.recv().unwrap() {
            Ok(line) => assert!(expected.remove(&line), "an answer that nobody expects: {line}"),
            Err(code) => break code,
        }
        // The swaps are spread over the load.
        if swapped < swaps && (words - expected.len()) * (swaps + 1) >= (swapped + 1) * words {
            swapped += 1;
            world.swap("distributed-process", &versions[swapped % 2]);
        }
    };
    assert_eq!((code, swapped, expected), (Some(0), swaps, BTreeSet::new()));
    eventually("the queues are empty", DRAIN, || {
        let counts = world.messages();
        if counts == ["0"; 4] { Ok(()) } else { Err(counts) }
    });
    assert_each_word_once(&world, words);
    let items = world.items();
    assert!(items.iter().all(|item| item["attempt"]["N"] == "1"), "a word needed another try");
    for ending in ["_processed", "_rewritten"] {
        let by =
            items.iter().filter(|item| item["processed"]["S"].as_str().unwrap().ends_with(ending)).count();
        println!("{by} words {ending}");
        assert!(by > 0, "no word was processed by the code with {ending}");
    }
    println!("{swaps} swaps under {words} words in {:.0} s", began.elapsed().as_secs_f64());
}

#[test]
fn processes_that_are_killed_all_the_time_lose_nothing() {
    const BETWEEN: Duration = Duration::from_millis(200);
    let words = words();
    println!("{words} words; DEVLOOP_WORDS sets another number");
    let world = world(words);
    // Given-up messages stay in the dead-letter queue, where they are counted.
    enable(&world, &world.mapping_of("Dead"), false);
    let began = Instant::now();
    let answers = dist(&world, words);
    for batch in 0..POISON / 10 {
        let body = |n: usize| json!({ "data": format!("two words {batch} {n}") }).to_string();
        let entries: Vec<_> =
            (0..10).map(|n| json!({ "Id": n.to_string(), "MessageBody": body(n) })).collect();
        let input = json!({ "QueueUrl": world.outputs["QueueUrl"], "Entries": entries });
        world.call("sqs", "SendMessageBatch", input);
    }
    let (mut killed, mut succeeded, mut last) = (0, 0, Instant::now());
    let code = loop {
        match answers.recv_timeout(BETWEEN.saturating_sub(last.elapsed())) {
            Ok(Ok(line)) => {
                assert!(line.starts_with("Succeeded: w"), "{line}");
                succeeded += 1;
            }
            Ok(Err(code)) => break code,
            Err(RecvTimeoutError::Timeout) => {}
            Err(error) => panic!("{error}"),
        }
        if last.elapsed() >= BETWEEN {
            last = Instant::now();
            for process in processes_in(&world.place("distributed-process")) {
                kill(process);
                killed += 1;
            }
        }
    };
    assert_eq!((code, succeeded), (Some(0), words));
    assert!(killed > 0, "nothing was killed");
    // The clock stood still, so messages that failed or were killed have been tried once, and are delivered again when their
    // visibility timeout ends.
    let mapping = world.mapping();
    for tried in 1..=TRIES {
        at_rest(&world, &mapping);
        assert_eq!(world.messages()[2], "0", "given up before {tried} tries");
        world.pass(30);
        enable(&world, &mapping, true);
    }
    eventually("only what cannot be processed is left", DRAIN, || {
        let counts = world.messages();
        if counts == ["0", "0", &POISON.to_string(), "0"] { Ok(()) } else { Err(counts) }
    });
    assert_each_word_once(&world, words);
    let again = world.items().iter().filter(|item| item["attempt"]["N"] != "1").count();
    println!(
        "{killed} processes killed under {words} words, {again} words came again; {:.0} s",
        began.elapsed().as_secs_f64()
    );
}
