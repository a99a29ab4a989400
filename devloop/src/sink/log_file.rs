//! The session's log file: every notice as a JSON line, functions' own lines included, whatever the terminal shows.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use crate::engine::{Millis, Notice, State};
use crate::sink::{Sink, json};

/// An open log file.
#[derive(Debug)]
pub(crate) struct LogFile {
    file: File,
}

impl LogFile {
    /// Starts the file anew, and makes its directory.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        Ok(Self { file: File::create(path)? })
    }
}

impl Sink for LogFile {
    fn tell(&mut self, at: Millis, notice: &Notice, _state: &State) -> io::Result<()> {
        // One call for the whole line: the file has no buffer, so that a killed session's log is complete.
        let mut line = json::line(at, notice)?;
        line.push('\n');
        self.file.write_all(line.as_bytes())
    }
}
