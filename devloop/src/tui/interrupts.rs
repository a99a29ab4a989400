//! Decides whether a Ctrl-C is for devloop. The terminal sends it to every process in the foreground; while a child process such as
//! an editor has the terminal, it is for that one.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Once};

use crate::tui::terminal;

/// One has come since it was last asked. Set the moment it comes: when somebody gets to look at it, the terminal may be ours again.
static ARRIVED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// One came while the terminal was lent out, and nobody has looked at it yet.
static LATE: AtomicBool = AtomicBool::new(false);

/// The terminal is about to be lent out.
pub(super) fn begin() {
    static NOTING: Once = Once::new();
    NOTING.call_once(|| {
        // If this fails, a Ctrl-C in the moment when the child process ends counts as devloop's.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&ARRIVED));
    });
    ARRIVED.store(false, Ordering::SeqCst);
}

/// The terminal is about to be ours again.
pub(super) fn end() {
    LATE.store(ARRIVED.swap(false, Ordering::SeqCst), Ordering::SeqCst);
}

/// Whether the interrupt that has just arrived is the child process's.
pub(crate) fn is_the_borrowers() -> bool {
    if terminal::is_taken() && terminal::is_lent() {
        ARRIVED.store(false, Ordering::SeqCst);
        return true;
    }
    LATE.swap(false, Ordering::SeqCst)
}
