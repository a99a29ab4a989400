//! `devloop watch --debugger`, with gdb attached to a function.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::process::{Command, Stdio};
use std::thread;

use support::{Session, TINY, Workspace};

#[test]
fn a_breakpoint_is_met_and_the_answer_comes() {
    let gdb = test_tools::program("gdb");
    let workspace = Workspace::tiny();
    workspace.edit("Cargo.toml", "debug = false", "debug = 2");
    let mut session = Session::start(workspace, &["watch", "--port", "0", "--json", "--debugger"]);
    session.wait_for_all_live(&TINY);
    let log = session.workspace.root().join("target/devloop/session.jsonl");
    let process = support::eventually("alpha tells what to paste", support::LIMIT, || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let mut told = lines.filter(|line| line["function"] == "alpha").filter_map(|line| {
            line["line"].as_str()?.trim().strip_prefix("gdb        gdb -p ").map(str::to_owned)
        });
        told.next_back().ok_or(text)
    });
    let commands = [
        "set pagination off",
        // The function waits in it for its next event; the next call is the answer.
        "break lambda_runtime::exchange",
        "continue",
        "backtrace 2",
        "delete",
        "detach",
    ];
    let mut command = Command::new(gdb);
    command.args(["-nx", "-batch", "-p", &process]).env("DEBUGINFOD_URLS", "");
    for one in commands {
        command.args(["-ex", one]);
    }
    let gdb = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    support::eventually("gdb has attached", support::LIMIT, || {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        if status.contains("TracerPid:\t0\n") { Err(status) } else { Ok(()) }
    });
    let url = session.outputs["alphaUrl"].as_str().unwrap().to_owned();
    let asking = thread::spawn(move || support::send("GET", &url, &[], "").unwrap());
    let output = gdb.wait_with_output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let told = text(&output.stdout);
    assert!(told.contains("Breakpoint 1, lambda_runtime::exchange"), "{told}{}", text(&output.stderr));
    assert!(told.contains("lambda_runtime/src/lib.rs:"), "the lines of the source are known: {told}");
    let answer = asking.join().unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "alpha 0 one"));
    assert_eq!(session.ask("alpha"), "alpha 0 one", "and the next one too");
}
