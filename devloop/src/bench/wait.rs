//! Decides whether a run is complete, or only quiet. Pure: it gets counts and times, so tests need no clock.

use std::time::Duration;

/// How long to wait for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience {
    /// The number of requests that have to become complete; `None` if it is not known.
    pub(crate) expected: Option<u64>,
    /// When no request has become complete for this long and nothing is pending, the rest is lost.
    pub(crate) idle: Duration,
    /// The waiting ends after this time in any case.
    pub(crate) timeout: Duration,
}

/// The events that are still on their way; a target may report only some of this, or nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Pending {
    /// Records in streams, and messages in queues, that are not processed yet.
    pub(crate) records: Option<u64>,
    /// Invocations that wait for an environment or are in one.
    pub(crate) in_flight: Option<u64>,
    /// How long ago a function last took a batch from a stream.
    pub(crate) since_batch: Option<Duration>,
    /// Failure records in the mappings' queues. They are not pending: Lambda has given the events up.
    pub(crate) given_up: Option<u64>,
}

impl Pending {
    /// Whether nothing is known to be pending. A batch that was taken within `idle` may have failed and be taken again.
    fn is_nothing(&self, idle: Duration) -> bool {
        self.records.unwrap_or(0) == 0
            && self.in_flight.unwrap_or(0) == 0
            && self.since_batch.is_none_or(|since| since >= idle)
    }
}

/// The state of the waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitState {
    /// Requests are still missing.
    Waiting,
    /// All expected requests are complete.
    Complete,
    /// Nothing is pending; what is missing is lost.
    Quiet,
    /// The timeout has passed.
    TimedOut,
}

/// The state of waiting for a run. Times count from its beginning.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    patience: Patience,
    seen: u64,
    news: Duration,
    quiet_looks: u32,
    /// When the target left the first of several questions in a row without an answer.
    unanswered: Option<Duration>,
}

/// How many looks in a row must find nothing pending, because an event between two stages is invisible for a moment.
const QUIET_LOOKS: u32 = 2;

impl Waiting {
    /// Starts with this many requests complete already.
    pub(crate) fn new(patience: Patience, seen: u64) -> Self {
        Self { patience, seen, news: Duration::ZERO, quiet_looks: 0, unanswered: None }
    }

    /// Returns the state, given how many requests are complete and what is pending.
    pub(crate) fn look(&mut self, now: Duration, seen: u64, pending: &Pending) -> WaitState {
        self.unanswered = None;
        if seen != self.seen {
            (self.seen, self.news, self.quiet_looks) = (seen, now, 0);
        }
        if self.patience.expected.is_some_and(|expected| seen >= expected) {
            return WaitState::Complete;
        }
        let idle = now.saturating_sub(self.news) >= self.patience.idle;
        self.quiet_looks =
            if idle && pending.is_nothing(self.patience.idle) { self.quiet_looks + 1 } else { 0 };
        if self.quiet_looks >= QUIET_LOOKS {
            WaitState::Quiet
        } else if now >= self.patience.timeout {
            WaitState::TimedOut
        } else {
            WaitState::Waiting
        }
    }

    /// Notes that the target did not answer. Returns whether it has been silent for so long that it is taken for gone: a target
    /// under load may leave a question without an answer.
    pub(crate) fn is_gone(&mut self, now: Duration) -> bool {
        let since = *self.unanswered.get_or_insert(now);
        now.saturating_sub(since) >= self.patience.idle || now >= self.patience.timeout
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn waiting(expected: Option<u64>) -> Waiting {
        Waiting::new(Patience { expected, idle: seconds(15), timeout: seconds(300) }, 0)
    }

    fn records(records: u64) -> Pending {
        Pending { records: Some(records), ..Pending::default() }
    }

    #[test]
    fn all_that_was_expected_is_complete_at_once() {
        let mut waiting = waiting(Some(10));
        assert_eq!(waiting.look(seconds(1), 9, &records(1)), WaitState::Waiting);
        assert_eq!(waiting.look(seconds(2), 10, &records(0)), WaitState::Complete);
    }

    #[test]
    fn a_paused_pipeline_is_quiet_but_not_done() {
        let mut waiting = waiting(Some(10));
        for now in 1..200 {
            assert_eq!(waiting.look(seconds(now), 3, &records(7)), WaitState::Waiting, "at {now} s");
        }
        assert_eq!(waiting.look(seconds(200), 10, &records(0)), WaitState::Complete);
    }

    #[test]
    fn quiet_with_nothing_pending_ends_the_waiting_after_two_looks() {
        let mut waiting = waiting(Some(10));
        assert_eq!(waiting.look(seconds(1), 9, &records(0)), WaitState::Waiting);
        assert_eq!(waiting.look(seconds(15), 9, &records(0)), WaitState::Waiting, "idle for 14 s only");
        assert_eq!(waiting.look(seconds(16), 9, &records(0)), WaitState::Waiting, "one look is no proof");
        assert_eq!(waiting.look(seconds(17), 9, &records(0)), WaitState::Quiet);
    }

    #[test]
    fn a_look_that_finds_something_begins_the_quiet_anew() {
        let mut waiting = waiting(None);
        assert_eq!(waiting.look(seconds(16), 0, &records(0)), WaitState::Waiting);
        assert_eq!(waiting.look(seconds(17), 0, &records(1)), WaitState::Waiting);
        assert_eq!(waiting.look(seconds(18), 0, &records(0)), WaitState::Waiting);
        assert_eq!(waiting.look(seconds(19), 0, &records(0)), WaitState::Quiet);
    }

    #[test]
    fn a_batch_taken_a_moment_ago_may_be_taken_again() {
        let mut waiting = waiting(Some(1));
        let batch = |since| Pending { since_batch: Some(seconds(since)), ..Pending::default() };
        for now in 16..40 {
            assert_eq!(waiting.look(seconds(now), 0, &batch(3)), WaitState::Waiting);
        }
        assert_eq!(waiting.look(seconds(40), 0, &batch(15)), WaitState::Waiting);
        assert_eq!(waiting.look(seconds(41), 0, &batch(16)), WaitState::Quiet);
    }

    #[test]
    fn a_target_that_stays_silent_is_gone() {
        let mut waiting = waiting(Some(10));
        assert!(!waiting.is_gone(seconds(1)));
        assert!(!waiting.is_gone(seconds(15)), "silent for 14 s only");
        assert!(waiting.is_gone(seconds(16)));
        waiting.look(seconds(17), 3, &records(7));
        assert!(!waiting.is_gone(seconds(18)), "it has answered meanwhile");
        assert!(waiting.is_gone(seconds(300)), "the time is over");
    }

    #[test]
    fn what_never_settles_times_out() {
        let mut waiting = waiting(Some(10));
        assert_eq!(waiting.look(seconds(299), 9, &records(1)), WaitState::Waiting);
        assert_eq!(waiting.look(seconds(300), 9, &records(1)), WaitState::TimedOut);
    }
}
