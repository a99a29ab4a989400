//! The processes of a group, and the wait for their ends, from `/proc` and process descriptors (pidfd).

use std::fs;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// The group's processes that have not ended, each as a descriptor, because process ids are used again.
pub(super) fn of(group: Pid) -> Vec<OwnedFd> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?))
        .filter(|&process| is_running_in(process, group))
        .filter_map(|process| {
            let descriptor = pidfd_open(process, PidfdFlags::empty()).ok()?;
            // Another process may have got this id since it was read.
            is_running_in(process, group).then_some(descriptor)
        })
        .collect()
}

/// Blocks until the process has ended, whether or not somebody has read its status `[pidfd_open(2)]`.
pub(super) fn wait_for(process: &OwnedFd) {
    let ended = &mut [PollFd::new(process, PollFlags::IN)];
    while poll(ended, None) == Err(rustix::io::Errno::INTR) {}
}

fn is_running_in(process: Pid, group: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    stat.is_ok_and(|stat| running_group(&stat) == Some(group.as_raw_nonzero().get()))
}

/// The group of the process that the line of `/proc/PID/stat` describes; `None` when it has ended. The name before the state may
/// contain anything, even closing brackets `[proc_pid_stat(5)]`.
fn running_group(stat: &str) -> Option<i32> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?;
    let group = fields.nth(1)?.parse().ok()?;
    (!matches!(state, "Z" | "X" | "x")).then_some(group)
}

#[cfg(test)]
mod tests {
    use super::running_group;

    fn check(stat: &str, expected: Option<i32>) {
        assert_eq!(running_group(stat), expected, "{stat}");
    }

    #[test]
    fn the_group_stands_behind_name_state_and_parent() {
        check("12 (cargo) S 1 7 7 0 -1", Some(7));
        check("12 (a) b) R) S 1 7 7 0 -1", Some(7));
        check("12 (cargo) Z 1 7 7 0 -1", None);
        check("12 (cargo", None);
    }
}
