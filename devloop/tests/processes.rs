//! However devloop ends, no process is left. Also: the error about a port in use names its owner.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::net::TcpListener;

use rustix::process::Signal;
use support::{LIMIT, Psql, Session, Sink, Workspace, eventually, processes_in};

/// Ends a session that has handled requests, and checks that its processes and its port are gone. Returns its exit code.
fn check(signal: Signal) -> Option<i32> {
    check_with(Sink::CloudWatch, signal)
}

fn check_with(sink: Sink, signal: Signal) -> Option<i32> {
    let mut session = sink.session();
    assert_eq!(session.post_message("1").status, 200);
    session.aws().wait_for_rows(1);
    let root = session.workspace.root().to_owned();
    let running = processes_in(&session.workspace.dist());
    assert!(running.len() >= 3, "each function has a process: {running:?}");
    let database = root.join("target/devloop/postgres");
    let psql = (sink == Sink::Both).then(|| {
        let servers = processes_in(&database);
        assert!(servers.len() > 3, "the server has several: {servers:?}");
        let psql = Psql::of(&session);
        psql.wait_for("SELECT count(*) FROM pipeline_items", "1");
        psql
    });
    let port = session.port();
    let status = session.end(signal);
    // After a SIGKILL the kernel ends the remaining processes, which takes a moment.
    eventually("no process is left in the workspace", LIMIT, || match processes_in(&root).as_slice() {
        [] => Ok(()),
        left => Err(left.to_vec()),
    });
    eventually("the port is free", LIMIT, || TcpListener::bind(("127.0.0.1", port)));
    if let Some(psql) = psql {
        let error = psql.ask("SELECT 1").unwrap_err();
        assert!(error.contains("refused"), "{error}");
    }
    // The next session removes the data that a SIGKILL leaves.
    if signal != Signal::KILL && sink == Sink::Both {
        assert_eq!(std::fs::read_dir(database).unwrap().count(), 0);
    }
    status.code()
}

#[test]
fn ctrl_c_leaves_nothing() {
    assert_eq!(check(Signal::INT), Some(0));
}

#[test]
fn sigterm_leaves_nothing() {
    assert_eq!(check(Signal::TERM), Some(0));
}

#[test]
fn sigkill_leaves_nothing() {
    assert_eq!(check(Signal::KILL), None);
}

#[test]
fn ctrl_c_leaves_no_database() {
    assert_eq!(check_with(Sink::Both, Signal::INT), Some(0));
}

#[test]
fn sigkill_leaves_no_database() {
    assert_eq!(check_with(Sink::Both, Signal::KILL), None);
    assert_eq!(check_with(Sink::Both, Signal::TERM), Some(0));
}

#[test]
fn sigkill_during_a_build_leaves_no_compiler() {
    let mut session = Session::live();
    session.edit("functions/pipeline/model/src/message.rs", "\"{0} is required\"", "\"{0} is needed\"");
    session.next_build();
    let root = session.workspace.root().to_owned();
    let functions = processes_in(&session.workspace.dist());
    eventually("cargo runs", LIMIT, || {
        let all = processes_in(&root);
        if all.len() > functions.len() + 1 { Ok(()) } else { Err(all) }
    });
    session.end(Signal::KILL);
    eventually("no process is left in the workspace", LIMIT, || match processes_in(&root).as_slice() {
        [] => Ok(()),
        left => Err(left.to_vec()),
    });
}

#[test]
fn a_busy_ports_owner_is_named() {
    let workspace = Workspace::take();
    let owner = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = owner.local_addr().unwrap().port().to_string();
    let output = workspace.devloop(&["up", "--port", &port, "--json"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains(&format!("(process {}) has the port", std::process::id())), "{said}");
    assert!(said.contains("--port"), "the next step: {said}");
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["code"], "port_busy");
}
