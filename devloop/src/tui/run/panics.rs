//! Handles panics: a panic of one of the screen's own threads restores the terminal first; any other panic is shown among the logs.

use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, TryLockError};
use std::thread;

use tokio_util::sync::CancellationToken;

use crate::bus::now;
use crate::engine::Problem;
use crate::tui::run::shared::Shared;
use crate::tui::run::{DRAWING, KEYS};
use crate::tui::terminal;

/// Whether a panic has ended the screen, and whether its message has been written since.
static PANICKED: AtomicBool = AtomicBool::new(false);
static WRITTEN: AtomicBool = AtomicBool::new(false);

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
        WRITTEN.store(true, Ordering::SeqCst);
    }));
}

/// Waits until the frame that is being written has ended, and lets no other begin: it would be drawn over the panic's message. The
/// thread that panics may hold the lock itself.
fn let_the_frame_end(shared: &Shared) {
    terminal::wait_a_moment(|| {
        let mut inner = match shared.inner.try_lock() {
            Ok(inner) => inner,
            Err(TryLockError::Poisoned(inner)) => inner.into_inner(),
            Err(TryLockError::WouldBlock) => return false,
        };
        inner.closing = true;
        !inner.drawing
    });
}

/// Whether the session ends because of a panic. The thread that panicked writes its message while the others end the session, so this
/// waits a moment for it.
pub(crate) fn has_panicked() -> bool {
    let has_panicked = PANICKED.load(Ordering::SeqCst);
    if has_panicked {
        terminal::wait_a_moment(|| WRITTEN.load(Ordering::SeqCst));
    }
    has_panicked
}
