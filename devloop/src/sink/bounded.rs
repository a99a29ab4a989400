//! A log file of bounded size. A failed write does not end the session.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::engine::Problem;

/// How many bytes are buffered at most: a system call for each line took a tenth of devloop's time under load.
const AT_ONCE: usize = 64 << 10;

/// An open file. When it is full, it is renamed to end in `.1`, and a new one is begun.
#[derive(Debug)]
pub(super) struct Bounded {
    path: PathBuf,
    file: File,
    /// Bytes of the file, including buffered lines.
    size: u64,
    limit: u64,
    /// Buffered whole lines. They are written when the value is dropped at the latest, also by a panic.
    kept: String,
    /// How many lines are buffered, including lost ones that a buffered line reports.
    lines: u64,
    /// How many lines were lost since the last line that was written.
    lost: u64,
    /// Why the last lines were lost, until somebody has asked.
    trouble: Option<io::Error>,
    /// Whether somebody knows that lines are being lost.
    is_told: bool,
}

impl Bounded {
    /// Empties the file, and makes its directory. The file and the one with `.1` take up to `limit` bytes each.
    pub(super) fn create(path: &Path, limit: u64) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let file = private(path)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            size: 0,
            limit,
            kept: String::new(),
            lines: 0,
            lost: 0,
            trouble: None,
            is_told: false,
        })
    }

    /// Takes a line without its line end. The line is in the file after [`flush`](Self::flush). A full disk does not stop a
    /// session: lost lines are counted, and `gap` makes a line of that count before the next line that finds room.
    pub(super) fn write(&mut self, line: &str, gap: impl Fn(u64) -> String) {
        match std::mem::take(&mut self.lost) {
            0 => self.keep(&[line, "\n"], 1),
            // The last line may have been written in part.
            lost => self.keep(&["\n", &gap(lost), "\n", line, "\n"], lost + 1),
        }
    }

    fn keep(&mut self, parts: &[&str], lines: u64) {
        let length = parts.iter().map(|part| part.len() as u64).sum::<u64>();
        if self.size > 0 && self.size + length > self.limit {
            self.flush();
            if let Err(error) = self.begin_anew() {
                self.lose(lines, error);
                return;
            }
        }
        self.kept.extend(parts.iter().copied());
        self.size += length;
        self.lines += lines;
        if self.kept.len() >= AT_ONCE {
            self.flush();
        }
    }

    /// Writes the buffered lines in one call.
    pub(super) fn flush(&mut self) {
        if !self.kept.is_empty() {
            match self.file.write_all(self.kept.as_bytes()) {
                Ok(()) => self.is_told = false,
                Err(error) => {
                    self.size -= self.kept.len() as u64;
                    self.lose(self.lines, error);
                }
            }
        }
        self.kept.clear();
        self.lines = 0;
    }

    fn lose(&mut self, lines: u64, error: io::Error) {
        self.lost += lines;
        if !self.is_told {
            self.trouble = Some(error);
        }
    }

    /// That lines are being lost, and why: once until lines are written again.
    pub(super) fn loss(&mut self) -> Option<Problem> {
        let error = self.trouble.take()?;
        self.is_told = true;
        Some(loss(&self.path, &error))
    }

    fn begin_anew(&mut self) -> io::Result<()> {
        let mut beside = self.path.clone().into_os_string();
        beside.push(".1");
        fs::rename(&self.path, beside)?;
        self.file = private(&self.path)?;
        self.size = 0;
        Ok(())
    }
}

/// That the lines of a log file are being lost.
pub(super) fn loss(path: &Path, error: &io::Error) -> Problem {
    Problem::new(
        "log_lines_lost",
        format!("write {}: {error}; lines are lost until that works again", path.display()),
    )
    .with_hint("make room on the disk; the file then says how many lines it lacks")
}

/// An empty file that only its owner can read: functions print what they like.
pub(crate) fn private(path: &Path) -> io::Result<File> {
    let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    // The mode above is for new files.
    file.set_permissions(fs::Permissions::from_mode(0o600))?;
    Ok(file)
}

impl Drop for Bounded {
    fn drop(&mut self) {
        self.flush();
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
        (0..100).for_each(|number| file.write(&format!("line {number:04}"), gap));
        file.flush();
        assert_eq!(fs::read_to_string(&path).unwrap(), "line 0099\n");
        let beside = directory.path().join("logs/a.log.1");
        assert_eq!(fs::read_to_string(beside).unwrap(), "line 0096\nline 0097\nline 0098\n");
        file.write(&"x".repeat(100), gap);
        file.write("short", gap);
        file.flush();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "short\n",
            "a line longer than the limit is written too"
        );
    }

    #[test]
    fn only_the_owner_can_read_the_files() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        fs::write(&path, "from before").unwrap();
        drop(Bounded::create(&path, 30).unwrap());
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_loses_lines_and_says_how_many() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        let mut file = Bounded::create(&path, 1_000).unwrap();
        let good =
            std::mem::replace(&mut file.file, fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
        file.write("zero", gap);
        file.write("one", gap);
        file.flush();
        let loss = file.loss().expect("it is told while the disk is full");
        assert!(loss.message.contains("a.log: No space left on device"), "{}", loss.message);
        file.write("two", gap);
        file.flush();
        assert_eq!(file.loss(), None, "it is told once");
        file.file = good;
        file.write("three", gap);
        file.write("four", gap);
        file.flush();
        assert_eq!(file.loss(), None);
        file.file = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        file.write("five", gap);
        file.flush();
        assert!(file.loss().is_some(), "and told again when it is full again");
        assert_eq!(fs::read_to_string(&path).unwrap(), "\n[3 lost]\nthree\nfour\n");
    }

    #[test]
    fn lines_are_kept_back_until_they_are_asked_for_many_or_the_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.log");
        let mut file = Bounded::create(&path, 1 << 30).unwrap();
        let length = || fs::metadata(&path).unwrap().len();
        file.write("one", gap);
        assert_eq!(length(), 0);
        file.flush();
        assert_eq!(length(), 4);
        file.write(&"x".repeat(super::AT_ONCE), gap);
        assert_eq!(length(), 4 + super::AT_ONCE as u64 + 1, "much is not kept");
        let panicking = std::thread::spawn(move || {
            file.write("last words", gap);
            panic!("on purpose");
        });
        assert!(panicking.join().is_err());
        assert!(fs::read_to_string(&path).unwrap().ends_with("x\nlast words\n"));
    }
}
