//! The lock of cargo's build directory, and who else wants it.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Cargo's name for it. It stays; what counts is who holds it.
const FILE: &str = ".cargo-lock";

/// Where the kernel lists locks and who waits for them `[proc_locks(5)]`.
const LOCKS: &str = "/proc/locks";

/// When to look whether somebody who has opened the file has come to wait for the lock: after these times, one after the other.
const LOOKS_MS: [u64; 5] = [0, 2, 8, 40, 200];

/// What somebody has done with the file.
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
            // Nobody listens any more.
            let _ = send.send(seen);
        })
        .ok()?;
        watcher.watch(&path, RecursiveMode::NonRecursive).ok()?;
        Some(Self { path, seen, _watcher: watcher })
    }

    /// Waits until nobody holds the lock, and nobody waits for it.
    pub(super) async fn take(&mut self) -> Option<Held> {
        // Once: closing it again and again would be seen as somebody's end of it.
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

    /// Resolves when somebody but that process waits for the lock, or nobody would be seen to any more. Who only reads the file is in
    /// nobody's way.
    pub(super) async fn is_wanted_by_others(&mut self, inode: u64, but: Option<u32>) {
        // Somebody may have opened it just now.
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

    /// What has happened up to now has been thought of.
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
    /// Whether anybody else could come by it: after `cargo clean` another file has its name.
    pub(super) fn is_in_place(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|now| now.ino() == self.inode)
    }

    /// The file's number.
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

/// Whether somebody but that process waits for the lock of the file.
fn is_wanted(inode: u64, but: Option<u32>) -> bool {
    fs::read_to_string(LOCKS).is_ok_and(|locks| waiters(&locks, inode).any(|waiter| Some(waiter) != but))
}

/// Who waits for a lock of the file. Its device is not compared: some file systems show another one to those who ask.
fn waiters(locks: &str, inode: u64) -> impl Iterator<Item = u32> {
    locks.lines().filter_map(move |line| {
        let mut fields = line.split_whitespace().skip_while(|field| *field != "->");
        let (_, kind) = (fields.next()?, fields.next()?);
        let process = fields.nth(2)?.parse().ok()?;
        let file = fields.next()?.rsplit(':').next()?.parse::<u64>().ok()?;
        (kind == "FLOCK" && file == inode).then_some(process)
    })
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
    use super::{directory, waiters};

    #[test]
    fn who_waits_is_told_from_who_holds() {
        let locks = "1: POSIX  ADVISORY  READ 27 fe:00:77 128 128\n\
                     2: FLOCK  ADVISORY  WRITE 500 fe:00:77 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 501 fe:00:77 0 EOF\n\
                     2: -> FLOCK  ADVISORY  WRITE 502 fe:00:77 0 EOF\n\
                     3: FLOCK  ADVISORY  WRITE 600 fe:00:78 0 EOF\n\
                     3: -> POSIX  ADVISORY  WRITE 601 fe:00:77 0 EOF\n\
                     4: -> FLOCK";
        assert_eq!(waiters(locks, 77).collect::<Vec<_>>(), [501, 502]);
        assert_eq!(waiters(locks, 78).count(), 0);
    }

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
