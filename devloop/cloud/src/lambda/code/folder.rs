//! The folders that packages are unpacked into: named after this process, so that those of a killed one are found and cleared
//! by the next.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::process::{Pid, test_kill_process};
use tempfile::TempDir;

/// How every folder's name begins; the process's id follows.
const PREFIX: &str = "devloop-code-";

/// An empty folder that disappears with the returned handle.
pub(crate) fn create() -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(&format!("{PREFIX}{}-", std::process::id())).tempdir()
}

/// Deletes the folders in `place` whose process is gone; returns how many there were. A folder that cannot be deleted stays.
pub(crate) fn clear_leftovers(place: &Path) -> usize {
    let Ok(entries) = fs::read_dir(place) else { return 0 };
    let left: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| is_own(entry) && is_left(&entry.file_name()))
        .map(|entry| entry.path())
        .collect();
    left.into_iter().filter(|path| fs::remove_dir_all(path).is_ok()).count()
}

/// Whether the folder is this user's: another's processes may be out of sight.
fn is_own(entry: &fs::DirEntry) -> bool {
    entry.metadata().is_ok_and(|metadata| metadata.uid() == rustix::process::geteuid().as_raw())
}

/// Whether a name is that of a folder whose process has ended. A process's id may be another's by now; then the folder waits
/// for a later start.
fn is_left(name: &std::ffi::OsStr) -> bool {
    let process =
        || name.to_str()?.strip_prefix(PREFIX)?.split_once('-')?.0.parse().ok().and_then(Pid::from_raw);
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
            format!("{PREFIX}{gone}-abc"),
            format!("{PREFIX}{own}-abc"),
            format!("{PREFIX}abc"),
            "x".to_owned(),
        ];
        for name in &names {
            fs::create_dir_all(place.path().join(name).join("below")).unwrap();
        }
        assert_eq!(clear_leftovers(place.path()), 1);
        let kept: Vec<bool> = names.iter().map(|name| place.path().join(name).exists()).collect();
        assert_eq!(kept, [false, true, true, true]);
    }
}
