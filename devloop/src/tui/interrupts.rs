//! Whose Ctrl-C it is. The terminal sends it to every program in front of it, and while an editor or a load has borrowed the
//! terminal it is theirs.

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
        // Without it a Ctrl-C that comes as the borrower ends is ours; nothing else is lost.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&ARRIVED));
    });
    ARRIVED.store(false, Ordering::SeqCst);
}

/// The terminal is about to be ours again.
pub(super) fn end() {
    LATE.store(ARRIVED.swap(false, Ordering::SeqCst), Ordering::SeqCst);
}

/// Whether the interrupt that was just looked at is the borrower's.
pub(crate) fn is_the_borrowers() -> bool {
    if terminal::is_taken() && terminal::is_lent() {
        ARRIVED.store(false, Ordering::SeqCst);
        return true;
    }
    LATE.swap(false, Ordering::SeqCst)
}
