//! Every accepted message is stored once and measured once, whatever dies, fails or changes on the way.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use devloop_cloud::ApiError;
use rustix::process::Signal;
use serde_json::{Value, json};
use support::{LIMIT, Load, OwnCloud, Poster, Row, Session, Sink, eventually, kill, now_ms, processes_in};

const ANSWER: &str = "functions/pipeline/upstream/src/answer.rs";

/// Each request has one row: no two rows tell of the same one, and no time runs backwards.
fn assert_one_row_each(rows: &[Row]) {
    let requests: BTreeSet<_> = rows.iter().map(|row| row.request_id.as_deref().unwrap()).collect();
    assert_eq!(requests.len(), rows.len(), "a request was measured twice");
    for row in rows {
        assert!(row.latency_ms >= 0, "{row:?}");
        assert!(row.completed_ms > 1_700_000_000_000, "in ms: {row:?}");
    }
}

#[test]
fn two_hundred_requests_are_two_hundred_items_and_rows_and_the_same_ids_count_again() {
    two_hundred_requests(Sink::CloudWatch);
}

#[test]
fn two_hundred_requests_are_two_hundred_rows_of_postgres() {
    two_hundred_requests(Sink::Both);
}

fn two_hundred_requests(sink: Sink) {
    let session = sink.session();
    let aws = session.aws();
    let first = Load::run(&session.url(), "first", 10, 20);
    assert_eq!((first.accepted.len(), first.refused), (200, Vec::new()));
    let rows = aws.wait_for_rows(200);
    assert_eq!((rows.len(), aws.items().len(), aws.records()), (200, 200, 200));
    assert_one_row_each(&rows);
    sink.assert_holds(&session, 200, 200);

    // The same ids again: the items are modified, and measured as what they are, another run's.
    let second = Load::run(&session.url(), "second", 10, 20);
    assert_eq!((second.accepted.len(), second.refused), (200, Vec::new()));
    let rows = aws.wait_for_rows(400);
    assert_one_row_each(&rows);
    let runs = rows.iter().fold(BTreeMap::new(), |mut runs: BTreeMap<&str, usize>, row| {
        *runs.entry(row.run_id.as_str()).or_default() += 1;
        runs
    });
    assert_eq!(runs, BTreeMap::from([("first", 200), ("second", 200)]));
    assert_eq!((rows.len(), aws.items().len()), (400, 200));
    sink.assert_holds(&session, 400, 200);
}

/// Records as upstream makes them.
fn records(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| {
        json!({
            "id": format!("r{number}"), "message": "m", "timestamp": now_ms(),
            "requestId": format!("request-{number}"), "runId": "records", "receivedMs": now_ms(),
        })
        .to_string()
    })
}

#[test]
fn a_poison_record_is_reported_once_and_holds_up_nobody() {
    a_poison_record(Sink::CloudWatch);
}

#[test]
fn a_poison_record_holds_up_no_row_of_postgres() {
    a_poison_record(Sink::Both);
}

fn a_poison_record(sink: Sink) {
    let session = sink.session();
    let aws = session.aws();
    let mixed: Vec<String> = records(100)
        .enumerate()
        .map(|(number, record)| if number == 50 { "poison".to_owned() } else { record })
        .collect();
    aws.put_records(mixed.into_iter());
    let rows = aws.wait_for_rows(99);
    assert_one_row_each(&rows);
    assert_eq!((rows.len(), aws.items().len()), (99, 99));
    assert!(!aws.items().contains("r50"));

    let failures = eventually("a failure record", LIMIT, || {
        match aws.messages("pipeline-midstream-failures").as_slice() {
            [] => Err("an empty queue"),
            some => Ok(some.to_vec()),
        }
    });
    let [failure] = failures.as_slice() else { panic!("more than one: {failures:#?}") };
    assert_eq!(failure["requestContext"]["condition"], "RetryAttemptsExhausted", "{failure:#}");
    assert_eq!(failure["KinesisBatchInfo"]["batchSize"], 1, "{failure:#}");
    assert_eq!(aws.messages("pipeline-downstream-failures"), Vec::<Value>::new());

    // What comes later is not held up by what has been given up.
    assert_eq!(session.post_message("later").status, 200);
    let row = aws.wait_for_rows(100).pop().unwrap();
    assert!(row.key == "later" && row.latency_ms < 2000, "{row:?}");
    sink.assert_holds(&session, 100, 100);
}

#[test]
fn a_function_killed_half_way_loses_and_repeats_nothing() {
    a_function_killed_half_way(Sink::CloudWatch);
}

#[test]
fn a_function_killed_half_way_loses_and_repeats_no_row_of_postgres() {
    a_function_killed_half_way(Sink::Both);
}

