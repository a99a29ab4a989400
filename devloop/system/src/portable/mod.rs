//! The portable way: links and copies of programs, a watchdog behind a pipe, `ps` and `lsof`.

mod children;
mod debugger;
mod program;
mod sockets;
mod tables;
mod usage;

use std::os::fd::OwnedFd;

use crate::files::Watchers;

pub(crate) use children::{
    Tag, adopt, collect_orphans, die_with_this_process, end_leftovers, end_strays, wait_for_end_of_group,
};
pub(crate) use debugger::{allow_debugger, is_held};
pub(crate) use program::Held;
pub(crate) use sockets::{is_behind, listener, name_of, user_behind};
pub use usage::PeakMemory;
pub(crate) use usage::{load_average, usage, usage_of_children};

/// What is missing wherever this way is taken.
const ALWAYS: [&str; 4] = [
    "no cargo stands by for the next build, which takes about 0.1 s longer: the system does not tell who waits for a lock",
    "`Max Memory Used` is the most that was seen, with a look every second, and not the peak",
    "`bench` counts neither the processor time of functions' processes that have ended nor how often threads wait",
    "`doctor` does not know how many files may be watched",
];

pub(crate) fn missing() -> Vec<&'static str> {
    let mut missing = ALWAYS.to_vec();
    if tables::ps(&["-o", "lstart=", "-p", &std::process::id().to_string()]).is_none() {
        missing.push(
            "there is no `ps`: what a function leaves behind outlives it, and everything outlives a devloop that is killed",
        );
    }
    if !tables::has_lsof() {
        missing.push(
            "there is no `lsof`: a busy port's owner has no name, and every process of this machine may call a function's \
             Runtime API, and `--only-me` lets nobody in",
        );
    }
    missing
}

pub(crate) const TELLS_WHO_WAITS: bool = false;

pub(crate) fn waiting_for_lock(_inode: u64) -> Vec<u32> {
    Vec::new()
}

pub(crate) fn watchers() -> Option<Watchers> {
    None
}

pub(crate) fn widen(_pipe: &OwnedFd, _bytes: usize) {}
