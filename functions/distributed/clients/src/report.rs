//! Prints lines and counts for people and programs.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use serde_json::json;

use crate::answer::Answer;

/// Counts answers and prints them as they come.
#[derive(Debug)]
pub(crate) struct Report {
    json: bool,
    /// Whether progress is drawn: only where standard error is a terminal and standard output is not.
    progress: bool,
    total: usize,
    skipped: usize,
    succeeded: usize,
    failed: usize,
}

impl Report {
    pub(crate) fn new(json: bool, total: usize, skipped: usize) -> Self {
        let progress = io::stderr().is_terminal() && !io::stdout().is_terminal();
        Self { json, progress, total, skipped, succeeded: 0, failed: 0 }
    }

    pub(crate) fn add(&mut self, answer: &Answer) -> io::Result<()> {
        if answer.is_success() {
            self.succeeded += 1;
        } else {
            self.failed += 1;
        }
        let mut out = io::stdout().lock();
        if self.json {
            writeln!(out, "{}", answer.json())?;
        } else {
            writeln!(out, "{}", answer.message)?;
        }
        if self.progress {
            let done = self.succeeded + self.failed;
            write!(io::stderr(), "\r{done} of {} answered, {} failed", self.total, self.failed)?;
        }
        Ok(())
    }

    /// Prints the summary. Returns whether nothing failed.
    pub(crate) fn end(&self, elapsed: Duration) -> io::Result<bool> {
        let sent = self.succeeded + self.failed;
        let seconds = elapsed.as_secs_f64();
        let rate = sent as f64 / seconds.max(1e-9);
        if self.json {
            let summary = json!({ "summary": {
                "sent": sent, "succeeded": self.succeeded, "failed": self.failed, "skipped": self.skipped,
                "elapsed_s": seconds, "rate": rate,
            } });
            writeln!(io::stdout(), "{summary}")?;
        } else {
            let lead = if self.progress { "\n" } else { "" };
            writeln!(
                io::stderr(),
                "{lead}sent {sent}, succeeded {}, failed {}, empty lines skipped {}, {seconds:.2} s, {rate:.1}/s",
                self.succeeded,
                self.failed,
                self.skipped
            )?;
        }
        Ok(self.failed == 0)
    }
}
