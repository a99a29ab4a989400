//! Temporary folders for unpacked packages and large objects. Their names contain this process's id, so that the next
//! session finds and deletes the folders of a killed one.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::process::{Pid, test_kill_process};
use tempfile::TempDir;

/// The purpose of a folder. The folder's name starts with it, and the process's id follows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// A package of a function, or its program.
    Code,
    /// Objects of S3.
    Objects,
}

impl Purpose {
    fn prefix(self) -> &'static str {
        match self {
            Self::Code => "devloop-code-",
            Self::Objects => "devloop-objects-",
        }
    }
}

/// An empty folder that is deleted with the returned handle.
pub(crate) fn create(purpose: Purpose) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(&format!("{}{}-", purpose.prefix(), std::process::id())).tempdir()
}

/// How much killed sessions had left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leftovers {
    /// Folders in the folder for temporary files.
    pub folders: usize,
    /// Processes that functions had started. A killed session takes only the functions themselves with it.
    pub processes: usize,
}

/// Deletes the folders that killed sessions have left in the folder for temporary files, and ends the processes that their functions
/// have left.
pub fn clear_leftovers() -> Leftovers {
    // The processes first, because they may use the folders.
    let processes = devloop_system::children::end_leftovers();
    Leftovers { folders: clear(&std::env::temp_dir()), processes }
}

/// Deletes the folders in `place` whose process has ended; returns how many. Skips a folder that cannot be deleted.
fn clear(place: &Path) -> usize {
    let Ok(entries) = fs::read_dir(place) else { return 0 };
    let left: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| is_own(entry) && is_left(&entry.file_name()))
        .map(|entry| entry.path())
        .collect();
    left.into_iter().filter(|path| fs::remove_dir_all(path).is_ok()).count()
}

/// Whether the folder belongs to this user. Another user's processes may be invisible, so their folders are left alone.
fn is_own(entry: &fs::DirEntry) -> bool {
    entry.metadata().is_ok_and(|metadata| metadata.uid() == rustix::process::geteuid().as_raw())
}

/// Whether a name is that of a folder whose process has ended. When another process has the same id by now, the folder is
/// left for a later start.
fn is_left(name: &std::ffi::OsStr) -> bool {
    let process = || {
        let name = name.to_str()?;
        let prefixes = [Purpose::Code, Purpose::Objects].map(Purpose::prefix);
        let rest = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix))?;
        rest.split_once('-')?.0.parse().ok().and_then(Pid::from_raw)
    };
    process().is_some_and(|process| test_kill_process(process) == Err(rustix::io::Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_processes_that_are_gone_are_cleared_and_no_others() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let gone = child.id();
        child.wait().unwrap();
        let place = tempfile::tempdir().unwrap();
        let own = std::process::id();
        let names = [
            format!("devloop-code-{gone}-abc"),
            format!("devloop-objects-{gone}-abc"),
            format!("devloop-code-{own}-abc"),
            "devloop-code-abc".to_owned(),
            "x".to_owned(),
        ];
        for name in &names {
            fs::create_dir_all(place.path().join(name).join("below")).unwrap();
        }
        assert_eq!(clear(place.path()), 2);
        let kept: Vec<bool> = names.iter().map(|name| place.path().join(name).exists()).collect();
        assert_eq!(kept, [false, false, true, true, true]);
    }
}
