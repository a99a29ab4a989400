//! Processes that this process starts, and their own children: all of them end with this process.

use rustix::process::{Pid, Signal};
use tokio::process::Command;

use crate::way;

/// Makes the command get the signal when this process dies for any reason, SIGKILL included. The command must lead a process group.
/// Linux watches the thread that starts the command, not the process: start it from a thread that lives as long as the command may.
pub fn die_with_this_process(command: &mut Command, signal: Signal) {
    way::die_with_this_process(command, signal);
}

/// Makes this process the parent of orphaned descendants, if the system supports that.
pub fn adopt() {
    way::adopt();
}

/// Kills every process with the environment variable `mark` (`NAME=value`) that has left the process group of its parent (`setsid`,
/// daemons). This reads the process table: call it where blocking is allowed.
pub fn end_strays(mark: &str) {
    way::end_strays(mark);
}

/// Blocks until no process of the group is running. They must have been sent SIGKILL before, so that none of them starts another.
pub fn wait_for_end_of_group(leader: Pid) {
    way::wait_for_end_of_group(leader);
}
