//! Handles panics: a panic of one of the screen's own threads restores the terminal first; any other panic is shown among the logs.

use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::bus::now;
use crate::engine::Problem;
use crate::tui::run::shared::Shared;
use crate::tui::run::{DRAWING, KEYS};
use crate::tui::terminal;

/// How long a panic waits for the frame that is being written.
const COURTESY: Duration = Duration::from_millis(300);

/// Whether a panic has ended the screen.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// A panic that ends the screen restores the terminal before its message is written. Any other panic must not write over the
/// screen, so it is shown among the logs.
pub(super) fn catch_panics(shared: &Arc<Shared>, stop: &CancellationToken) {
    let previous = std::panic::take_hook();
    let (shared, stop) = (Arc::downgrade(shared), stop.clone());
    std::panic::set_hook(Box::new(move |panic: &PanicHookInfo<'_>| {
        let fatal = matches!(thread::current().name(), Some(DRAWING | KEYS | "main"));
        if !fatal
            && terminal::is_taken()
            && let Some(shared) = shared.upgrade()
            && let Ok(mut inner) = shared.inner.try_lock()
        {
            let problem = Problem::new("internal", panic.to_string());
            inner.screen.tell_problem(now(), &problem);
            inner.dirty = true;
            shared.changed.notify_all();
            return;
        }
        PANICKED.store(true, Ordering::SeqCst);
        if let Some(shared) = shared.upgrade().filter(|_| thread::current().name() != Some(DRAWING)) {
            let_the_frame_end(&shared);
        }
        terminal::restore();
        stop.cancel();
        previous(panic);
    }));
}

/// Waits until the frame that is being written has ended, and lets no other begin: it would be drawn over the panic's message. The
/// thread that panics may hold the lock itself, so this only waits for a moment.
fn let_the_frame_end(shared: &Shared) {
    let until = Instant::now() + COURTESY;
    while Instant::now() < until {
        let inner = match shared.inner.try_lock() {
            Ok(inner) => Some(inner),
            Err(TryLockError::Poisoned(inner)) => Some(inner.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        if let Some(mut inner) = inner {
            inner.closing = true;
            if !inner.drawing {
                return;
            }
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Whether the session ends because of a panic, which has been written to the terminal.
pub(crate) fn has_panicked() -> bool {
    PANICKED.load(Ordering::SeqCst)
}
