//! Format, lints and tests, by cargo.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::command::cargo;
use crate::say::say;
use crate::setup::SetUp;
use crate::tally::Tally;

/// Checks that every file is formatted.
pub(crate) fn format(root: &Path) -> Result<(), String> {
    let mut command = cargo(root);
    command.args(["fmt", "--all", "--check"]);
    passes(command, "files are not formatted: run `cargo fmt --all`")
}

/// Checks that clippy finds nothing.
pub(crate) fn lints(root: &Path) -> Result<(), String> {
    let mut command = cargo(root);
    command.args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]);
    passes(command, "clippy found something")
}

fn passes(mut command: Command, wrong: &str) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("run cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err(wrong.to_owned()) }
}

/// Runs the tests whose names contain one of the filters; without filters all of them.
pub(crate) fn tests(
    root: &Path,
    set_up: &SetUp,
    filters: &[String],
    tally: &mut Tally,
) -> Result<(), String> {
    let mut command = cargo(root);
    command.args(["test", "--workspace", "--locked", "--no-fail-fast", "--"]).args(filters);
    run(command, set_up, tally)
}

/// The tests of the tool that run on the portable code too, because what they test asks most of the operating system.
const PORTABLE: [&str; 5] = ["processes", "swaps", "saves", "status", "bench"];

/// Runs the tests of the portable code of `devloop/system`, and some of the tool's tests on it. A feature chooses that code on
/// Linux too, so that no dependency is compiled again.
pub(crate) fn portable_tests(root: &Path, set_up: &SetUp, tally: &mut Tally) -> Result<(), String> {
    let mut system = cargo(root);
    system.args([
        "test",
        "--locked",
        "--no-fail-fast",
        "--package",
        "devloop-system",
        "--features",
        "portable",
    ]);
    run(system, set_up, tally)?;
    let mut tool = cargo(root);
    tool.args(["test", "--workspace", "--locked", "--no-fail-fast", "--features", "devloop-system/portable"]);
    tool.args(PORTABLE.iter().flat_map(|name| ["--test", name]));
    // The long tests run in full on Linux's own way only.
    tool.env_remove("CI");
    run(tool, set_up, tally)
}

/// Runs tests and counts them.
fn run(mut command: Command, set_up: &SetUp, tally: &mut Tally) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("run cargo test: {error}");
    let notes = set_up.home.join("not-run");
    std::fs::write(&notes, "").map_err(failed)?;
    command.env("PATH", &set_up.path).env(test_tools::NOT_RUN, &notes).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    let output = child.stdout.take().into_iter().flat_map(|output| BufReader::new(output).split(b'\n'));
    for line in output {
        let line = line.map_err(failed)?;
        say(&tally.take(&String::from_utf8_lossy(&line), |name| lacking(&notes, name)));
    }
    tally.cargo_failed |= !child.wait().map_err(failed)?.success();
    Ok(())
}

/// The program that the test has noted as missing.
fn lacking(notes: &Path, test: &str) -> Option<String> {
    let text = std::fs::read_to_string(notes).unwrap_or_default();
    let mut lines = text.lines().filter_map(|line| line.split_once('\t'));
    lines.find(|(name, _)| *name == test).map(|(_, what)| what.to_owned())
}
