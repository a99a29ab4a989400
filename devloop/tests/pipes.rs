//! Pipes in the place of files: none of them makes a session that cannot be ended.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::Signal;
use support::{LIMIT, Told, eventually, without_settings};
use tempfile::TempDir;

fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn pipe(path: PathBuf) -> PathBuf {
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

fn up(folder: &Path, arguments: &[&str]) -> Told {
    let mut command = Command::new(env!("CARGO_BIN_EXE_devloop"));
    command.args(["up", "--no-template", "--port", "0", "--json"]).args(arguments).current_dir(folder);
    without_settings(&mut command);
    Told::start(command)
}

#[test]
fn a_session_that_waits_for_a_pipe_says_so_and_ends_when_it_is_told_to() {
    let folder = folder();
    let path = pipe(folder.path().join("vars"));
    // Opening for both does not wait for a reader.
    let _writer = File::options().read(true).write(true).open(&path).unwrap();
    let mut told = up(folder.path(), &["--env-file", "vars"]);
    eventually("it says what it waits for", LIMIT, || {
        let said = told.account();
        if said.contains("waiting for what another program writes into") { Ok(()) } else { Err(said) }
    });
    assert_eq!(told.end(Signal::TERM).code(), Some(0));
}

#[test]
fn a_pipe_that_no_program_writes_to_is_an_error() {
    let folder = folder();
    pipe(folder.path().join("vars"));
    let mut told = up(folder.path(), &["--env-file", "vars"]);
    assert_eq!(told.ended(LIMIT).code(), Some(4));
    let error = &told.seen()[0];
    assert_eq!(error["code"], "env_file_invalid", "{error}");
    let expected = "vars: it is a pipe that no program writes to; start that program first, or name a file";
    assert!(error["message"].as_str().unwrap().ends_with(expected), "{error}");
}

#[test]
fn settings_in_a_pipe_are_an_error() {
    let folder = folder();
    pipe(folder.path().join("devloop.toml"));
    let mut told = up(folder.path(), &[]);
    assert_eq!(told.ended(LIMIT).code(), Some(2));
    let error = &told.seen()[0];
    let expected = "devloop.toml: it is a pipe; put a file in its place";
    assert!(error["message"].as_str().unwrap().ends_with(expected), "{error}");
}
