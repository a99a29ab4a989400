//! Debuggers: whether one holds a process, and the permission to attach to it.

use rustix::process::Pid;
use tokio::process::Command;

use crate::way;

/// Whether a debugger is attached to the process, or the process is stopped. Its time does not count then.
pub fn holds(process: Pid) -> bool {
    way::is_held(process)
}

/// Lets a debugger of the same user attach to the process that `command` starts, also where the kernel lets only a parent do so.
pub fn allow(command: &mut Command) {
    way::allow_debugger(command);
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use rustix::process::{Signal, WaitOptions, kill_process, waitpid};

    use super::*;

    #[test]
    fn a_stopped_process_is_held_and_a_waiting_one_is_not() {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "read line"]).stdin(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        let process = Pid::from_child(&child);
        assert!(!holds(process));
        kill_process(process, Signal::STOP).unwrap();
        let (_, status) = waitpid(Some(process), WaitOptions::UNTRACED).unwrap().unwrap();
        assert!(status.stopped() && holds(process));
        kill_process(process, Signal::KILL).unwrap();
        child.wait().unwrap();
        assert!(!holds(process));
    }
}
