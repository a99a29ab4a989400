//! `devloop status` before a session's first build has ended: its functions are being built, and nothing is wrong.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::process::Output;

use serde_json::Value;
use support::{Lines, Tiny};

/// Waits until the test opens the gate.
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

    // The program ends at once, so that it is built and does not come up: that is the session's problem then.
    tiny.write("target/gate", "");
    for _function in ["mid", "up"] {
        session.wait("error", "");
    }
    let text = told(&status(&tiny, &endpoint, &[]));
    assert!(!text.contains("being built"), "{text}");
    assert!(session.end().success());
}
