//! A log file that does not grow without bound, and whose failure ends nothing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// An open file. What was written before the last change of files is in one beside it, with `.1` at its end.
#[derive(Debug)]
pub(super) struct Bounded {
    path: PathBuf,
    file: File,
    written: u64,
    limit: u64,
    /// Lines that could not be written since the last one that was.
    lost: u64,
}

impl Bounded {
    /// Starts the file anew, and makes its directory. It takes up to this many bytes, and the one beside it as many.
    pub(super) fn create(path: &Path, limit: u64) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let file = File::create(path)?;
        Ok(Self { path: path.to_owned(), file, written: 0, limit, lost: 0 })
    }

    /// Writes a line with its line end. A full disk is no reason to stop a session: lines that find no room are counted, and
    /// `gap` makes a line of the count for the next one that does.
    pub(super) fn write(&mut self, mut line: String, gap: impl Fn(u64) -> String) {
        line.push('\n');
        if self.lost > 0 {
            // The last line may have been written in part.
            line = format!("\n{}\n{line}", gap(self.lost));
        }
        match self.append(&line) {
            Ok(()) => self.lost = 0,
            Err(_) => self.lost += 1,
        }
    }

    /// One call for all of it: the file has no buffer, so that a killed session's log is complete.
    fn append(&mut self, text: &str) -> io::Result<()> {
        if self.written > 0 && self.written + text.len() as u64 > self.limit {
            let mut beside = self.path.clone().into_os_string();
            beside.push(".1");
            fs::rename(&self.path, beside)?;
            self.file = File::create(&self.path)?;
            self.written = 0;
        }
        self.file.write_all(text.as_bytes())?;
        self.written += text.len() as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Bounded;

    fn gap(lost: u64) -> String {
        format!("[{lost} lost]")
    }

    #[test]
    fn the_newest_lines_are_kept_in_two_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("logs/a.log");
        let mut file = Bounded::create(&path, 30).unwrap();
        (0..100).for_each(|number| file.write(format!("line {number:04}"), gap));
        assert_eq!(fs::read_to_string(&path).unwrap(), "line 0099\n");
        let beside = directory.path().join("logs/a.log.1");
        assert_eq!(fs::read_to_string(beside).unwrap(), "line 0096\nline 0097\nline 0098\n");
        file.write("x".repeat(100), gap);
        file.write("short".to_owned(), gap);
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "short\n",
            "a line longer than the limit is written too"
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_loses_lines_and_says_how_many() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        let mut file = Bounded::create(&path, 1_000).unwrap();
        let good =
            std::mem::replace(&mut file.file, fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
        file.write("one".to_owned(), gap);
        file.write("two".to_owned(), gap);
        file.file = good;
        file.write("three".to_owned(), gap);
        file.write("four".to_owned(), gap);
        assert_eq!(fs::read_to_string(&path).unwrap(), "\n[2 lost]\nthree\nfour\n");
    }
}
