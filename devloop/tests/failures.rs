//! Code that fails in various ways: each failure is named, the old code serves if there is some, the next request waits no longer
//! than its own limit, and nothing is lost.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{LIMIT, Session, eventually, kill, processes_in};

const UPSTREAM_MAIN: &str = "functions/pipeline/upstream/src/main.rs";
const UPSTREAM: &str = "functions/pipeline/upstream/src/handler.rs";
const DOWNSTREAM: &str = "functions/pipeline/downstream/src/handler.rs";

/// Lambda's default timeout, which the template keeps.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The findings of `devloop status` about a function.
fn findings(session: &Session, about: &str) -> Vec<Value> {
    let (well, report) = session.status();
    let problems = report["problems"].as_array().unwrap_or_else(|| panic!("{report:#}"));
    assert_eq!(well, problems.is_empty(), "the exit code says what the findings say: {report:#}");
    problems.iter().filter(|problem| problem["about"] == about).cloned().collect()
}

#[test]
fn a_panic_at_init_is_reported_and_the_old_code_serves() {
    let mut session = Session::live();
    session.edit(
        UPSTREAM_MAIN,
        "fn main() -> ExitCode {",
        "fn main() -> ExitCode {\n    assert!(std::env::args().count() == 0, \"no luck today\");",
    );
    let error = session.wait("the failure is reported", |line| {
        assert_ne!(line["event"], "live", "{line}");
        (line["event"] == "error").then(|| line.clone())
    });
    assert_eq!((&error["function"], &error["code"]), (&json!("upstream"), &json!("activation_failed")));
    let message = error["message"].as_str().unwrap();
    for part in ["Runtime.ExitError", "exit status 101", "no luck today", "main.rs"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(error["serving"].is_string(), "{error}");
    let began = Instant::now();
    assert_eq!(session.post_message("1").body, "{\"message\":\"success\"}");
    assert!(began.elapsed() < TIMEOUT, "{:?}", began.elapsed());

    session.edit(UPSTREAM_MAIN, "no luck today", "better luck tomorrow");
    session.wait("the next failure is reported", |line| (line["event"] == "error").then_some(()));
    assert_eq!(session.post_message("2").body, "{\"message\":\"success\"}");
    session.edit(UPSTREAM_MAIN, "count() == 0", "count() > 0");
    session.next_live("upstream");
    assert_eq!(session.post_message("3").body, "{\"message\":\"success\"}");
    session.aws().wait_for_rows(3);
}

#[test]
fn a_handler_that_sleeps_or_exits_fails_its_own_request_only() {
    let mut session = Session::live();
    let trouble = r#"let started = Instant::now();
        let body = request.body.as_deref().unwrap_or_default();
        if body.contains("sleepy") {
            std::future::pending::<()>().await;
        }
        if body.contains("leaving") {
            std::process::exit(7);
        }
        if body.contains("panicking") {
            panic!("out of luck");
        }"#;
    session.edit(UPSTREAM, "let started = Instant::now();", trouble);
    session.next_live("upstream");

    let troubles = [
        ("sleepy", TIMEOUT * 2, "Task timed out after 3.00 seconds"),
        ("leaving", TIMEOUT, "exit status 7"),
        ("panicking", TIMEOUT, "out of luck"),
    ];
    for (number, (id, at_most, named)) in troubles.into_iter().enumerate() {
        let began = Instant::now();
        let answer = session.post_message(id);
        assert!(began.elapsed() < at_most, "{id}: {:?}", began.elapsed());
        assert!((500..=504).contains(&answer.status), "{id}: {answer:?}");
        let log = session.aws().log("Upstream", "");
        assert!(log.iter().any(|line| line.contains(named)), "{id}: {log:#?}");
        let found = findings(&session, "upstream");
        assert!(
            found.iter().any(|finding| finding["message"].as_str().unwrap().contains(named)),
            "{id}: {found:#?}"
        );

        let began = Instant::now();
        let next = session.post_message(&format!("well-{number}"));
        assert_eq!(next.status, 200, "{id}: {next:?}");
        assert!(began.elapsed() < TIMEOUT, "{id}: {:?}", began.elapsed());
        assert_eq!(findings(&session, "upstream"), Vec::<Value>::new(), "all is well again");
    }
    session.aws().wait_for_rows(3);
    assert_eq!(session.aws().items().len(), 3);
}

#[test]
fn a_batch_handler_that_exits_loses_no_record() {
    let mut session = Session::live();
    let aws = session.aws();
    session.edit(DOWNSTREAM, "let started = Instant::now();", "if !batch.records.is_empty() {\n            std::process::exit(9);\n        }\n        let started = Instant::now();");
    session.next_live("downstream");
    for number in 0..20 {
        assert_eq!(session.post_message(&number.to_string()).status, 200);
    }
    let found = eventually("the failure is named", LIMIT, || {
        let found = findings(&session, "downstream");
        if found.is_empty() { Err(session.status().1) } else { Ok(found) }
    });
    assert!(
        found.iter().any(|finding| finding["message"].as_str().unwrap().contains("exit status 9")),
        "{found:#?}"
    );
    assert_eq!((aws.items().len(), aws.rows().len()), (20, 0));
    session.edit(DOWNSTREAM, "std::process::exit(9)", "let _: u8 = 9");
    session.next_live("downstream");
    assert_eq!(aws.wait_for_rows(20).len(), 20);
    assert_eq!(aws.datapoints(), 20);
    assert_eq!(aws.messages("pipeline-downstream-failures"), Vec::<Value>::new());
}

#[test]
fn a_bootstrap_deleted_by_hand_is_reported_and_put_back_by_the_next_save() {
    let mut session = Session::live();
    let folder = session.workspace.dist().join("upstream");
    std::fs::remove_file(folder.join("bootstrap")).unwrap();
    assert_eq!(session.post_message("1").status, 200);
    // Even the process may end, because the deployed code is held open.
    let killed = processes_in(&folder);
    killed.iter().copied().for_each(kill);
    // A process's first thread ends before its others, so the test waits until devloop has noticed the end.
    eventually("the process is gone", LIMIT, || {
        let left = killed.iter().filter(|process| Path::new(&format!("/proc/{process}")).exists());
        match left.collect::<Vec<_>>().as_slice() {
            [] => Ok(()),
            left => Err(format!("{left:?}")),
        }
    });
    let began = Instant::now();
    assert_eq!(session.post_message("2").status, 200);
    assert!(began.elapsed() < TIMEOUT, "{:?}", began.elapsed());
    let found = findings(&session, "upstream");
    assert!(found.iter().any(|finding| finding["code"] == "bootstrap_missing"), "{found:#?}");

    // The save changes no code: the built binary is the deployed one, but the file is missing.
    session.edit(UPSTREAM, "//! ", "//! Edited. ");
    session.next_live("upstream");
    assert!(folder.join("bootstrap").is_file());
    assert_eq!(session.post_message("3").status, 200);
    assert_eq!(findings(&session, "upstream"), Vec::<Value>::new());
    session.aws().wait_for_rows(3);
}
