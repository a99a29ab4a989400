//! The edit loop on the real pipeline: saves that go live while requests run through it. What a request does there, P1 to P12 of
//! the pipeline's acceptance tests, is in `scenarios.rs`.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::process::Command;

use serde_json::json;
use support::{LIMIT, Poster, Session, eventually, message};

const ANSWER: &str = "functions/pipeline/upstream/src/answer.rs";
const MIDSTREAM: &str = "functions/pipeline/midstream/src/lib.rs";
const MODEL: &str = "functions/pipeline/model/src/message.rs";

#[test]
fn a_save_goes_live_while_clients_post() {
    let mut session = Session::live();
    let poster = Poster::start(&session.url(), 4);
    session.edit(ANSWER, "\"success\"", "\"success 2\"");
    let (number, functions, reason) = session.next_build();
    assert_eq!(functions, ["upstream"]);
    assert!(reason.contains("answer.rs"), "{reason}");
    let live = session.wait("upstream goes live, and nothing else", |line| {
        if ["swapped", "live", "unchanged"].iter().any(|event| line["event"] == *event) {
            assert_eq!(line["function"], "upstream", "{line}");
        }
        (line["event"] == "live").then(|| line.clone())
    });
    assert_eq!(live["generation"], number);
    let next = session.post_message("next");
    assert_eq!((next.status, next.body.as_str()), (200, "{\"message\":\"success 2\"}"));
    let load = poster.stop();
    assert_eq!(load.refused, Vec::<String>::new());
    assert!(load.accepted.len() > 4, "clients posted meanwhile: {load:?}");

    let aws = session.aws();
    let accepted = load.accepted.len() + 1;
    let rows = aws.wait_for_rows(accepted);
    assert_eq!((rows.len(), aws.items().len(), aws.datapoints()), (accepted, accepted, accepted as u64));

    // Functions' lines are in the session's files a moment later, without a further event, and all of them after Ctrl-C.
    let home = session.workspace.root().join("target/devloop");
    let logged = |file: &str, mark: &str| {
        std::fs::read_to_string(home.join(file)).unwrap().lines().filter(|line| line.contains(mark)).count()
    };
    let files = || {
        (
            logged("session.jsonl", "\\\"outcome\\\":\\\"measured\\\""),
            logged("logs/downstream.log", "\"outcome\":\"measured\""),
        )
    };
    eventually("the files have every row", LIMIT, || match files() {
        all if all == (accepted, accepted) => Ok(()),
        other => Err(other),
    });
    assert_eq!(session.post_message("last").status, 200);
    aws.wait_for_rows(accepted + 1);
    session.end(rustix::process::Signal::INT);
    assert_eq!(files(), (accepted + 1, accepted + 1));
}

#[test]
fn a_save_builds_what_it_governs() {
    let mut session = Session::live();
    session.edit(MODEL, "\"{0} is required\"", "\"{0} is needed\"");
    let (model, functions, reason) = session.next_build();
    assert_eq!(functions, ["downstream", "midstream", "upstream"], "one build for all: {reason}");
    assert!(reason.contains("path dependency"), "{reason}");
    for _ in 0..3 {
        let outcome = session.wait("each function goes live, or is the same", |line| {
            assert_ne!(line["event"], "build", "{line}");
            (line["event"] == "live" || line["event"] == "unchanged").then(|| line.clone())
        });
        assert_eq!(outcome["generation"], model, "{outcome}");
    }
    assert_eq!(session.post("{}").body, "{\"message\":\"failed to unmarshal request body: id is needed\"}");

    // A README is not a source: the next build is only for the save that follows.
    session.workspace.save("functions/pipeline/upstream/README.md", "# Upstream\n");
    session.edit(MIDSTREAM, "//! ", "//! Edited. ");
    let (second, functions, reason) = session.next_build();
    assert_eq!((second, functions), (model + 1, vec!["midstream".to_owned()]), "{reason}");
    session.next_outcome("midstream");

    session.edit("functions/pipeline/downstream/Cargo.toml", "[package]", "# Edited.\n[package]");
    let (third, functions, reason) = session.next_build();
    assert_eq!((third, functions), (model + 2, vec!["downstream".to_owned()]), "{reason}");
    assert!(reason.contains("Cargo.toml"), "{reason}");
    session.next_outcome("downstream");

    session.edit("Cargo.toml", "[workspace]", "# Edited.\n[workspace]");
    let (_, functions, reason) = session.next_build();
    assert_eq!(functions, ["downstream", "midstream", "upstream"], "{reason}");
}

#[test]
fn a_save_during_a_build_cancels_it_and_the_last_one_wins() {
    let mut session = Session::live();
    session.edit(MODEL, "\"{0} is required\"", "\"{0} is needed\"");
    let (first, _, _) = session.next_build();
    session.edit(MODEL, "\"{0} is needed\"", "\"{0} is wanted\"");
    let cancelled = session.wait("the first build is cancelled", |line| {
        assert_ne!(line["event"], "live", "the build was over before it could be cancelled: {line}");
        (line["event"] == "cancelled").then(|| line.clone())
    });
    assert_eq!(cancelled["generation"], first);
    assert_eq!(cancelled["functions"].as_array().unwrap().len(), 3);
    let live = session.next_live("upstream");
    assert!(live["generation"].as_u64() > Some(first), "{live}");
    assert_eq!(session.post("{}").body, "{\"message\":\"failed to unmarshal request body: id is wanted\"}");
}

#[test]
fn a_compile_error_is_shown_while_the_old_code_serves() {
    let mut session = Session::live();
    session.edit(ANSWER, "\"success\".to_owned()", "5_u8");
    let failed =
        session.wait("the build fails", |line| (line["event"] == "build_failed").then(|| line.clone()));
    assert_eq!(failed["functions"], serde_json::json!(["upstream"]));
    assert!(failed["serving"]["upstream"].is_string(), "{failed}");
    let rendered = failed["diagnostics"][0]["rendered"].as_str().unwrap();
    for part in ["error[E0308]: mismatched types", "answer.rs", "5_u8"] {
        assert!(rendered.contains(part), "{rendered}");
    }
    assert_eq!(session.post_message("old").body, "{\"message\":\"success\"}");

    session.edit(ANSWER, "5_u8", "\"fixed\".to_owned()");
    session.next_live("upstream");
    assert_eq!(session.post_message("new").body, "{\"message\":\"fixed\"}");
}

#[test]
fn an_event_is_followed_through_every_stage() {
    let session = Session::live();
    let event = json!({
        "httpMethod": "POST", "requestContext": { "httpMethod": "POST" }, "body": message("followed").to_string(),
    })
    .to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_devloop"));
    command.args(["invoke", "upstream", "--follow", "--payload", &event, "--endpoint", &session.endpoint]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let stages: Vec<&str> = said.lines().filter(|line| line.starts_with('+')).collect();
    assert_eq!(stages.len(), 3, "{said}");
    for (stage, function) in stages.iter().zip(["upstream", "midstream", "downstream"]) {
        assert!(stage.to_lowercase().contains(function) && stage.contains("succeeded"), "{said}");
    }
}
