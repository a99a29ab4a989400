//! A session before the end of its first build: its functions are being built, and nothing is wrong. Also: files of killed sessions
//! are cleared.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::net::TcpStream;
use std::process::{Command, Output};

use serde_json::Value;
use support::{Lines, Tiny, address_of, send};

/// A build script that waits until the test opens the gate.
const BUILD_SCRIPT: &str = r#"fn main() {
    while !std::path::Path::new("../target/gate").exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
"#;

fn status(tiny: &Tiny, endpoint: &str, more: &[&str]) -> Output {
    let arguments = [&["status", "--endpoint", endpoint], more].concat();
    tiny.devloop(&arguments).output().unwrap()
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn functions_of_a_first_build_are_being_built_and_no_problem() {
    let tiny = Tiny::new();
    tiny.write("up/build.rs", BUILD_SCRIPT);
    let arguments = ["watch", "up", "mid", "--no-template", "--port", "0", "--json"];
    let mut session = Lines::start(tiny.devloop(&arguments));
    let ready = session.wait("ready", "");
    let endpoint = ready["endpoint"].as_str().unwrap().to_owned();

    let output = status(&tiny, &endpoint, &["--json"]);
    let report: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output)));
    assert!(output.status.success(), "{report:#}");
    assert_eq!(report["problems"], serde_json::json!([]), "{report:#}");
    let functions = report["functions"].as_array().unwrap();
    assert_eq!(functions.len(), 2, "{report:#}");
    assert!(functions.iter().all(|function| function["being_built"] == true), "{report:#}");
    let text = told(&status(&tiny, &endpoint, &[]));
    assert!(text.ends_with(" are being built for the first time\n"), "{text}");
    assert!(!text.contains("PROBLEMS"), "{text}");

    // The program ends at once, so that it is built but fails to start; after that it is a problem.
    tiny.write("target/gate", "");
    for _function in ["mid", "up"] {
        session.wait("error", "");
    }
    let text = told(&status(&tiny, &endpoint, &[]));
    assert!(!text.contains("being built"), "{text}");
    assert!(session.end().success());
}

#[test]
fn what_a_killed_session_left_is_cleared_and_reported() {
    let tiny = Tiny::new();
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut gone = Command::new("true").spawn().unwrap();
    let left = place.path().join(format!("devloop-code-{}-abc", gone.id()));
    gone.wait().unwrap();
    std::fs::create_dir(&left).unwrap();
    let mut command = tiny.devloop(&["watch", "up", "--no-template", "--port", "0", "--json"]);
    command.env("TMPDIR", place.path());
    let mut session = Lines::start(command);
    let ready = session.wait("ready", "");
    let cleared = ready["outputs"]["Cleared"].as_str().unwrap_or_else(|| panic!("{ready:#}"));
    let expected = format!("1 folder of code and objects in {}", place.path().display());
    assert!(cleared.starts_with(&expected), "{cleared}");
    assert!(!left.exists());
    assert!(session.end().success());
}

/// The same command with a limit on open files and connections.
fn with_few_descriptors(command: &Command, most: usize) -> Command {
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("ulimit -n {most}; exec \"$0\" \"$@\"")]);
    limited.arg(command.get_program()).args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        limited.current_dir(directory);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    limited
}

#[test]
fn clients_that_take_every_connection_are_reported_and_others_are_answered_afterwards() {
    let tiny = Tiny::new();
    let command = tiny.devloop(&["watch", "up", "--no-template", "--port", "0", "--json"]);
    let mut session = Lines::start(with_few_descriptors(&command, 160));
    let endpoint = session.wait("ready", "")["endpoint"].as_str().unwrap().to_owned();
    let (address, _) = address_of(&endpoint);
    let clients: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(address).unwrap()).collect();
    while session.wait("error", "")["code"] != "descriptor_limit" {}
    drop(clients);
    let answer = send("GET", &format!("{endpoint}/_localstack/health"), &[], "").unwrap();
    assert_eq!(answer.status, 200);
    assert!(session.end().success());
}
