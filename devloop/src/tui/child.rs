//! Child processes that have the terminal for a while: the user's editor, and `devloop bench`. One at a time.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::tui::{interrupts, terminal};

/// How a load is started.
pub(crate) struct Load {
    /// This program.
    pub(crate) program: PathBuf,
    /// Environment variables that point it at the session's cloud.
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// How many signals a program gets when the session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Farewell {
    /// An editor gets one, and then time to save its recovery file.
    Once,
    /// A load stops sending at the first, and stops waiting for its requests at the second.
    Twice,
}

/// How long a load may take to give the terminal back after each of its signals.
const WAITS: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(2)];

static CHILD: Mutex<Option<(Pid, Farewell)>> = Mutex::new(None);
static LEFT: Condvar = Condvar::new();

fn current() -> MutexGuard<'static, Option<(Pid, Farewell)>> {
    CHILD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a child process has the terminal now.
pub(super) fn is_here() -> bool {
    current().is_some()
}

/// Runs the program to its end. A Ctrl-C is for the program, and not for devloop until devloop takes the terminal again.
#[expect(unsafe_code, reason = "what a signal does to a child process can only be set between fork and exec")]
pub(super) fn run(command: &mut Command, farewell: Farewell) -> io::Result<ExitStatus> {
    interrupts::ignore()?;
    if !terminal::is_taken() {
        // The session has just ended, and a further Ctrl-C must still be able to end it at once.
        interrupts::heed();
    }
    // SAFETY: this only calls sigaction, which is async-signal-safe, and allocates and locks nothing.
    unsafe {
        command.pre_exec(interrupts::end_at_interrupts);
    }
    let mut child = command.spawn()?;
    *current() = Some((Pid::from_child(&child), farewell));
    let status = child.wait();
    *current() = None;
    LEFT.notify_all();
    status
}

/// Ends the child process, if there is one, when the session ends.
pub(super) fn end() {
    let Some((pid, farewell)) = *current() else { return };
    let waits = if farewell == Farewell::Twice { WAITS.as_slice() } else { &[Duration::ZERO] };
    for wait in waits {
        let here = current();
        if here.is_none() {
            return;
        }
        let _ = kill_process(pid, Signal::TERM);
        drop(LEFT.wait_timeout_while(here, *wait, |child| child.is_some()));
    }
}
