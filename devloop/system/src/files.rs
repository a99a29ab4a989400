//! Locks, watchers and pipes.

use std::os::fd::OwnedFd;

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
