//! One of the two programs, in a process of its own.

#[path = "../support/family.rs"]
mod family;
#[path = "../support/program.rs"]
mod program;

use std::time::Duration;

use anyhow::Result;
use rustix::process::Pid;
use tokio::process::Command;

use self::program::Program;
use crate::options::Options;

/// The program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `devloop up` without a template.
    Devloop,
    /// The other local AWS.
    Peer,
}

impl Kind {
    /// Its name in the table.
    pub(crate) fn name(self, options: &Options) -> String {
        match self {
            Self::Devloop => "devloop".to_owned(),
            Self::Peer => options
                .other
                .peer
                .file_name()
                .map_or_else(|| "peer".into(), |name| name.to_string_lossy())
                .into_owned(),
        }
    }
}

/// A program that listens.
pub(crate) struct Side {
    pub(crate) endpoint: String,
    /// Its process; functions are below it.
    pub(crate) process: Pid,
    program: Program,
}

impl Side {
    /// Starts the program on a free port and waits until it listens.
    pub(crate) async fn start(options: &Options, kind: Kind) -> Result<Self> {
        let program = Program::start(&kind.name(options), |port| match kind {
            Kind::Devloop => program::devloop(&options.measured.program, port),
            Kind::Peer => {
                let mut command = Command::new(&options.other.peer);
                command.env("GATEWAY_PORT", port);
                command
            }
        })
        .await?;
        Ok(Self { endpoint: format!("http://{}", program.address), process: program.process, program })
    }

    /// The processor time of the program and all its children, including those that have ended.
    pub(crate) fn cpu(&self) -> Duration {
        family::cpu(self.process)
    }

    /// Ends the program and waits for it.
    pub(crate) async fn stop(self) -> Result<()> {
        self.program.stop().await
    }
}
