//! Format, lints and tests, by cargo.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

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

/// The test programs that run beside all others, because no test of theirs depends on its speed.
const BESIDE: [&str; 4] = ["boto3", "dynoxide", "packages", "stacks"];

/// Runs the tests whose names contain one of the filters; without filters all of them, some beside the others.
pub(crate) fn tests(
    root: &Path,
    set_up: &SetUp,
    filters: &[String],
    tally: &mut Tally,
) -> Result<(), String> {
    if !filters.is_empty() {
        let mut command = test(cargo(root));
        command.arg("--").args(filters);
        return run(command, set_up, "all", tally, None);
    }
    // Built in advance, the programs keep no other cargo waiting for the target folder.
    let mut build = test(cargo(root));
    build.arg("--no-run");
    passes(build, "the tests do not build")?;
    let programs = test_programs(root)?;
    let is_beside = |name: &String| BESIDE.contains(&name.as_str());
    let (beside, others): (Vec<_>, Vec<_>) = programs.into_iter().partition(is_beside);
    let mut rest = test(cargo(root));
    rest.args(["--lib", "--bins"]).args(tests_of(&others));
    let mut waiting = test(patient(&cargo(root)));
    waiting.args(tests_of(&beside));
    say(&format!("meanwhile: {}", beside.join(", ")));
    let mut lines = Vec::new();
    let mut second = Tally::default();
    let (ran, ran_beside) = std::thread::scope(|scope| {
        let ran_beside = scope.spawn(|| run(waiting, set_up, "beside", &mut second, Some(&mut lines)));
        let ran = run(rest, set_up, "rest", tally, None);
        (ran, ran_beside.join())
    });
    say(&format!("=== {}\n{}", beside.join(", "), lines.join("\n")));
    tally.add(second);
    ran?;
    ran_beside.map_err(|_| "the thread of the tests beside panicked".to_owned())??;
    let mut documentation = test(cargo(root));
    documentation.arg("--doc");
    run(documentation, set_up, "documentation", tally, None)
}

/// Cargo that tests the workspace.
fn test(mut command: Command) -> Command {
    command.args(["test", "--workspace", "--locked", "--no-fail-fast"]);
    command
}

/// The same command with a lower priority, for programs that are not to slow others down.
fn patient(command: &Command) -> Command {
    let mut nice = Command::new("nice");
    nice.args(["-n", "5"]).arg(command.get_program());
    nice.current_dir(command.get_current_dir().unwrap_or(Path::new(".")));
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => nice.env(name, value),
            None => nice.env_remove(name),
        };
    }
    nice
}

/// Cargo's options for these test programs.
fn tests_of(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().flat_map(|name| ["--test", name])
}

/// The names of the workspace's test programs, each once.
fn test_programs(root: &Path) -> Result<Vec<String>, String> {
    let mut command = cargo(root);
    command.args(["metadata", "--no-deps", "--locked", "--format-version", "1"]).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("run cargo metadata: {error}"))?;
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("read the answer of cargo metadata: {error}"))?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let targets = packages.flat_map(|package| package["targets"].as_array().into_iter().flatten());
    let tests = targets.filter(|target| target["kind"][0] == "test");
    let names: BTreeSet<String> = tests.filter_map(|test| test["name"].as_str().map(str::to_owned)).collect();
    Ok(names.into_iter().collect())
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
    run(system, set_up, "system", tally, None)?;
    let mut tool = test(cargo(root));
    tool.args(["--features", "devloop-system/portable"]);
    tool.args(PORTABLE.iter().flat_map(|name| ["--test", name]));
    // The long tests run in full on Linux's own way only.
    tool.env_remove("CI");
    run(tool, set_up, "portable", tally, None)
}

/// Runs tests and counts them. Shows their output, or keeps it for later, with cargo's own. `which` is part of the name of the file
/// in which tests note missing programs.
fn run(
    mut command: Command,
    set_up: &SetUp,
    which: &str,
    tally: &mut Tally,
    mut kept: Option<&mut Vec<String>>,
) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("run cargo test: {error}");
    let notes = set_up.home.join(format!("not-run.{which}"));
    std::fs::write(&notes, "").map_err(failed)?;
    let (output, writer) = std::io::pipe().map_err(failed)?;
    command.env("PATH", &set_up.path).env(test_tools::NOT_RUN, &notes);
    if kept.is_some() {
        command.stderr(writer.try_clone().map_err(failed)?);
    }
    command.stdout(writer);
    let mut child = command.spawn().map_err(failed)?;
    // The command holds the pipe's other end.
    drop(command);
    for line in BufReader::new(output).split(b'\n') {
        let line = line.map_err(failed)?;
        let line = tally.take(&String::from_utf8_lossy(&line), |name| lacking(&notes, name));
        match &mut kept {
            Some(kept) => kept.push(line),
            None => say(&line),
        }
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{BESIDE, test_programs};

    #[test]
    fn the_programs_that_run_beside_the_others_exist() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let programs = test_programs(root).unwrap();
        assert!(BESIDE.iter().all(|name| programs.iter().any(|program| program == name)), "{programs:?}");
        assert!(programs.len() > BESIDE.len());
    }
}
