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

/// What all processes of one owner have in common: the first one and every descendant of it, also those that have left its process
/// group and its session.
#[derive(Debug, Clone)]
pub struct Mark {
    /// An environment variable, as `NAME=value`. A process can lose it.
    pub(crate) variable: String,
    /// What no process loses by chance.
    pub(crate) tag: way::Tag,
}

impl Mark {
    /// A mark that no process has. `variable` is an environment variable, as `NAME=value`, that only the owner's command has.
    pub fn new(variable: String) -> Self {
        Self { variable, tag: way::Tag::new() }
    }

    /// Marks the process that `command` starts, and so its descendants.
    pub fn put_on(&self, command: &mut Command) {
        self.tag.put_on(command);
    }
}

/// Kills every process with the mark (`setsid`, daemons). The first process must have ended, and its process group must have been sent
/// SIGKILL. This reads the process table: call it where blocking is allowed.
pub fn end_strays(mark: &Mark) {
    way::end_strays(mark);
}

/// Reads the status of marked processes that have ended after the process that had started them, so that they leave the process table. To
/// be called when a child has ended (SIGCHLD), at times.
pub fn collect_orphans() {
    way::collect_orphans();
}

/// Kills the marked processes of this user whose devloop has ended without killing them, because it was killed itself; returns how many.
/// This reads the process table: call it where blocking is allowed.
pub fn end_leftovers() -> usize {
    way::end_leftovers()
}

/// Blocks until no process of the group is running. They must have been sent SIGKILL before, so that none of them starts another.
pub fn wait_for_end_of_group(leader: Pid) {
    way::wait_for_end_of_group(leader);
}
