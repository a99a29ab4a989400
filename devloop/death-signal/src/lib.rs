//! Ends a started program when the program that started it dies, even if that one was killed and could not clean up.

use rustix::process::Signal;
use tokio::process::Command;

/// Lets the command get the signal when this process dies, where the kernel can do that (Linux). The kernel watches the thread that
/// starts the command, not the process: start it from one that lives as long as the command may.
#[cfg(not(target_os = "linux"))]
pub fn die_with_this_process(_command: &mut Command, _signal: Signal) {}

/// Lets the command get the signal when this process dies, where the kernel can do that (Linux). The kernel watches the thread that
/// starts the command, not the process: start it from one that lives as long as the command may.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the death signal can only be asked for between fork and exec")]
pub fn die_with_this_process(command: &mut Command, signal: Signal) {
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
