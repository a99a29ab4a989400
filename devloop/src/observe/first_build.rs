//! Functions whose first build has not ended: a session tells them to whoever asks how the pipeline fares, `devloop status` among
//! them, because a directory without a program is nothing wrong until then.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The file beside the functions' directories. Its text counts as long as the session holds its lock, which the kernel lets go when
/// the session ends in whatever way.
const FILE: &str = ".being-built";

/// The session's side.
#[derive(Debug)]
pub(crate) struct FirstBuilds {
    path: PathBuf,
    /// The file with its lock; none once every function was built, and where it cannot be written.
    file: Option<File>,
    told: BTreeSet<String>,
}

impl FirstBuilds {
    /// Nothing is built yet in this directory of functions' directories.
    pub(crate) fn new(dist: &Path) -> Self {
        let path = dist.join(FILE);
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path).ok();
        // Another session's word counts until it ends.
        let file = file.filter(|file| file.try_lock().is_ok());
        Self { path, file, told: BTreeSet::new() }
    }

    /// These functions are still to be built. Without them the file goes, for good.
    pub(crate) fn tell(&mut self, functions: BTreeSet<String>) {
        let Some(file) = &mut self.file else { return };
        if functions.is_empty() {
            self.end();
        } else if functions != self.told {
            let text: String = functions.iter().map(|name| format!("{name}\n")).collect();
            let written = file.set_len(0).and_then(|()| file.rewind());
            // Without the file a directory without a program is told as a problem, as if no session were there.
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
    let Ok(mut file) = File::open(dist.join(FILE)) else { return false };
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
    fn a_session_s_word_counts_until_its_first_build_or_itself_has_ended() {
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
        assert!(is_being_built(&up), "a second session takes no word from the first one's");
        drop(builds);
        assert!(!is_being_built(&up));
        // A session that was killed leaves its file and not its lock.
        std::fs::write(dist.path().join(super::FILE), "up\n").unwrap();
        assert!(!is_being_built(&up));
        let mut builds = FirstBuilds::new(dist.path());
        builds.tell(told(&["up"]));
        builds.tell(told(&[]));
        assert!(!dist.path().join(super::FILE).exists());
    }
}
