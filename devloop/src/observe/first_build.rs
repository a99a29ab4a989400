//! The functions whose first build has not ended. A session writes their names to a file for `devloop status` and the status pane:
//! until the build has ended, it is no problem that their directories hold no program.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The file beside the functions' directories. It counts only while a session holds its lock, which the kernel releases when the
/// session ends, however that happens.
const FILE: &str = ".being-built";

/// The file of one session.
#[derive(Debug)]
pub(crate) struct FirstBuilds {
    path: PathBuf,
    /// The locked file; `None` after every function was built, or if the file cannot be written.
    file: Option<File>,
    told: BTreeSet<String>,
}

impl FirstBuilds {
    /// Creates and locks the file in the directory of the functions' directories.
    pub(crate) fn new(dist: &Path) -> Self {
        let path = dist.join(FILE);
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path).ok();
        // If another session has locked the file, it belongs to that session.
        let file = file.filter(|file| file.try_lock().is_ok());
        Self { path, file, told: BTreeSet::new() }
    }

    /// Names the functions that are still to be built. Without any the file is removed for good.
    pub(crate) fn tell(&mut self, functions: BTreeSet<String>) {
        let Some(file) = &mut self.file else { return };
        if functions.is_empty() {
            self.end();
        } else if functions != self.told {
            let text: String = functions.iter().map(|name| format!("{name}\n")).collect();
            let written = file.set_len(0).and_then(|()| file.rewind());
            // If the file cannot be written, a directory without a program is reported as a problem, as it is without a session.
            let _ = written.and_then(|()| file.write_all(text.as_bytes()));
            self.told = functions;
        }
    }

    fn end(&mut self) {
        if self.file.take().is_some() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Drop for FirstBuilds {
    fn drop(&mut self) {
        self.end();
    }
}

/// Whether a session is building the function of this directory for the first time.
pub(super) fn is_being_built(folder: &Path) -> bool {
    let (Some(dist), Some(name)) = (folder.parent(), folder.file_name().and_then(|name| name.to_str()))
    else {
        return false;
    };
    let Ok(mut file) = devloop_system::files::open(&dist.join(FILE)) else { return false };
    if !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        return false;
    }
    let mut text = String::new();
    file.read_to_string(&mut text).is_ok() && text.lines().any(|line| line == name)
}

#[cfg(test)]
mod tests {
    use super::{FirstBuilds, is_being_built};

    #[test]
    fn a_session_s_file_counts_until_its_first_build_or_the_session_has_ended() {
        let dist = tempfile::tempdir().unwrap();
        let told = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let [up, down] = ["up", "down"].map(|name| dist.path().join(name));
        let mut builds = FirstBuilds::new(dist.path());
        builds.tell(told(&["down", "up"]));
        assert!(is_being_built(&up) && is_being_built(&down));
        builds.tell(told(&["up"]));
        assert!(is_being_built(&up) && !is_being_built(&down));
        let second = FirstBuilds::new(dist.path());
        drop(second);
        assert!(is_being_built(&up), "a second session does not change the first one's file");
        drop(builds);
        assert!(!is_being_built(&up));
        // A session that was killed leaves its file, but not the lock on it.
        std::fs::write(dist.path().join(super::FILE), "up\n").unwrap();
        assert!(!is_being_built(&up));
        let mut builds = FirstBuilds::new(dist.path());
        builds.tell(told(&["up"]));
        builds.tell(told(&[]));
        assert!(!dist.path().join(super::FILE).exists());
    }
}
