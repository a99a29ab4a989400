//! The queue of a function's asynchronous events, ordered by the time when they are due. Bounded for each function and for
//! all together; deleted with its function.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::decide::History;
use crate::{error::ApiError, functions::Invocation};

/// The most that the queues of all functions hold together, and the queue of one function. AWS publishes no size of its
/// queue; these limits are more than a local run needs and less than a machine has.
pub(crate) const TOTAL_EVENTS: usize = 100_000;
pub(crate) const TOTAL_BYTES: usize = 256 << 20;
pub(crate) const FUNCTION_EVENTS: usize = 50_000;
pub(crate) const FUNCTION_BYTES: usize = 64 << 20;

/// A number of events, and the bytes of their payloads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

impl Load {
    fn fits(self, bytes: usize, most_events: usize, most_bytes: usize) -> bool {
        self.events < most_events && self.bytes + bytes <= most_bytes
    }

    fn add(&mut self, bytes: usize) {
        self.events += 1;
        self.bytes += bytes;
    }

    fn remove(&mut self, bytes: usize) {
        self.events -= 1;
        self.bytes -= bytes;
    }
}

/// An event in the queue or being tried.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) invocation: Invocation,
    /// The qualifier that the event was sent to; an alias may point to another version by the next try.
    pub(super) qualifier: Option<String>,
    pub(super) accepted_ms: i64,
    pub(super) history: History,
    _counted: Counted,
}

/// What an event counts against the limits, until this is dropped.
#[derive(Debug)]
struct Counted {
    bytes: usize,
    own: Arc<Mutex<Load>>,
    total: Arc<Mutex<Load>>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.own.lock().remove(self.bytes);
        self.total.lock().remove(self.bytes);
    }
}

/// The events of one function.
#[derive(Debug)]
pub(crate) struct Backlog {
    own: Arc<Mutex<Load>>,
    total: Arc<Mutex<Load>>,
    state: Mutex<State>,
    /// Notifies when an event arrives, becomes due again, or a try ends.
    changed: Notify,
    pub(super) closed: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    /// By the time when the events are due, and a number that distinguishes equal times.
    waiting: BTreeMap<(i64, u64), Queued>,
    next: u64,
    in_flight: usize,
    /// Whether a task takes the events out of the queue.
    is_served: bool,
    dropped: u64,
}

/// What the task that serves a queue does next.
#[derive(Debug)]
pub(super) enum Step {
    Try(Box<Queued>),
    /// Waits until this time in ms since the epoch, or until something changes.
    Wait(Option<i64>),
    /// The queue is empty and the task ends; the next event needs a new task.
    Rest,
}

impl Backlog {
    /// An empty queue, whose events also count into `total`.
    pub(super) fn new(total: Arc<Mutex<Load>>) -> Self {
        Self {
            own: Arc::default(),
            total,
            state: Mutex::default(),
            changed: Notify::new(),
            closed: CancellationToken::new(),
        }
    }

    /// Accepts an event; the error is a throttle that names the limit. True when a task must be started to serve the queue.
    pub(super) fn accept(
        &self,
        invocation: Invocation,
        qualifier: Option<String>,
        now_ms: i64,
    ) -> Result<bool, ApiError> {
        let bytes = invocation.payload.len();
        {
            let (mut own, mut total) = (self.own.lock(), self.total.lock());
            if !own.fits(bytes, FUNCTION_EVENTS, FUNCTION_BYTES) {
                return Err(full("this function", *own, FUNCTION_EVENTS, FUNCTION_BYTES));
            }
            if !total.fits(bytes, TOTAL_EVENTS, TOTAL_BYTES) {
                return Err(full("all functions", *total, TOTAL_EVENTS, TOTAL_BYTES));
            }
            own.add(bytes);
            total.add(bytes);
        }
        let counted = Counted { bytes, own: Arc::clone(&self.own), total: Arc::clone(&self.total) };
        let history = History::default();
        let event = Queued { invocation, qualifier, accepted_ms: now_ms, history, _counted: counted };
        Ok(self.put(now_ms, event))
    }

    /// Puts an event back until `due_ms`. True when a task must be started to serve the queue.
    pub(super) fn put(&self, due_ms: i64, event: Queued) -> bool {
        let mut state = self.state.lock();
        if self.closed.is_cancelled() {
            return false;
        }
        let number = state.next;
        state.next += 1;
        state.waiting.insert((due_ms, number), event);
        let is_needed = !std::mem::replace(&mut state.is_served, true);
        drop(state);
        self.changed.notify_one();
        is_needed
    }

