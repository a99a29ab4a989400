//! The session's log file: every notice as a JSON line, functions' own lines included, whatever the terminal shows.

use std::io;
use std::path::Path;

use crate::engine::{Millis, Notice, Problem, State};
use crate::sink::bounded::Bounded;
use crate::sink::{Sink, json};
use devloop_cloud::without_secrets;

/// How large the file may be, in bytes; the one before it is kept too.
const LIMIT: u64 = 64 << 20;

/// An open log file.
#[derive(Debug)]
pub(crate) struct LogFile {
    file: Bounded,
}

impl LogFile {
    /// Empties the file, and makes its directory.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: Bounded::create(path, LIMIT)? })
    }
}

impl Sink for LogFile {
    fn tell(&mut self, at: Millis, notice: &Notice, _state: &State) -> io::Result<()> {
        let gap = |lost| format!("{{\"event\":\"lines_lost\",\"at\":{at},\"lines\":{lost}}}");
        let line = json::line(at, notice)?;
        // A function's lines come without secrets, and there are too many of them to look twice.
        let line = if notice.is_log_line() { line.into() } else { without_secrets(&line) };
        self.file.write(&line, gap);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush();
        Ok(())
    }

    fn losses(&mut self) -> Vec<Problem> {
        self.file.loss().into_iter().collect()
    }
}
