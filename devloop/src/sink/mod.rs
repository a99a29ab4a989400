//! The sinks, which show what happened, all from the same notices: plain lines, JSON lines, the session's log file, and a log file
//! for each function.

mod bounded;
mod function_logs;
mod json;
mod log_file;
mod log_line;
mod masked;
mod plain;
mod unblocked;

#[cfg(test)]
mod tests;

use std::io;

use crate::engine::{Millis, Notice, Problem, State};

pub(crate) use bounded::private;
pub(crate) use function_logs::FunctionLogs;
pub(crate) use json::{Json, error_line};
pub(crate) use log_file::LogFile;
pub(crate) use log_line::log_line;
pub(crate) use masked::masked;
pub(crate) use plain::{Plain, text};
pub(crate) use unblocked::Unblocked;

/// A consumer of notices.
pub(crate) trait Sink: Send {
    /// Takes one notice, and the state that it led to. A broken pipe ends the session in good order.
    fn tell(&mut self, at: Millis, notice: &Notice, state: &State) -> io::Result<()>;

    /// Writes what the sink has buffered. The loop calls it a moment after a function's line, at once after everything else, and at
    /// its end. A broken pipe ends the session in good order.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// What it could not keep, for the other sinks to tell while it lasts: once until it can again.
    fn losses(&mut self) -> Vec<Problem> {
        Vec::new()
    }
}
