//! A running cargo process and its output pipes.

use std::io;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};

use crate::build::run::BuildError;
use crate::cargo::{self, Group};

/// Cargo's standard error, line by line.
pub(super) type Words = Lines<BufReader<ChildStderr>>;

/// A cargo that runs. Everything that it has started ends when this is dropped.
#[derive(Debug)]
pub(super) struct Running {
    /// Declared before the process, so that it is dropped first: a reaped process's group cannot be killed.
    pub(super) group: Group,
    pub(super) child: Child,
    /// Its standard output: JSON messages.
    pub(super) output: ChildStdout,
    /// Its standard error.
    pub(super) words: Words,
    /// Lines that have been read already.
    pub(super) said: Vec<String>,
}

impl Running {
    /// Starts the command, whose output goes to pipes.
    pub(super) fn start(command: &mut Command) -> Result<Self, BuildError> {
        cargo::lead_a_group(command);
        let mut child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                BuildError::CargoMissing(command.as_std().get_program().to_owned().into())
            }
            _ => BuildError::Io(error),
        })?;
        let group = Group::of(&child);
        let (Some(output), Some(words)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("cargo has no output").into());
        };
        Ok(Self { group, child, output, words: BufReader::new(words).lines(), said: Vec::new() })
    }
}
