//! Locks, watchers and pipes, and files that may turn out to be pipes.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;

use crate::way;

/// Whether the system can tell which processes wait for a lock.
pub const TELLS_WHO_WAITS: bool = way::TELLS_WHO_WAITS;

/// The processes that wait for a lock (`flock`) of the file with this inode; none if the system cannot tell. The device is not
/// compared, because some file systems report a different one to stat(2).
pub fn waiting_for_lock(inode: u64) -> Vec<u32> {
    way::waiting_for_lock(inode)
}

/// The limits of file watchers for this user, and how much of them is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watchers {
    /// The limit of watched directories (Linux: `fs.inotify.max_user_watches`).
    pub watches: usize,
    /// How many directories this user's processes watch, as far as devloop may inspect them.
    pub watches_used: usize,
    /// The limit of watchers (Linux: `fs.inotify.max_user_instances`).
    pub instances: usize,
    /// How many watchers this user's processes have, as far as devloop may inspect them.
    pub instances_used: usize,
}

/// The limits of file watchers and their use; none if the system has no such limits or cannot tell.
pub fn watchers() -> Option<Watchers> {
    way::watchers()
}

/// Sets the capacity of a pipe in bytes, if the system allows it.
pub fn widen(pipe: &OwnedFd, bytes: usize) {
    way::widen(pipe, bytes);
}

/// Opens a file whose name comes from a person, or which a person may have put there. A pipe or a device in its place is an error and does
/// not block; only `/dev/null` counts as an empty file, as programs are often told to read nothing.
pub fn open(path: &Path) -> io::Result<File> {
    let file = File::options().read(true).custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)?;
    let metadata = file.metadata()?;
    let kind = metadata.file_type();
    if !kind.is_file() && !kind.is_dir() && !is_null(&metadata) {
        let what = if kind.is_fifo() { "a pipe" } else { "a device" };
        return Err(io::Error::other(format!("it is {what}; put a file in its place")));
    }
    Ok(file)
}

/// Reads a text file, which is opened as by [`open`].
pub fn read_text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open(path)?.read_to_string(&mut text)?;
    Ok(text)
}

fn is_null(metadata: &fs::Metadata) -> bool {
    fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == metadata.rdev())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "text").unwrap();
        std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
        let check = |path: &Path, expected: Result<&str, &str>| {
            let read = read_text(path).map_err(|error| error.to_string());
            assert_eq!(read.as_deref(), expected.map_err(str::to_owned).as_ref().copied());
        };
        check(&path("link"), Ok("text"));
        check("/dev/null".as_ref(), Ok(""));
        check(&path("pipe"), Err("it is a pipe; put a file in its place"));
        check("/dev/zero".as_ref(), Err("it is a device; put a file in its place"));
        assert_eq!(read_text(&path("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(read_text(folder.path()).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }
}
