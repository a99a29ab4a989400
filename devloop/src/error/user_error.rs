//! An error that ends the program: a code for programs, a sentence for people, the next step, and the exit code.

use std::fmt;

use crate::engine::Problem;

/// The exit codes, which say why the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Something failed while running.
    Failure = 1,
    /// The command line or the configuration is wrong; clap uses the same number.
    Usage = 2,
    /// The workspace could not be read: no cargo, no manifest, a broken manifest.
    Workspace = 3,
    /// The cloud could not be started or does not answer, or the template could not be applied.
    Cloud = 4,
}

/// An error that the user can read and act upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserError {
    /// What failed.
    pub(crate) problem: Problem,
    /// How the program ends.
    pub(crate) exit: Exit,
}

impl UserError {
    /// A wrong command line or configuration.
    pub(crate) fn usage(code: &'static str, message: impl Into<String>) -> Self {
        Self { problem: Problem::new(code, message), exit: Exit::Usage }
    }

    /// A failure while running.
    pub(crate) fn failure(code: &'static str, message: impl Into<String>) -> Self {
        Self { problem: Problem::new(code, message), exit: Exit::Failure }
    }

    /// The same error with advice.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.problem = self.problem.with_hint(hint);
        self
    }
}

impl fmt::Display for UserError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "error: {}", self.problem.message)?;
        match &self.problem.hint {
            Some(hint) => write!(formatter, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for UserError {}
