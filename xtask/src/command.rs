//! Runs other programs.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use crate::say::{clear, show};

/// How many of a program's last lines are shown when it fails.
const LAST_LINES: usize = 15;

/// How long to wait for output before checking whether the program has ended.
const PAUSE: Duration = Duration::from_millis(50);

/// Runs a program to its end and shows its progress as that of the step. The error is its last lines.
pub(crate) fn run(step: &str, mut command: Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |error: std::io::Error| format!("run {name}: {error}");
    let (reader, writer) = std::io::pipe().map_err(failed)?;
    command.stdin(Stdio::null()).stdout(writer.try_clone().map_err(failed)?).stderr(writer);
    let mut child = command.spawn().map_err(failed)?;
    // The command holds the pipe's other end.
    drop(command);
    let (lines, inbox) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
            // After the program has ended, its output is not read any more: a server that it started may keep the pipe open.
            if lines.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                break;
            }
        }
    });
    let mut seen = Vec::new();
    let status = loop {
        match inbox.recv_timeout(PAUSE) {
            Ok(line) => {
                show(step, &line);
                seen.push(line);
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Some(status) = child.try_wait().map_err(failed)? {
                    break status;
                }
            }
            Err(RecvTimeoutError::Disconnected) => break child.wait().map_err(failed)?,
        }
    };
    clear();
    if status.success() {
        return Ok(());
    }
    let first = seen.len().saturating_sub(LAST_LINES);
    Err(format!("{name} failed ({status}):\n{}", seen[first..].join("\n")))
}

/// A program's standard output, if it succeeds.
pub(crate) fn answer(program: impl AsRef<OsStr>, arguments: &[&str], path: &OsStr) -> Option<String> {
    let output =
        Command::new(program).args(arguments).env("PATH", path).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Cargo in the workspace, without the variables of the cargo that runs this program: build scripts that look at them would run
/// again, with everything that depends on them, at every change between `cargo xtask test` and `cargo test`.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_trace(name)) {
        command.env_remove(name);
    }
    command
}

fn is_trace(name: &OsStr) -> bool {
    const NAMES: [&str; 5] =
        ["CARGO", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "CARGO_TARGET_TMPDIR", "OUT_DIR"];
    const STARTS: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
    name.to_str()
        .is_some_and(|name| NAMES.contains(&name) || STARTS.iter().any(|start| name.starts_with(start)))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{is_trace, run};

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_that_fails_is_told_with_its_last_words() {
        assert_eq!(run("step", sh("echo well; echo done >&2")), Ok(()));
        let error = run("step", sh("echo first; echo no network >&2; exit 4")).unwrap_err();
        assert_eq!(error, "sh failed (exit status: 4):\nfirst\nno network");
        let error = run("step", Command::new("/nowhere/pip")).unwrap_err();
        assert!(error.starts_with("run /nowhere/pip: "), "{error}");
    }

    #[test]
    fn a_server_that_keeps_the_pipe_holds_up_nobody() {
        let began = std::time::Instant::now();
        assert_eq!(run("step", sh("sleep 5 & echo started")), Ok(()));
        assert!(began.elapsed().as_secs() < 4);
    }

    #[test]
    fn settings_are_kept_and_traces_are_not() {
        let is = |name: &str| is_trace(name.as_ref());
        assert!(is("CARGO") && is("CARGO_MANIFEST_DIR") && is("CARGO_PKG_NAME"));
        assert!(!is("CARGO_HOME") && !is("CARGO_TARGET_DIR") && !is("RUSTUP_TOOLCHAIN") && !is("PATH"));
    }
}
