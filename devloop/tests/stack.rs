//! The CDK stack's own tests, run with the Rust ones when Node is there. In CI they must run; elsewhere a missing Node or a
//! first `npm ci` without a network is said loudly, past the test harness's capture.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

#[test]
fn the_stacks_own_tests_pass() {
    let stack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../stack");
    let npm = |arguments: &[&str]| Command::new("npm").args(arguments).current_dir(&stack).output();
    let Ok(version) = Command::new("node").arg("--version").output() else {
        return did_not_run("there is no `node`");
    };
    assert!(version.status.success(), "node --version failed: {}", text(&version));
    if !stack.join("node_modules").is_dir() {
        match npm(&["ci", "--no-audit", "--no-fund"]) {
            Ok(installed) if installed.status.success() => {}
            Ok(failed) => return did_not_run(&format!("`npm ci` failed: {}", text(&failed))),
            Err(error) => return did_not_run(&format!("npm does not start: {error}")),
        }
    }
    match npm(&["test"]) {
        Ok(tested) => assert!(tested.status.success(), "npm test in stack/ failed:\n{}", text(&tested)),
        Err(error) => did_not_run(&format!("npm does not start: {error}")),
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn did_not_run(why: &str) {
    assert!(std::env::var_os("CI").is_none(), "the stack's tests must run in CI: {why}");
    let line = format!(
        "\n!!! THE STACK'S TESTS DID NOT RUN: {why}\n!!! install Node 20 and run `npm ci && npm test` in stack/\n"
    );
    // Written to the descriptor itself: the harness hides what a passing test prints.
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}
