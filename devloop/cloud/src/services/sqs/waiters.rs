//! The receivers that wait at one queue, in the order in which they came.
//!
//! Who came first is served first: a newcomer may take only what is left when everybody ahead of it has got something.
//! Only the first of the line watches the time at which the next message becomes visible; the others are woken.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

/// The line of waiting receivers.
#[derive(Debug, Default)]
pub(super) struct Waiters(Mutex<Line>);

#[derive(Debug, Default)]
struct Line {
    waiting: VecDeque<(u64, Arc<Notify>)>,
    next: u64,
    /// How many receivers could be served when that was last told. Too many is harmless: they look and wait on.
    servings: usize,
}

/// A receiver's place in the line; leaves it when dropped, whether the receiver was served, gave up or went away.
#[derive(Debug)]
pub(super) struct Place<'w> {
    waiters: &'w Waiters,
    ticket: u64,
    wake: Arc<Notify>,
}

impl Waiters {
    /// Joins the line at its end.
    pub(super) fn join(&self) -> Place<'_> {
        let mut line = self.0.lock();
        let ticket = line.next;
        line.next += 1;
        let wake = Arc::new(Notify::new());
        line.waiting.push_back((ticket, Arc::clone(&wake)));
        Place { waiters: self, ticket, wake }
    }

    /// How many receivers wait.
    pub(super) fn count(&self) -> usize {
        self.0.lock().waiting.len()
    }

    /// Wakes the first `servings` receivers, and always the very first: the time that it watches may have changed.
    pub(super) fn wake(&self, servings: usize) {
        let mut line = self.0.lock();
        line.servings = servings;
        line.rouse();
    }

    /// Wakes everybody.
    pub(super) fn wake_all(&self) {
        self.wake(usize::MAX);
    }
}

impl Place<'_> {
    /// How many receivers came earlier and wait still.
    pub(super) fn ahead(&self) -> usize {
        let line = self.waiters.0.lock();
        line.waiting.binary_search_by(|(ticket, _)| ticket.cmp(&self.ticket)).unwrap_or_else(|at| at)
    }

    /// Waits to be woken; a wake-up from before the call counts.
    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut line = self.waiters.0.lock();
        if let Ok(at) = line.waiting.binary_search_by(|(ticket, _)| ticket.cmp(&self.ticket)) {
            line.waiting.remove(at);
        }
        // Who has moved up may be among those that can be served, or be the one that watches the time now.
        line.rouse();
    }
}

impl Line {
    fn rouse(&self) {
        for (_, wake) in self.waiting.iter().take(self.servings.max(1)) {
            wake.notify_one();
        }
    }
}
