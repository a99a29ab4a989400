//! The cargo process from its start to its end, or to its cancellation.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio_util::sync::CancellationToken;

use crate::build::arguments::arguments;
use crate::build::dep_info;
use crate::build::messages::{self, Said};
use crate::bus::Events;
use crate::cargo::{self, Group};
use crate::engine::{Artifact, BuildOrder, Fact, Problem};

/// How cargo is called in this session.
#[derive(Debug, Clone)]
pub(crate) struct Builder {
    /// The cargo to start.
    pub(crate) program: PathBuf,
    /// The workspace's root.
    pub(crate) root: PathBuf,
    /// Where cargo puts its output.
    pub(crate) target_directory: PathBuf,
    /// The profile to build.
    pub(crate) profile: String,
}

/// How cargo's run came to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// By itself.
    Finished {
        /// The binaries that are up to date.
        artifacts: Vec<Artifact>,
        /// Cargo's own words when it did not succeed.
        failure: Option<String>,
    },
    /// It was killed, with everything it had started.
    Cancelled,
}

/// Why cargo could not be run at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BuildError {
    /// There is no cargo.
    #[error("start cargo: `{}` was not found", .0.display())]
    CargoMissing(PathBuf),
    /// It could not be started or listened to.
    #[error("run cargo: {0}")]
    Io(#[from] std::io::Error),
}

impl BuildError {
    /// The same for programs and people.
    pub(crate) fn problem(&self) -> Problem {
        match self {
            Self::CargoMissing(_) => Problem::new("cargo_missing", self.to_string())
                .with_hint("install Rust from https://rustup.rs, or put cargo on the PATH"),
            Self::Io(_) => Problem::new("cargo_failed", self.to_string()),
        }
    }
}

/// Runs cargo; its start, its progress and the compiler's messages are sent while it runs.
pub(crate) async fn run(
    builder: &Builder,
    order: &BuildOrder,
    cancel: &CancellationToken,
    events: &Events,
) -> Result<Outcome, BuildError> {
    let mut command = cargo::command(&builder.program, &builder.root);
    command.args(arguments(order, &builder.profile)).arg("--target-dir").arg(&builder.target_directory);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    cargo::lead_a_group(&mut command);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => BuildError::CargoMissing(builder.program.clone()),
        _ => BuildError::Io(error),
    })?;
    let mut group = Group::of(&child);
    events.send(Fact::BuildStarted { generation: order.generation }).await;

    let (Some(output), Some(words)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(std::io::Error::other("cargo has no output").into());
    };
    let listening = async {
        tokio::try_join!(listen_to_messages(output, order, events), listen_to_words(words, order, events),)
    };
    let heard = tokio::select! {
        heard = listening => heard,
        () = cancel.cancelled() => {
            group.end().await;
            child.wait().await?;
            return Ok(Outcome::Cancelled);
        }
    };
    let (mut artifacts, said) = heard?;
    let status = child.wait().await?;
    group.disarm();
    // Cargo brings its dep-info up to date at the end of a build that succeeded, and only then.
    if status.success() {
        for artifact in &mut artifacts {
            artifact.inputs = dep_info::inputs(&artifact.executable, &builder.root);
        }
    }
    let failure = (!status.success())
        .then(|| if said.is_empty() { format!("cargo ended with {status}") } else { said });
    Ok(Outcome::Finished { artifacts, failure })
}

async fn listen_to_messages(
    output: impl AsyncRead + Unpin,
    order: &BuildOrder,
    events: &Events,
) -> std::io::Result<Vec<Artifact>> {
    let mut artifacts = Vec::new();
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        match messages::read(&line) {
            Some(Said::Artifact(artifact)) if order.binaries.contains(&artifact.function) => {
                artifacts.push(artifact);
            }
            Some(Said::Diagnostic(diagnostic)) => {
                events.send(Fact::Diagnostic { generation: order.generation, diagnostic }).await;
            }
            _ => {}
        }
    }
    Ok(artifacts)
}

/// How many of cargo's last lines are kept for the case that it fails.
const REMEMBERED_LINES: usize = 40;

/// Returns what cargo said from its first error on, as far as it is remembered.
async fn listen_to_words(
    words: impl AsyncRead + Unpin,
    order: &BuildOrder,
    events: &Events,
) -> std::io::Result<String> {
    let mut remembered: VecDeque<String> = VecDeque::new();
    let mut lines = BufReader::new(words).lines();
    while let Some(line) = lines.next_line().await? {
        if is_progress(&line) {
            events.send(Fact::Progress { generation: order.generation, line: line.trim().to_owned() }).await;
            continue;
        }
        if remembered.len() == REMEMBERED_LINES {
            remembered.pop_front();
        }
        remembered.push_back(line);
    }
    let first = remembered.iter().position(|line| line.starts_with("error")).unwrap_or(0);
    Ok(remembered.into_iter().skip(first).collect::<Vec<_>>().join("\n").trim().to_owned())
}

/// Cargo right-aligns the verb of a progress line in twelve columns.
fn is_progress(line: &str) -> bool {
    line.get(..13).is_some_and(|start| {
        start.ends_with(' ') && start.trim().chars().all(char::is_alphabetic) && !start.trim().is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::is_progress;

    fn check(line: &str, expected: bool) {
        assert_eq!(is_progress(line), expected, "{line}");
    }

    #[test]
    fn progress_is_told_from_words() {
        check("   Compiling upstream v0.1.0 (/w/upstream)", true);
        check("    Blocking waiting for file lock on build directory", true);
        check("    Finished `dev` profile [unoptimized] target(s) in 0.15s", true);
        check("error: could not compile `upstream`", false);
        check("  |", false);
        check("warning: build failed, waiting for other jobs to finish...", false);
    }
}
