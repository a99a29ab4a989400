//! The processes of this machine, as `/proc` shows them.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// The processes whose working directory is the folder or below it. Environments run in the folder of their function's code.
pub fn processes_in(folder: &Path) -> Vec<i32> {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let running = fs::read_dir("/proc").unwrap().flatten();
    running
        .filter(|entry| fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&folder)))
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Kills a process.
pub fn kill(process: i32) {
    signal_to(process, Signal::KILL);
}

/// Sends a signal; a process that has ended already is ignored.
pub fn signal_to(process: i32, signal: Signal) {
    let _ = kill_process(Pid::from_raw(process).unwrap(), signal);
}

/// The state in the kernel's table, such as `T` for stopped.
pub fn kernel_state(process: i32) -> char {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    text.rsplit_once(") ").unwrap().1.chars().next().unwrap()
}

/// The processes that this one has started and not waited for.
pub fn children_of(process: i32) -> Vec<i32> {
    let running = fs::read_dir("/proc").unwrap().flatten();
    let numbers = running.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let parent = |number: &i32| {
        let text = fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
        text.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<i32>().ok()
    };
    numbers.filter(|number| parent(number) == Some(process)).collect()
}
