//! One of the programs, in a process of its own.

#[path = "../support/family.rs"]
mod family;
#[path = "../support/program.rs"]
mod program;

use std::fs;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;
use tokio::process::Command;

use self::family::family;
use self::program::Program;
use crate::options::Options;

/// The program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `devloop up` without a template.
    Devloop,
    /// An S3 in JavaScript.
    S3rver,
    /// A local AWS in Python.
    MiniStack,
}

impl Kind {
    /// Its name in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Devloop => "devloop",
            Self::S3rver => "s3rver",
            Self::MiniStack => "ministack",
        }
    }
}

/// A program that listens. Its objects are deleted with it.
pub(crate) struct Side {
    program: Program,
    _folder: TempDir,
}

impl Side {
    /// Starts the program on a free port and waits until it listens.
    pub(crate) async fn start(options: &Options, kind: Kind) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("devloop-bench-").tempdir()?;
        let program = Program::start(kind.name(), |port| {
            let mut command = match kind {
                Kind::Devloop => program::devloop(&options.program, port),
                Kind::S3rver => {
                    let mut command = Command::new(&options.s3rver);
                    command.args(["--address", "127.0.0.1", "--port", port, "--silent"]);
                    command.args(["--allow-mismatched-signatures", "--directory"]).arg(folder.path());
                    command
                }
                Kind::MiniStack => {
                    let mut command = Command::new(&options.ministack);
                    command.env("GATEWAY_PORT", port);
                    command
                }
            };
            command.env("TMPDIR", folder.path());
            command
        })
        .await?;
        Ok(Self { program, _folder: folder })
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        &self.program.address
    }

    /// The processor time of the program and all its children, including those that have ended.
    pub(crate) fn cpu(&self) -> Duration {
        family::cpu(self.program.process)
    }

    /// The memory of the program and everything below it, in MB: now, and at most since [`Side::forget_peak`].
    pub(crate) fn memory(&self) -> (u64, u64) {
        let sum = |name: &str| {
            let family = family(self.program.process);
            family.iter().filter_map(|member| status(member.process, name)).sum::<u64>() >> 10
        };
        (sum("VmRSS:"), sum("VmHWM:"))
    }

    /// Counts the peak of the memory from now on.
    pub(crate) fn forget_peak(&self) {
        for member in family(self.program.process) {
            // A process that has ended meanwhile has no memory.
            let _ = fs::write(format!("/proc/{}/clear_refs", member.process), "5");
        }
    }

    /// Ends the program and waits for it.
    pub(crate) async fn stop(self) -> Result<()> {
        self.program.stop().await
    }
}

fn status(process: i32, name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().split(' ').next()?.parse().ok())
}
