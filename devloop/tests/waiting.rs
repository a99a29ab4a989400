//! Asynchronous events that still wait when a session ends are reported.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};
use support::{LIMIT, Told, eventually, send, signal_to, without_settings};

#[test]
fn events_that_wait_for_their_next_try_are_told_at_the_end() {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_devloop"));
    command.args(["up", "--no-template", "--port", "0", "--json"]).current_dir(home.path());
    without_settings(&mut command);
    let mut told = Told::start(command);
    let ready = loop {
        let line = told.next(LIMIT).unwrap();
        if line["event"] == "ready" {
            break line;
        }
    };
    let endpoint = ready["endpoint"].as_str().unwrap().to_owned();
    // A function that never starts: every try fails, and the next one is due a minute later.
    let program = home.path().join("bootstrap");
    fs::write(&program, "#!/bin/sh\nexit 1\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let function = json!({
        "FunctionName": "f", "Role": "arn:aws:iam::000000000000:role/r", "Runtime": "provided.al2023", "Handler": "h",
        "Code": { "S3Bucket": "hot-reload", "S3Key": home.path() },
    });
    let functions = format!("{endpoint}/2015-03-31/functions");
    assert_eq!(send("POST", &functions, &[], function.to_string()).unwrap().status, 201);
    for _ in 0..2 {
        let call = [("X-Amz-Invocation-Type", "Event")];
        assert_eq!(send("POST", &format!("{functions}/f/invocations"), &call, "{}").unwrap().status, 202);
    }
    eventually("both events wait for their second try", LIMIT, || {
        let status = send("GET", &format!("{endpoint}/_devloop/status"), &[], "").unwrap().json();
        let events = status["functions"][0]["asynchronous"].clone();
        let is_so = events["waiting"] == 2 && events["being_tried"] == 0 && events["next_try_ms"].is_i64();
        if is_so { Ok(()) } else { Err::<(), Value>(events) }
    });
    signal_to(told.process(), Signal::INT);
    assert_eq!(told.ended(LIMIT).code(), Some(0));
    let expected = "f: 2 asynchronous events were still waiting; they are lost with the session";
    assert!(told.account().contains(expected), "{}", told.account());
}
