use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;

use crate::files::Watchers;

pub(crate) const TELLS_WHO_WAITS: bool = true;

/// Where the kernel lists locks and the processes that wait for them `[proc_locks(5)]`.
const LOCKS: &str = "/proc/locks";

pub(crate) fn waiting_for_lock(inode: u64) -> Vec<u32> {
    fs::read_to_string(LOCKS).map(|locks| waiters(&locks, inode).collect()).unwrap_or_default()
}

fn waiters(locks: &str, inode: u64) -> impl Iterator<Item = u32> {
    locks.lines().filter_map(move |line| {
        let mut fields = line.split_whitespace().skip_while(|field| *field != "->");
        let (_, kind) = (fields.next()?, fields.next()?);
        let process = fields.nth(2)?.parse().ok()?;
        let file = fields.next()?.rsplit(':').next()?.parse::<u64>().ok()?;
        (kind == "FLOCK" && file == inode).then_some(process)
    })
}

/// inotify's limits, and what this user's processes have of them as far as `/proc` tells.
pub(crate) fn watchers() -> Option<Watchers> {
    let limit = |name: &str| {
        fs::read_to_string(Path::new("/proc/sys/fs/inotify").join(name)).ok()?.trim().parse::<usize>().ok()
    };
    let (watches, instances) = (limit("max_user_watches")?, limit("max_user_instances")?);
    let (mut watches_used, mut instances_used) = (0, 0);
    for process in fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.path()) {
        let Ok(descriptors) = fs::read_dir(process.join("fd")) else { continue };
        for descriptor in descriptors.flatten() {
            let is_watcher =
                fs::read_link(descriptor.path()).is_ok_and(|link| link.as_os_str() == "anon_inode:inotify");
            if is_watcher {
                instances_used += 1;
                let details = fs::read_to_string(process.join("fdinfo").join(descriptor.file_name()));
                let is_watch = |line: &&str| line.starts_with("inotify ");
                watches_used += details.unwrap_or_default().lines().filter(is_watch).count();
            }
        }
    }
    Some(Watchers { watches, watches_used, instances, instances_used })
}

pub(crate) fn widen(pipe: &OwnedFd, bytes: usize) {
    // A user's pipes may take so much memory together; beyond that a pipe stays as small as it is made.
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, bytes);
}

#[cfg(test)]
mod tests {
    use super::{waiters, watchers};

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
    fn the_limits_of_this_machine_are_read() {
        let watchers = watchers().unwrap();
        assert!(watchers.watches > 0 && watchers.instances > 0, "{watchers:?}");
    }
}