fn a_function_killed_half_way(sink: Sink) {
    let session = sink.session();
    let aws = session.aws();
    let midstream = session.workspace.dist().join("midstream");
    // One put a record, as on AWS itself: a transaction is never half done.
    let first = processes_in(&midstream)[0];
    aws.set_variable("Midstream", "BATCH_WRITES", "single");
    let process = eventually("the environment that puts one by one is alone", LIMIT, || {
        let processes = processes_in(&midstream);
        if let [one] = processes[..]
            && one != first
        {
            return Ok(one);
        }
        Err(processes)
    });
    aws.put_records(records(100));
    // Without a rest between the questions: there are a few milliseconds to hit.
    let began = Instant::now();
    let stored = loop {
        let stored = aws.count();
        if stored >= 40 {
            break stored;
        }
        assert!(began.elapsed() < LIMIT, "{stored} items; {:?}", aws.log("Midstream", ""));
    };
    kill(process);
    let rows = aws.wait_for_rows(100);
    assert_one_row_each(&rows);
    assert_eq!((rows.len(), aws.items().len()), (100, 100));
    sink.assert_holds(&session, 100, 100);
    let log = aws.log("Midstream", "");
    assert!(
        log.iter().any(|line| line.contains("signal: killed")),
        "the kill came too late, after {stored} items: {log:#?}"
    );
    assert_eq!(aws.messages("pipeline-midstream-failures"), Vec::<Value>::new());
    assert!(!processes_in(&midstream).contains(&process));
}

/// How many saves the long test makes: all where machines have the time.
fn saves() -> usize {
    let by_default = if std::env::var("CI").as_deref() == Ok("true") { 200 } else { 30 };
    std::env::var("DEVLOOP_SAVES").map_or(by_default, |text| text.parse().expect("DEVLOOP_SAVES is a number"))
}

#[test]
fn every_save_goes_live_and_no_event_is_lost() {
    let saves = saves();
    println!("{saves} saves; DEVLOOP_SAVES sets another number");
    let mut session = Session::live();
    let poster = Poster::start(&session.url(), 10);
    let versions = ["success", "success two"];
    let mut last = 0;
    for save in 0..saves {
        let (from, to) = (versions[save % 2], versions[(save + 1) % 2]);
        session.edit(ANSWER, &format!("\"{from}\""), &format!("\"{to}\""));
        let live = session.wait("the save goes live", |line| {
            let failed = ["error", "build_failed", "unchanged", "cancelled"];
            assert!(!failed.iter().any(|event| line["event"] == *event), "save {save}: {line}");
            (line["event"] == "live").then(|| line.clone())
        });
        let generation = live["generation"].as_u64().unwrap();
        assert!(generation > last && live["function"] == "upstream", "save {save}: {live}");
        last = generation;
        let answer = session.post_message(&format!("save-{save}"));
        assert_eq!((answer.status, answer.json()["message"].as_str().unwrap()), (200, to), "save {save}");
    }
    let load = poster.stop();
    assert_eq!(load.refused, Vec::<String>::new());
    let accepted = load.accepted.len() + saves;
    let aws = session.aws();
    eventually("every latency is measured", LIMIT, || match aws.datapoints() {
        some if some >= accepted as u64 => Ok(()),
        some => Err(format!("{some} of {accepted}")),
    });
    let rows = aws.wait_for_rows(accepted);
    assert_one_row_each(&rows);
    let sums = (rows.len(), aws.items().len(), aws.datapoints(), aws.records());
    assert_eq!(sums, (accepted, accepted, accepted as u64, accepted));
    println!(
        "{accepted} accepted, {} environments of upstream",
        session.aws().log("Upstream", "INIT_START").len()
    );
}

#[test]
fn a_sink_that_is_down_for_ten_seconds_delays_and_loses_nothing() {
    const DOWN: Duration = Duration::from_secs(10);
    const REQUESTS: usize = 50;
    let mut session = Session::live();
    session.end(Signal::TERM);
    let own = OwnCloud::start(session.workspace.root(), &session.workspace.dist());
    let aws = own.aws();
    let down = ApiError::with_status(503, "ServiceUnavailable", "the sink is down");
    own.cloud.faults().arm("monitoring:PutMetricData", usize::MAX, down.clone());
    let began = Instant::now();
    let load = Load::run(&own.url(), "down", 10, REQUESTS / 10);
    assert_eq!((load.accepted.len(), load.refused), (REQUESTS, Vec::new()), "the entrance stays open");
    eventually("every item is stored", LIMIT, || match aws.count() {
        REQUESTS => Ok(()),
        other => Err(other),
    });
    eventually("the sink has been down for a while", DOWN * 2, || {
        assert_eq!((aws.rows().len(), aws.datapoints()), (0, 0));
        if began.elapsed() < DOWN { Err(began.elapsed()) } else { Ok(()) }
    });
    own.cloud.faults().arm("monitoring:PutMetricData", 0, down);
    let rows = aws.wait_for_rows(REQUESTS);
    assert_one_row_each(&rows);
    assert_eq!((rows.len(), aws.datapoints()), (REQUESTS, REQUESTS as u64));
    assert!(rows.iter().all(|row| row.run_id == "down"));
    assert_eq!(aws.messages("pipeline-downstream-failures"), Vec::<Value>::new());
    own.stop();
    assert_eq!(processes_in(&session.workspace.dist()), Vec::<i32>::new());
}
