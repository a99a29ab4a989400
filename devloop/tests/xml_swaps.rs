//! Thousands of objects while the function that converts them is replaced or killed: each has its result, made from its newest
//! content.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use support::xml::{JSON, PROCESS, XML, Xml};
use support::{eventually, kill, pause, processes_in};

/// How many environments may run; more would only wait for the processors.
const ENVIRONMENTS: usize = 4;

/// How long the last object may take.
const DRAIN: Duration = Duration::from_mins(3);

fn is_full() -> bool {
    std::env::var("CI").as_deref() == Ok("true")
}

/// How many objects and rounds there are: `most` on CI.
fn sizes(most: (usize, usize)) -> (usize, usize) {
    if is_full() { most } else { (240, 12) }
}

/// The objects of one round, each with a text of its own. Every tenth is put a second time with a changed text.
fn round(numbers: std::ops::Range<usize>) -> Vec<(String, String)> {
    let first = numbers.clone().map(|number| (format!("{number}.xml"), format!("<n>{number} first</n>")));
    let again = numbers.step_by(10).map(|number| (format!("{number}.xml"), format!("<n>{number} again</n>")));
    first.chain(again).collect()
}

/// Waits until each object has its result, and checks that it was made from the newest content. Moves the clock for events that
/// wait for another try.
fn assert_all(xml: &Xml, count: usize) {
    let rest = || eventually("what is due was tried", DRAIN, || xml.rest().ok_or("some are being tried"));
    // The second and the third try follow after one minute and after two.
    for _ in 0..3 {
        if rest() > 0 {
            xml.pass(60);
        }
    }
    assert_eq!(rest(), 0, "nothing waits after the third try");
    assert_eq!(xml.failures(), Vec::<serde_json::Value>::new());
    for number in 0..count {
        let text = if number % 10 == 0 { format!("{number} again") } else { format!("{number} first") };
        let (found, _) =
            xml.object(JSON, &format!("{number}.json")).unwrap_or_else(|| panic!("{number} is lost"));
        assert_eq!(found, format!("{{\n    \"n\": \"{text}\"\n}}"));
        let (_, etag) = xml.object(XML, &format!("{number}.xml")).unwrap();
        assert_eq!(xml.source_of(&format!("{number}.json")).0, etag, "{number}");
    }
}

fn world() -> Xml {
    let xml = Xml::start();
    let limit = json!({ "FunctionName": PROCESS, "ReservedConcurrentExecutions": ENVIRONMENTS });
    xml.call("lambda", "PutFunctionConcurrency", limit);
    xml
}

#[test]
fn swaps_while_objects_are_put_lose_and_mix_up_nothing() {
    let (objects, swaps) = sizes((2_000, 100));
    println!("{objects} objects, {swaps} swaps; CI=true makes 2,000 and 100");
    let xml = world();
    let dist = xml.dist("xml-process");
    let first = fs::read(dist.join("bootstrap")).unwrap();
    // Bytes after the end of a program change its digest but not its behaviour.
    let second = [first.as_slice(), b"another version"].concat();
    let mut served = BTreeMap::new();
    for swap in 0..swaps {
        xml.put_all(&round(objects * swap / swaps..objects * (swap + 1) / swaps));
        let staged = xml.scratch().join("bootstrap");
        fs::copy(dist.join("bootstrap"), &staged).unwrap();
        fs::write(&staged, if swap % 2 == 0 { &second } else { &first }).unwrap();
        fs::rename(&staged, dist.join("bootstrap")).unwrap();
        let outcomes = xml.activate("xml-process");
        assert!(!outcomes.is_empty() && outcomes.iter().all(Result::is_ok), "swap {swap}: {outcomes:?}");
        *served.entry(swap % 2).or_insert(0) += 1;
    }
    assert_eq!(served.values().sum::<usize>(), swaps);
    assert_all(&xml, objects);
}

#[test]
fn kills_while_objects_are_put_lose_nothing() {
    const EVERY: Duration = Duration::from_millis(200);
    let (objects, rounds) = sizes((2_000, 100));
    let xml = world();
    let dist = xml.dist("xml-process");
    let done = Arc::new(AtomicBool::new(false));
    let killer = std::thread::spawn({
        let done = Arc::clone(&done);
        move || {
            let mut killed = 0;
            while !done.load(Ordering::Relaxed) {
                for process in processes_in(&dist) {
                    kill(process);
                    killed += 1;
                }
                pause(EVERY);
            }
            killed
        }
    });
    for number in 0..rounds {
        xml.put_all(&round(objects * number / rounds..objects * (number + 1) / rounds));
    }
    // Killed events wait for their next try, for which the clock must move; the killing ends before that.
    eventually("every object was tried", DRAIN, || xml.rest().ok_or("some are being tried"));
    done.store(true, Ordering::Relaxed);
    let killed = killer.join().unwrap();
    println!("{objects} objects, {killed} processes killed");
    assert!(killed > 0);
    assert_all(&xml, objects);
}
