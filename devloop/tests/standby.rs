//! The cargo that stands by for the next save, seen from outside: other processes that need the build directory get it, and the
//! waiting cargo never outlives its session.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::fs::{self, File};
use std::process::Command;
use std::time::Instant;

use rustix::process::Signal;
use support::{
    LIMIT, Session, TINY, Workspace, children_of, eventually, kernel_state, program, send, signal_to,
    write_program,
};

const WATCH: [&str; 4] = ["watch", "--port", "0", "--json"];

/// The processes of the session that were started as `cargo build`.
fn cargos(session: &Session) -> Vec<i32> {
    let is_cargo = |process: &i32| {
        let words = fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default();
        words.split('\0').nth(1) == Some("build")
    };
    children_of(session.process()).into_iter().filter(is_cargo).collect()
}

fn lock(session: &Session) -> File {
    File::open(session.workspace.root().join("target/debug/.cargo-lock")).unwrap()
}

/// Waits until a cargo waits for the lock that the session holds, and returns its process id.
fn until_one_stands_by(session: &Session) -> i32 {
    use std::os::unix::fs::MetadataExt;
    let inode = lock(session).metadata().unwrap().ino();
    eventually("a cargo stands by", LIMIT, || {
        let cargos = cargos(session);
        let locks = fs::read_to_string("/proc/locks").unwrap();
        let waits = |process: &i32| {
            locks.lines().any(|line| {
                line.contains("-> FLOCK")
                    && line.contains(&format!(" {process} "))
                    && line.contains(&format!(":{inode} "))
            })
        };
        cargos.iter().copied().find(waits).ok_or_else(|| (cargos, locks.clone()))
    })
}

/// Waits for the lock: a cargo that is killed while it waits may get the lock for a moment before it ends.
fn until_the_lock_is_free(session: &Session) {
    let lock = lock(session);
    eventually("the lock is free", LIMIT, || lock.try_lock());
}

fn is_gone(process: i32) -> bool {
    let state = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    state.is_empty() || state.contains(") Z ")
}

/// Builds by hand, as a user does in another shell.
fn build_by_hand(session: &Session) {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(session.workspace.root()).args(["build", "--offline", "--bin", "alpha"]);
    cargo.env_remove("CARGO_TARGET_DIR").env_remove("CARGO_BUILD_TARGET_DIR");
    let began = Instant::now();
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(began.elapsed() < LIMIT, "it had to wait for {:?}", began.elapsed());
}

#[test]
fn a_save_is_built_by_the_cargo_that_stood_by() {
    // Every start of cargo is noted with its first argument.
    let directory = tempfile::tempdir().unwrap();
    let starts = directory.path().join("starts");
    let script = format!("echo \"$1\" >> '{}'\nexec '{}' \"$@\"", starts.display(), env!("CARGO"));
    write_program(&directory.path().join("cargo"), &script);
    let path = format!("{}:{}", directory.path().display(), std::env::var("PATH").unwrap());
    let environment = [("PATH", path.as_str())];
    let mut session = Session::live_through(Workspace::tiny(), &[], &environment, &WATCH, &TINY);
    for round in 1..=3 {
        let waiting = until_one_stands_by(&session);
        session.workspace.save("beta/src/main.rs", &program(&format!("beta {round}")));
        let (_, functions, _) = session.next_build();
        assert_eq!(functions, ["beta"]);
        session.next_live("beta");
        assert_eq!(session.ask("beta"), format!("beta {round} one"));
        eventually("that cargo has ended", LIMIT, || is_gone(waiting).then_some(()).ok_or(waiting));
    }
    until_one_stands_by(&session);
    let builds = fs::read_to_string(starts).unwrap().lines().filter(|word| *word == "build").count();
    assert_eq!(builds, 5, "one before there was a build, one for each save, one that waits");
}

#[test]
fn builds_by_hand_get_the_build_directory_also_while_the_session_is_stopped() {
    let mut session = Session::live_in(Workspace::tiny(), &WATCH, &TINY);
    let first = until_one_stands_by(&session);
    build_by_hand(&session);
    assert!(is_gone(first), "it was not in the way");
    until_one_stands_by(&session);

    signal_to(session.process(), Signal::TSTP);
    eventually("the job is stopped", LIMIT, || match kernel_state(session.process()) {
        'T' => Ok(()),
        other => Err(other),
    });
    until_the_lock_is_free(&session);
    build_by_hand(&session);
    signal_to(session.process(), Signal::CONT);
    session.workspace.save("gamma/src/main.rs", &program("gamma by hand"));
    session.next_live("gamma");
    assert_eq!(session.ask("gamma"), "gamma by hand one");
}

#[test]
fn it_ends_with_its_session_however_that_ends() {
    for signal in [Signal::INT, Signal::KILL] {
        let mut session = Session::live_in(Workspace::tiny(), &WATCH, &TINY);
        let waiting = until_one_stands_by(&session);
        let status = session.end(signal);
        assert_eq!(status.success(), signal == Signal::INT, "{status}");
        eventually("it has ended", LIMIT, || is_gone(waiting).then_some(()).ok_or(waiting));
        until_the_lock_is_free(&session);
    }
}

#[test]
fn a_function_that_appears_is_built_though_a_cargo_stood_by() {
    let mut session = Session::live_in(Workspace::tiny(), &WATCH, &TINY);
    until_one_stands_by(&session);
    session.workspace.create("alpha/src/bin/delta.rs", &program("delta"));
    let url = session.wait("delta is added", |line| {
        (line["event"] == "added" && line["function"] == "delta")
            .then(|| line["url"].as_str().unwrap().to_owned())
    });
    session.next_live("delta");
    assert_eq!(send("GET", &url, &[], "").unwrap().body, "delta one");
}
