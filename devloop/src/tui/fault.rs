//! A panic on purpose: the test of the way out names a thread, which panics when it next does its work after a key was pressed.
//! Only debug builds can be told to.

use std::sync::atomic::{AtomicBool, Ordering};

/// Which thread, and whether a key was pressed.
#[derive(Debug, Default)]
pub(super) struct Fault {
    thread: Option<String>,
    armed: AtomicBool,
}

impl Fault {
    /// A panic of the thread, if one is named.
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
