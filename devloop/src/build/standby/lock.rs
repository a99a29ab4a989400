//! The lock of cargo's build directory, and which other processes want it.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use devloop_system::files::waiting_for_lock;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The lock file's name, which cargo chose. The file stays; what counts is which process holds its lock.
const FILE: &str = ".cargo-lock";

/// After another process has opened the file, whether it waits for the lock is checked after each of these times.
const LOOKS_MS: [u64; 5] = [0, 2, 8, 40, 200];

/// What another process has done with the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Opened,
    Closed,
}

/// The lock's file, watched.
pub(super) struct Lock {
    path: PathBuf,
    seen: UnboundedReceiver<Seen>,
    /// Watches as long as it lives.
    _watcher: RecommendedWatcher,
}

impl Lock {
    /// The lock that cargo takes for a build of the profile; none before the first one, and where nothing can be watched.
    pub(super) fn of(target_directory: &Path, profile: &str) -> Option<Self> {
        let path = target_directory.join(directory(profile)).join(FILE);
        let (send, seen) = unbounded_channel();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let seen = match event.map(|event| event.kind) {
                Ok(EventKind::Access(AccessKind::Open(_))) => Seen::Opened,
                Ok(EventKind::Access(AccessKind::Close(AccessMode::Write))) => Seen::Closed,
                _ => return,
            };
            // The receiver is gone: the watch has ended.
            let _ = send.send(seen);
        })
        .ok()?;
        watcher.watch(&path, RecursiveMode::NonRecursive).ok()?;
        Some(Self { path, seen, _watcher: watcher })
    }

    /// Waits until no process holds the lock or waits for it.
    pub(super) async fn take(&mut self) -> Option<Held> {
        // Opened once: closing the file again and again would look like another process that is done with it.
        let file = File::options().read(true).write(true).open(&self.path).ok()?;
        let inode = file.metadata().ok()?.ino();
        loop {
            self.forget_what_was_seen();
            match file.try_lock() {
                Ok(()) if !is_wanted(inode, None) => {
                    return Some(Held { file, path: self.path.clone(), inode });
                }
                Ok(()) => file.unlock().ok()?,
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(_)) => return None,
            }
            while self.seen.recv().await? != Seen::Closed {}
        }
    }

    /// Resolves when another process than this one waits for the lock, or when waiting processes can no longer be observed. A process
    /// that only reads the file does not count.
    pub(super) async fn is_wanted_by_others(&mut self, inode: u64, but: Option<u32>) {
        // Another process may have opened it just now.
        loop {
            for look in LOOKS_MS {
                tokio::time::sleep(Duration::from_millis(look)).await;
                if is_wanted(inode, but) {
                    return;
                }
            }
            while let Some(seen) = self.seen.recv().await
                && seen != Seen::Opened
            {}
            if self.seen.is_closed() {
                return;
            }
        }
    }

    /// Forgets the events up to now; they have been handled.
    fn forget_what_was_seen(&mut self) {
        while self.seen.try_recv().is_ok() {}
    }
}

/// The lock, until this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    file: File,
    path: PathBuf,
    inode: u64,
}

impl Held {
    /// Whether other processes still use this file: after `cargo clean` another file has its name.
    pub(super) fn is_in_place(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|now| now.ino() == self.inode)
    }

    pub(super) fn inode(&self) -> u64 {
        self.inode
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Closing would do, unless a process that was just forked had it open too.
        let _ = self.file.unlock();
    }
}

/// Whether another process than this one waits for the lock of the file.
fn is_wanted(inode: u64, but: Option<u32>) -> bool {
    waiting_for_lock(inode).into_iter().any(|waiter| Some(waiter) != but)
}

/// Cargo's directory for a profile's output `[Build cache, The Cargo Book]`.
fn directory(profile: &str) -> &str {
    match profile {
        "dev" | "test" => "debug",
        "bench" => "release",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::directory;

    #[test]
    fn a_profile_s_directory_is_cargo_s() {
        for (profile, expected) in [
            ("dev", "debug"),
            ("test", "debug"),
            ("release", "release"),
            ("bench", "release"),
            ("lean", "lean"),
        ] {
            assert_eq!(directory(profile), expected);
        }
    }
}
