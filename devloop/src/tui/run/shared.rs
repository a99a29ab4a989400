//! The screen under a lock, as the threads and tasks share it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::engine::Problem;
use crate::status::StatusReport;
use crate::tui::fault::Fault;
use crate::tui::screen::Screen;
use crate::tui::terminal;

/// What the threads share.
pub(super) struct Shared {
    pub(super) inner: Mutex<Inner>,
    /// Notified when the screen has changed.
    pub(super) changed: Condvar,
    /// Notified when something was announced, so that the figures may have changed.
    pub(super) happened: tokio::sync::Notify,
    pub(super) fault: Fault,
}

/// The screen, and the drawing thread's other state.
pub(super) struct Inner {
    pub(super) screen: Screen,
    pub(super) dirty: bool,
    pub(super) closing: bool,
    /// Whether a frame is being written.
    pub(super) drawing: bool,
    /// Whether the terminal no longer shows the last frame.
    pub(super) repaint: bool,
    pub(super) clipboard: Option<String>,
    /// Whether the terminal is to be asked to report the mouse, or to keep it; `None`: neither.
    pub(super) mouse: Option<bool>,
}

impl Shared {
    /// The screen, which is drawn at once.
    pub(super) fn new(screen: Screen, fault: Fault) -> Arc<Self> {
        let mouse = Some(screen.mouse).filter(|mouse| *mouse);
        let inner = Inner {
            screen,
            dirty: true,
            closing: false,
            drawing: false,
            repaint: false,
            clipboard: None,
            mouse,
        };
        Arc::new(Self {
            inner: Mutex::new(inner),
            changed: Condvar::new(),
            happened: tokio::sync::Notify::new(),
            fault,
        })
    }

    /// The inner part. It is held for a change or for drawing into memory, never while the terminal is written to.
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the screen and has it drawn.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Screen) -> T) -> T {
        let mut inner = self.lock();
        let result = change(&mut inner.screen);
        inner.dirty = true;
        self.changed.notify_all();
        result
    }

    /// Takes a report of the pipeline. Returns whether it brought news.
    pub(super) fn learn(&self, answer: Result<StatusReport, Problem>) -> bool {
        self.refresh(|screen| screen.learn(answer))
    }

    /// Changes the screen, and has it drawn if `change` returns true.
    pub(super) fn refresh(&self, change: impl FnOnce(&mut Screen) -> bool) -> bool {
        let mut inner = self.lock();
        let is_new = change(&mut inner.screen);
        if is_new {
            inner.dirty = true;
            self.changed.notify_all();
        }
        is_new
    }

    /// Lends the terminal out, after the frame that is being written.
    pub(super) fn lend(&self) {
        if terminal::begin_to_lend() {
            drop(self.changed.wait_while(self.lock(), |inner| inner.drawing));
            terminal::give_back();
        }
    }

    /// Takes the terminal again and has everything drawn anew.
    pub(super) fn take_again(&self) {
        let mut inner = self.lock();
        // An error means that the terminal is gone, which the next frame finds out.
        let _ = terminal::take_again(inner.screen.mouse);
        (inner.repaint, inner.dirty) = (true, true);
        self.changed.notify_all();
    }

    /// Ends the threads.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::tz::TimeZone;

    use super::Shared;
    use crate::engine::Problem;
    use crate::tui::fault::Fault;
    use crate::tui::screen::Screen;

    fn shared(mouse: bool) -> Arc<Shared> {
        let mut screen = Screen::new("watch", "http://h", &["up".to_owned()], TimeZone::UTC);
        screen.mouse = mouse;
        Shared::new(screen, Fault::default())
    }

    #[test]
    fn a_change_is_drawn_and_an_answer_without_news_is_not() {
        let shared = shared(false);
        let drawn = || std::mem::take(&mut shared.lock().dirty);
        assert!(drawn(), "the first frame");
        shared.change(|screen| screen.expanded = true);
        assert!(drawn() && !drawn());
        let problem = || Problem::new("cloud_unreachable", "ask the cloud: refused");
        assert!(shared.learn(Err(problem())) && drawn());
        assert!(!shared.learn(Err(problem())) && !drawn());
    }

    #[test]
    fn the_terminal_is_told_about_the_mouse_where_it_is_ours() {
        assert_eq!(shared(true).lock().mouse, Some(true));
        assert_eq!(shared(false).lock().mouse, None);
    }
}
