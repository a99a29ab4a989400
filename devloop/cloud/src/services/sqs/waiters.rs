//! The receivers that wait at one queue, in the order of their arrival.
//!
//! The earliest receiver is served first: a later one gets only what is left after every earlier one has got messages.
//! Only the first receiver watches the time at which the next message becomes visible; the others are woken.

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
    /// How many receivers could be served at the last count. If the number is too large, receivers look in vain and wait
    /// again.
    receivable: usize,
}

/// A receiver's place in the line. Dropping it leaves the line, whether the receiver was served, gave up or disconnected.
#[derive(Debug)]
pub(super) struct Place<'w> {
    waiters: &'w Waiters,
    ticket: u64,
    wake: Arc<Notify>,
}

impl Waiters {
    /// Joins the end of the line.
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

    /// Wakes the first `receivable` receivers, and the very first in any case, as the time that it watches may have changed.
    pub(super) fn wake(&self, receivable: usize) {
        let mut line = self.0.lock();
        line.receivable = receivable;
        line.wake_first();
    }

    /// Wakes everybody.
    pub(super) fn wake_all(&self) {
        self.wake(usize::MAX);
    }
}

impl Place<'_> {
    /// How many earlier receivers still wait.
    pub(super) fn ahead(&self) -> usize {
        let line = self.waiters.0.lock();
        line.waiting.binary_search_by(|(ticket, _)| ticket.cmp(&self.ticket)).unwrap_or_else(|at| at)
    }

    /// Waits for a wake-up; one from before the call counts.
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
        // The receivers that moved up may be served now, and the new first one must watch the time.
        line.wake_first();
    }
}

impl Line {
    fn wake_first(&self) {
        for (_, wake) in self.waiting.iter().take(self.receivable.max(1)) {
            wake.notify_one();
        }
    }
}
