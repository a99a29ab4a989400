//! Whose a Ctrl-C is. The terminal sends it to every process in the foreground: while a child process such as an editor has the
//! terminal, it is for that one, and devloop ignores it.
//!
//! An ignored signal is dropped by the kernel when it is sent. So who has the terminal then decides, not who has it when somebody
//! gets to look at the signal: an editor that ends at Ctrl-C has given the terminal back by then. system(3) does the same.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

/// What a Ctrl-C does while it is not ignored; none while that is in force.
static HEEDED: Mutex<Option<SigAction>> = Mutex::new(None);

fn heeded() -> MutexGuard<'static, Option<SigAction>> {
    HEEDED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ignores each Ctrl-C until [`heed`] is called. Child processes that are started meanwhile ignore it too, unless they call
/// [`end_at_interrupts`]: a cargo and functions do, which a terminal's Ctrl-C does not reach anyway, because they are no part of its
/// foreground.
pub(super) fn ignore() -> io::Result<()> {
    let mut heeded = heeded();
    if heeded.is_none() {
        *heeded = Some(set(&action(SigHandler::SigIgn))?);
    }
    Ok(())
}

/// From here on a Ctrl-C is devloop's again.
pub(super) fn heed() {
    if let Some(before) = heeded().take() {
        // An error would mean that there is no such signal.
        let _ = set(&before);
    }
}

/// Lets a Ctrl-C end this process, as it ends one that a shell starts. For a child process before it becomes its program.
pub(super) fn end_at_interrupts() -> io::Result<()> {
    set(&action(SigHandler::SigDfl)).map(drop)
}

fn action(handler: SigHandler) -> SigAction {
    SigAction::new(handler, SaFlags::empty(), SigSet::empty())
}

/// Returns what was in force before.
#[expect(unsafe_code, reason = "what a signal does cannot be changed without")]
fn set(action: &SigAction) -> io::Result<SigAction> {
    // SAFETY: the handler is the kernel's own, or the one that was in force before, which is never removed.
    Ok(unsafe { sigaction(Signal::SIGINT, action) }?)
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::task::{Context, Poll, Waker};

    use rustix::process::{Signal, getpid, kill_process};
    use tokio::signal::unix::{SignalKind, signal};

    use super::{heed, ignore};

    #[tokio::test]
    async fn what_is_sent_while_it_is_ignored_is_never_seen() {
        let mut interrupts = signal(SignalKind::interrupt()).unwrap();
        let press = || kill_process(getpid(), Signal::INT).unwrap();
        for _ in 0..100 {
            ignore().unwrap();
            ignore().unwrap();
            press();
            heed();
            heed();
            let seen = Box::pin(interrupts.recv()).as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!(seen, Poll::Pending);
        }
        press();
        assert_eq!(interrupts.recv().await, Some(()), "and what is sent afterwards is seen");
    }
}
