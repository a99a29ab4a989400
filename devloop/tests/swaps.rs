//! Hundreds of swaps under load: ten clients post, the stream gets further records, and meanwhile the code of `upstream` and
//! `midstream` is replaced and activated. No request fails, no record is lost, and none is measured twice.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use support::{OwnCloud, Poster, Session, eventually, message, now_ms, processes_in, send};

const ANSWER: &str = "functions/pipeline/upstream/src/answer.rs";
const MIDSTREAM: &str = "functions/pipeline/midstream/src/main.rs";

/// The functions that are swapped.
const SWAPPED: [&str; 2] = ["upstream", "midstream"];

/// The answers of upstream's two versions.
const ANSWERS: [&str; 2] = ["success", "success two"];

/// How many records are put into the stream at once, besides those of the clients.
const BATCH: usize = 25;

/// How long the last record may take after the load has ended.
const DRAIN: Duration = Duration::from_mins(2);

/// How many swaps are made.
fn swaps() -> usize {
    let by_default = if std::env::var("CI").as_deref() == Ok("true") { 500 } else { 60 };
    std::env::var("DEVLOOP_SWAPS").map_or(by_default, |text| text.parse().expect("DEVLOOP_SWAPS is a number"))
}

/// Two versions of each swapped function, built by devloop from two saves, by function and version.
fn versions(session: &mut Session, home: &Path) -> Vec<Vec<PathBuf>> {
    let dist = session.workspace.dist();
    let keep = |version: usize| {
        let one = |function: &&str| {
            let copy = home.join(format!("{function}-{version}"));
            fs::copy(dist.join(function).join("bootstrap"), &copy).unwrap();
            copy
        };
        SWAPPED.iter().map(one).collect::<Vec<_>>()
    };
    let first = keep(0);
    session.edit(ANSWER, &format!("\"{}\"", ANSWERS[0]), &format!("\"{}\"", ANSWERS[1]));
    session.next_live("upstream");
    let text = session.workspace.read(MIDSTREAM);
    session.workspace.save(MIDSTREAM, &format!("{text}\n#[used]\nstatic VERSION: [u8; 3] = *b\"two\";\n"));
    session.next_live("midstream");
    let second = keep(1);
    first.into_iter().zip(second).map(|(first, second)| vec![first, second]).collect()
}

/// Swaps as devloop does: a copy beside the function's folder, and one rename.
fn put(binary: &Path, dist: &Path, function: &str) {
    let staged = dist.join(".stage").join("swap");
    fs::copy(binary, &staged).unwrap();
    fs::rename(staged, dist.join(function).join("bootstrap")).unwrap();
}

#[test]
fn swaps_under_load_lose_and_repeat_nothing() {
    let swaps = swaps();
    println!("{swaps} swaps; DEVLOOP_SWAPS sets another number");
    let mut session = Session::live();
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let versions = versions(&mut session, home.path());
    session.end(rustix::process::Signal::TERM);
    let dist = session.workspace.dist();
    let own = OwnCloud::start(session.workspace.root(), &dist);
    let (url, aws) = (own.url(), own.aws());
    assert_eq!(send("POST", &url, &[], message("first").to_string()).unwrap().status, 200);

    let poster = Poster::start(&url, 10);
    let full = Arc::new(AtomicBool::new(false));
    let feeder = std::thread::spawn({
        let (aws, full) = (own.aws(), Arc::clone(&full));
        move || {
            let mut count = 0;
            while !full.load(Ordering::Relaxed) {
                let record = |number: usize| {
                    json!({
                        "id": format!("f{number}"), "message": "m", "timestamp": now_ms(),
                        "requestId": format!("feeder-{number}"), "runId": "feeder", "receivedMs": now_ms(),
                    })
                };
                aws.put_records((count..count + BATCH).map(|number| record(number).to_string()));
                count += BATCH;
                // The next batch follows when this one is stored, so that the stream is busy but its backlog does not grow.
                eventually("the batch is stored", DRAIN, || {
                    if full.load(Ordering::Relaxed) || aws.item(&format!("f{}", count - 1)).is_some() {
                        Ok(())
                    } else {
                        Err(count)
                    }
                });
            }
            count
        }
    });

    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    for swap in 0..swaps {
        let (function, version) = (swap % 2, (swap / 2 + 1) % 2);
        let name = SWAPPED[function];
        put(&versions[function][version], &dist, name);
        let activation = Instant::now();
        let outcomes = own.runtime.block_on(own.cloud.activate(&dist.join(name)));
        slowest = slowest.max(activation.elapsed());
        assert!(
            !outcomes.is_empty() && outcomes.iter().all(Result::is_ok),
            "swap {swap} of {name}: {outcomes:?}"
        );
        if name == "upstream" {
            let answer = send("POST", &url, &[], message(&format!("swap-{swap}")).to_string()).unwrap();
            let said = answer.json()["message"].as_str().unwrap_or_default().to_owned();
            assert_eq!((answer.status, said.as_str()), (200, ANSWERS[version]), "swap {swap}");
        }
    }
    let took = began.elapsed();
    full.store(true, Ordering::Relaxed);
    let fed = feeder.join().unwrap();
    let load = poster.stop();
    assert_eq!(load.refused, Vec::<String>::new());
    let accepted = 1 + load.accepted.len() + swaps.div_ceil(2);
    let all = accepted + fed;
    eventually("every latency is measured", DRAIN, || match aws.datapoints() {
        some if some >= all as u64 => Ok(()),
        some => Err(format!("{some} of {all}")),
    });
    let rows = aws.wait_for_rows(all);
    let requests: BTreeSet<_> = rows.iter().map(|row| row.request_id.as_deref().unwrap()).collect();
    assert_eq!((rows.len(), requests.len()), (all, all), "each request is measured once");
    assert_eq!((aws.items().len(), aws.datapoints(), aws.records()), (all, all as u64, all));
    for queue in ["pipeline-midstream-failures", "pipeline-downstream-failures"] {
        assert_eq!(aws.messages(queue), Vec::<serde_json::Value>::new(), "{queue}");
    }
    println!(
        "{swaps} swaps in {:.0} s, the slowest activation {} ms; {accepted} requests and {fed} records, none refused, lost or twice",
        took.as_secs_f64(),
        slowest.as_millis(),
    );
    own.stop();
    assert_eq!(processes_in(&dist), Vec::<i32>::new());
}
