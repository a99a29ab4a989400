//! The embedded target with a cloud that answers as a test says.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use devloop_cloud::ActivationError;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::{CloudHandle, Embedded};
use crate::engine::Digest;
use crate::target::{Pending, Target};

/// Answers with these results, one list after the other; the last one is repeated.
struct Fake(Mutex<Vec<Vec<Result<String, ActivationError>>>>);

impl CloudHandle for Fake {
    fn activate<'a>(&'a self, _directory: &'a Path) -> Pending<'a, Vec<Result<String, ActivationError>>> {
        let mut outcomes = self.0.lock().unwrap();
        let next = if outcomes.len() > 1 { outcomes.remove(0) } else { outcomes[0].clone() };
        Box::pin(async { next })
    }

    fn serve(&self, function: &str, _directory: &Path) -> Result<String, String> {
        if function == "new" { Ok("http://e/new".to_owned()) } else { Err(format!("{function} exists")) }
    }

    fn remove(&self, function: &str) -> Result<(), String> {
        assert_eq!(function, "new");
        Ok(())
    }

    fn place(&self) -> (String, String) {
        ("000000000000".to_owned(), "us-east-1".to_owned())
    }

    fn processes(&self, _directory: &Path) -> Vec<(String, Vec<i32>)> {
        Vec::new()
    }

    fn replay_last<'a>(&'a self, _directory: &'a Path) -> Pending<'a, Vec<String>> {
        Box::pin(async { Vec::new() })
    }
}

fn embedded(dist: &Path, outcomes: Vec<Vec<Result<String, ActivationError>>>) -> Embedded<Fake> {
    Embedded::new(Fake(Mutex::new(outcomes)), dist.to_owned(), [])
}

/// One function that started.
fn up() -> Vec<Result<String, ActivationError>> {
    vec![Ok("Up".to_owned())]
}

fn died(lines: &[&str]) -> Result<String, ActivationError> {
    Err(ActivationError {
        function: "Up".to_owned(),
        error_type: "Runtime.ExitError".to_owned(),
        message: "exit status 101".to_owned(),
        output: lines.iter().map(|&line| line.to_owned()).collect(),
        still_serving: true,
    })
}

async fn check(outcomes: Vec<Result<String, ActivationError>>, expected: Result<(), &str>) {
    let dist = tempfile::tempdir().unwrap();
    let target = embedded(dist.path(), vec![outcomes]);
    let result = target.activate("up", Path::new("/dist/up"), &Digest::new("00")).await;
    assert_eq!(result.map_err(|problem| problem.message), expected.map_err(str::to_owned));
}

#[tokio::test]
async fn every_function_that_runs_from_the_directory_must_come_up() {
    check([up(), up()].concat(), Ok(())).await;
    check(vec![], Err("activate up: no function of the cloud runs from /dist/up")).await;
    check(
        [up(), vec![died(&[])]].concat(),
        Err("start the new code of Up: Runtime.ExitError: exit status 101"),
    )
    .await;
}

#[tokio::test]
async fn a_failure_shows_the_last_lines_of_the_process() {
    let expected = "start the new code of Up: Runtime.ExitError: exit status 101\n  2\n  3\n  4\n  5\n  6";
    check(vec![died(&["1", "2", "3", "4", "5", "6"])], Err(expected)).await;
}

#[test]
fn a_function_that_the_cloud_refuses_is_named() {
    let dist = tempfile::tempdir().unwrap();
    let target = embedded(dist.path(), vec![]);
    let problem = target.adopt("up", Path::new("/dist/up")).unwrap_err();
    assert_eq!(
        (problem.code, problem.message.as_str()),
        ("function_refused", "create the function up: up exists")
    );
}

#[test]
fn only_what_the_session_has_made_is_removed() {
    let dist = tempfile::tempdir().unwrap();
    let target = embedded(dist.path(), vec![]);
    target.adopt("new", &dist.path().join("new")).unwrap();
    assert_eq!(
        (target.dismiss("new"), target.dismiss("new"), target.dismiss("up")),
        (Ok(true), Ok(false), Ok(false))
    );
}

/// Puts a program in place by a rename, as a swap does, and returns its digest. A copy of `true` says that it is a program.
fn put(dist: &TempDir, text: &str) -> Digest {
    let mut program = fs::read("/bin/true").unwrap();
    program.extend(text.as_bytes());
    let (home, next) = (dist.path().join("up"), dist.path().join("next"));
    fs::create_dir_all(&home).unwrap();
    fs::write(&next, &program).unwrap();
    fs::rename(next, home.join("bootstrap")).unwrap();
    Digest::new(format!("{:x}", Sha256::digest(&program)))
}

fn in_place(dist: &TempDir) -> Digest {
    crate::swap::digest_at(&dist.path().join("up/bootstrap")).unwrap()
}

fn kept(dist: &TempDir) -> usize {
    fs::read_dir(dist.path().join(".former/up")).unwrap().count()
}

#[tokio::test]
async fn the_code_before_the_last_swap_is_kept_and_comes_back() {
    let dist = tempfile::tempdir().unwrap();
    let target = embedded(dist.path(), vec![up()]);
    let home = dist.path().join("up");
    let nothing = target.roll_back("up").await.unwrap_err();
    assert_eq!(nothing.code, "nothing_to_roll_back");
    let mut digests = Vec::new();
    for text in ["one", "two", "three"] {
        digests.push(put(&dist, text));
        target.activate("up", &home, &digests[digests.len() - 1]).await.unwrap();
    }
    assert_eq!(kept(&dist), 2, "the code in place, which is a link, and the one before");
    for expected in [&digests[1], &digests[2], &digests[1]] {
        let done = target.roll_back("up").await.unwrap();
        assert_eq!((&done.digest, done.name.as_str()), (expected, "Up"));
        assert_eq!(in_place(&dist), *expected);
    }
    // The next save replaces the code that was rolled back to.
    let four = put(&dist, "four");
    target.activate("up", &home, &four).await.unwrap();
    assert_eq!(target.roll_back("up").await.unwrap().digest, digests[1]);
}

#[tokio::test]
async fn former_code_that_fails_to_start_changes_nothing() {
    let dist = tempfile::tempdir().unwrap();
    let target = embedded(dist.path(), vec![up(), up(), vec![died(&[])], up()]);
    let home = dist.path().join("up");
    let (one, two) = (put(&dist, "one"), put(&dist, "two"));
    put(&dist, "one");
    target.activate("up", &home, &one).await.unwrap();
    put(&dist, "two");
    target.activate("up", &home, &two).await.unwrap();
    assert_eq!(target.roll_back("up").await.unwrap_err().code, "activation_failed");
    assert_eq!(in_place(&dist), two);
    assert_eq!(target.roll_back("up").await.unwrap().digest, one, "and it can be tried again");
    fs::remove_file(dist.path().join(".former/up").join(two.to_string())).unwrap();
    assert_eq!(target.roll_back("up").await.unwrap_err().code, "former_code_lost");
    assert_eq!(in_place(&dist), one);
}
