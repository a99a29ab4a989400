//! A panic on purpose, for the test that the terminal is restored. The test names a thread, which panics when it next works after a
//! key was pressed. Only debug builds can do this.

use std::sync::atomic::{AtomicBool, Ordering};

/// The thread that is to panic, and whether a key was pressed.
#[derive(Debug, Default)]
pub(super) struct Fault {
    thread: Option<String>,
    armed: AtomicBool,
}

impl Fault {
    /// A fault in the named thread; without a name no fault.
    pub(super) fn of(thread: Option<String>) -> Self {
        Self { thread, armed: AtomicBool::new(false) }
    }

    /// A key was pressed.
    pub(super) fn arm(&self) {
        self.armed.store(true, Ordering::Relaxed);
    }

    /// Panics in the thread that was named.
    pub(super) fn happen(&self) {
        if self.thread.is_some() && self.armed.load(Ordering::Relaxed) {
            let name = std::thread::current().name().map(str::to_owned);
            assert!(name != self.thread, "a test wants the thread {} to panic", name.unwrap_or_default());
        }
    }
}
