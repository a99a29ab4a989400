use std::fs;
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};
use tokio::process::Command;

use crate::way::processes;

#[expect(unsafe_code, reason = "the death signal can only be asked for between fork and exec")]
pub(crate) fn die_with_this_process(command: &mut Command, signal: Signal) {
    let parent = rustix::process::getpid();
    let ask = move || -> std::io::Result<()> {
        rustix::process::set_parent_process_death_signal(Some(signal))?;
        // The parent may have died before the signal was asked for.
        if rustix::process::getppid() == Some(parent) { Ok(()) } else { Err(rustix::io::Errno::SRCH.into()) }
    };
    // SAFETY: both system calls are async-signal-safe, and nothing is allocated or locked between fork and exec.
    unsafe {
        command.pre_exec(ask);
    }
}

/// `[prctl(2), PR_SET_CHILD_SUBREAPER]`
pub(crate) fn adopt() {
    // An error means a kernel without it; strays then outlive the function.
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// The kernel ends the processes of a group one by one, some only after the leader is gone. Listing them once finds all.
pub(crate) fn wait_for_end_of_group(leader: Pid) {
    members(leader).iter().for_each(wait_for);
}

/// The group's processes that have not ended, each as a descriptor, because process ids are used again.
fn members(group: Pid) -> Vec<OwnedFd> {
    processes()
        .filter(|&process| is_running_in(process, group))
        .filter_map(|process| {
            let descriptor = pidfd_open(process, PidfdFlags::empty()).ok()?;
            // The process id may belong to another process since it was read.
            is_running_in(process, group).then_some(descriptor)
        })
        .collect()
}

/// Blocks until the process has ended, whether or not somebody has read its status `[pidfd_open(2)]`.
fn wait_for(process: &OwnedFd) {
    let ended = &mut [PollFd::new(process, PollFlags::IN)];
    while poll(ended, None) == Err(rustix::io::Errno::INTR) {}
}

/// Whether the process belongs to the group and has not ended. Read and not asked for: kernel threads have the group 0, which is no
/// `Pid`.
pub(super) fn is_running_in(process: Pid, group: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero()));
    stat.is_ok_and(|stat| running_group(&stat) == Some(group.as_raw_nonzero().get()))
}

/// The group of the process that the line of `/proc/PID/stat` describes; none when it has ended. The name before the state
/// may hold anything, closing brackets too `[proc_pid_stat(5)]`.
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
