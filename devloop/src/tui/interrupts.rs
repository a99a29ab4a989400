//! Decides who gets a Ctrl-C. The terminal sends it to every process in the foreground. While a child process such as an editor has
//! the terminal, the Ctrl-C is for that process, and devloop ignores it.
//!
//! The kernel drops an ignored signal when it is sent. So it counts who has the terminal at that time, not when a task looks at the
//! signal: an editor that ends at Ctrl-C has given the terminal back by then. system(3) does the same.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

/// The action for Ctrl-C that was replaced; `None` while Ctrl-C is not ignored.
static HEEDED: Mutex<Option<SigAction>> = Mutex::new(None);

fn heeded() -> MutexGuard<'static, Option<SigAction>> {
    HEEDED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ignores each Ctrl-C until [`heed`] is called. Child processes that are started meanwhile ignore it too, unless they call
/// [`end_at_interrupts`]. For a cargo and for functions this makes no difference: they are not in the terminal's foreground, so
/// Ctrl-C does not reach them.
pub(super) fn ignore() -> io::Result<()> {
    let mut heeded = heeded();
    if heeded.is_none() {
        *heeded = Some(set(&action(SigHandler::SigIgn))?);
    }
    Ok(())
}

/// From here on devloop handles Ctrl-C again.
pub(super) fn heed() {
    if let Some(before) = heeded().take() {
        // An error would mean that this signal does not exist.
        let _ = set(&before);
    }
}

/// Makes Ctrl-C end this process, as it ends one that a shell starts. A child process calls this before it becomes its program.
pub(super) fn end_at_interrupts() -> io::Result<()> {
    set(&action(SigHandler::SigDfl)).map(drop)
}

fn action(handler: SigHandler) -> SigAction {
    SigAction::new(handler, SaFlags::empty(), SigSet::empty())
}

/// Sets the action for Ctrl-C. Returns the previous one.
#[expect(unsafe_code, reason = "what a signal does cannot be changed without")]
fn set(action: &SigAction) -> io::Result<SigAction> {
    // SAFETY: the handler is the kernel's own, or the previous one, which is never removed.
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
