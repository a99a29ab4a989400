//! Every accepted message is stored once and measured once, whatever fails or changes meanwhile: the long runs besides P1 to P12
//! (`scenarios.rs`).

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use devloop_cloud::ApiError;
use rustix::process::Signal;
use serde_json::Value;
use support::{LIMIT, Load, OwnCloud, Poster, Row, Session, eventually, processes_in};

const ANSWER: &str = "functions/pipeline/upstream/src/answer.rs";

/// Checks that each request has one row, and that no time is negative.
fn assert_one_row_each(rows: &[Row]) {
    let requests: BTreeSet<_> = rows.iter().map(|row| row.request_id.as_deref().unwrap()).collect();
    assert_eq!(requests.len(), rows.len(), "a request was measured twice");
    for row in rows {
        assert!(row.latency_ms >= 0, "{row:?}");
        assert!(row.completed_ms > 1_700_000_000_000, "in ms: {row:?}");
    }
}

/// How many saves the long test makes: all of them on CI.
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