    /// Takes the next event that is due, if fewer than `most` events are being tried.
    pub(super) fn step(&self, now_ms: i64, most: usize) -> Step {
        let mut state = self.state.lock();
        let Some((&(due_ms, number), _)) = state.waiting.first_key_value() else {
            state.is_served = false;
            return Step::Rest;
        };
        if state.in_flight >= most {
            return Step::Wait(None);
        }
        if due_ms > now_ms {
            return Step::Wait(Some(due_ms));
        }
        state.in_flight += 1;
        // The entry exists: it was found while this lock was held.
        state.waiting.remove(&(due_ms, number)).map_or(Step::Rest, |event| Step::Try(Box::new(event)))
    }

    /// Records that a try has ended, whatever its outcome.
    pub(super) fn tried(&self) {
        self.state.lock().in_flight -= 1;
        self.changed.notify_one();
    }

    /// Waits for a change. Call this before [`Backlog::step`], so that no change is missed.
    pub(super) fn changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.changed.notified()
    }

    /// Counts a dropped event.
    pub(super) fn drop_one(&self) {
        self.state.lock().dropped += 1;
    }

    /// The events that wait or are being tried.
    pub(crate) fn load(&self) -> Load {
        *self.own.lock()
    }

    /// How many events are being tried, and when the next one is due in ms since the epoch.
    pub(crate) fn ahead(&self) -> (usize, Option<i64>) {
        let state = self.state.lock();
        (state.in_flight, state.waiting.first_key_value().map(|((due_ms, _), _)| *due_ms))
    }

    /// How many events were dropped.
    pub(crate) fn dropped(&self) -> u64 {
        self.state.lock().dropped
    }

    /// Empties the queue and accepts no more events, because the function is deleted. Returns how many events were waiting.
    pub(crate) fn close(&self) -> usize {
        let mut state = self.state.lock();
        self.closed.cancel();
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.len()
    }
}

fn full(whose: &str, load: Load, most_events: usize, most_bytes: usize) -> ApiError {
    ApiError::with_status(
        429,
        "TooManyRequestsException",
        format!(
            "{} asynchronous events of {whose} wait already, {} MB; the embedded cloud keeps {most_events}, and {} MB",
            load.events,
            load.bytes >> 20,
            most_bytes >> 20
        ),
    )
    .detail("Reason", "CallerRateLimitExceeded")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(bytes: usize) -> Invocation {
        Invocation { payload: vec![b' '; bytes].into(), ..Invocation::default() }
    }

    #[test]
    fn events_are_counted_and_limited_until_they_are_dropped() {
        let total = Arc::new(Mutex::new(Load::default()));
        let backlog = Backlog::new(Arc::clone(&total));
        assert!(backlog.accept(event(FUNCTION_BYTES), None, 0).unwrap());
        let refused = backlog.accept(event(1), None, 0).unwrap_err();
        assert_eq!((refused.status, refused.message.contains("64 MB")), (429, true), "{refused}");
        assert_eq!(*total.lock(), Load { events: 1, bytes: FUNCTION_BYTES });
        let Step::Try(taken) = backlog.step(0, 1) else { panic!("nothing to try") };
        assert_eq!(backlog.load().events, 1, "events that are being tried count too");
        drop(taken);
        assert_eq!(*total.lock(), Load::default());
    }

    #[test]
    fn all_functions_share_one_limit() {
        let total = Arc::new(Mutex::new(Load::default()));
        let backlogs: Vec<_> = (0..5).map(|_| Backlog::new(Arc::clone(&total))).collect();
        for backlog in &backlogs[..4] {
            backlog.accept(event(FUNCTION_BYTES), None, 0).unwrap();
        }
        assert!(backlogs[4].accept(event(1), None, 0).unwrap_err().message.contains("all functions"));
        assert_eq!(backlogs[0].close(), 1);
        backlogs[4].accept(event(1), None, 0).unwrap();
    }

    #[test]
    fn events_are_taken_when_they_are_due_up_to_the_concurrency() {
        let backlog = Backlog::new(Arc::default());
        assert!(backlog.accept(event(1), Some("later".to_owned()), 20).unwrap());
        assert!(!backlog.accept(event(1), Some("first".to_owned()), 10).unwrap());
        assert!(matches!(backlog.step(5, 1), Step::Wait(Some(10))));
        let Step::Try(first) = backlog.step(30, 1) else { panic!("nothing to try") };
        assert_eq!(first.qualifier.as_deref(), Some("first"));
        assert!(matches!(backlog.step(30, 1), Step::Wait(None)));
        backlog.tried();
        assert!(matches!(backlog.step(30, 1), Step::Try(_)));
        assert!(matches!(backlog.step(30, 1), Step::Rest));
        assert!(backlog.put(40, *first), "an empty queue needs a new task for its next event");
        assert_eq!(backlog.close(), 1);
        assert!(!backlog.accept(event(1), None, 50).unwrap());
        assert_eq!(backlog.load().events, 0);
    }
}
