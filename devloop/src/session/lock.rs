//! Allows only one session in a workspace: two would build into the same folder and swap each other's binaries.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use crate::engine::Problem;
use crate::error::{Exit, UserError};

/// The file beside the session's log. It stays when the session ends: what counts is whether a process holds its lock, which the
/// kernel releases even after a crash. Its text only names the process.
const FILE: &str = "session.lock";

/// The lock on the workspace, held until this is dropped or the process ends.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Lock {
    /// Locks the workspace whose session files are in the directory.
    pub(super) fn take(directory: &Path) -> Result<Self, UserError> {
        let path = directory.join(FILE);
        let failed = |error: &dyn std::fmt::Display| {
            UserError::failure("lock_failed", format!("take the workspace: {}: {error}", path.display()))
        };
        fs::create_dir_all(directory).map_err(|error| failed(&error))?;
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => {
                let lock = Self(file);
                lock.say(&format!("process {}", std::process::id()));
                Ok(lock)
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder);
                Err(taken(holder.trim()))
            }
            Err(TryLockError::Error(error)) => Err(failed(&error)),
        }
    }

    /// Writes the endpoint into the file, for the error message of a second session.
    pub(super) fn serves(&self, endpoint: &str) {
        self.say(&format!("process {}, {endpoint}", std::process::id()));
    }

    /// A failed write only makes the message of a second session less precise.
    fn say(&self, text: &str) {
        let mut file = &self.0;
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(text.as_bytes()));
    }
}

fn taken(holder: &str) -> UserError {
    let holder = if holder.is_empty() { String::new() } else { format!(" ({holder})") };
    let message = format!("take the workspace: another devloop{holder} works on it");
    let problem = Problem::new("workspace_busy", message).with_hint(
        "use that one, stop it, or give this one a folder of its own: CARGO_TARGET_DIR=target/second",
    );
    UserError { problem, exit: Exit::Workspace }
}

#[cfg(test)]
mod tests {
    use super::Lock;

    #[test]
    fn the_second_is_told_about_the_first_and_a_file_alone_is_no_holder() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("devloop");
        let first = Lock::take(&folder).unwrap();
        first.serves("http://127.0.0.1:4566");
        let refused = Lock::take(&folder).unwrap_err();
        assert_eq!(refused.problem.code, "workspace_busy");
        let holder = format!("(process {}, http://127.0.0.1:4566)", std::process::id());
        assert!(refused.problem.message.contains(&holder), "{refused}");
        drop(first);
        assert!(folder.join("session.lock").is_file());
        Lock::take(&folder).unwrap();
    }
}
