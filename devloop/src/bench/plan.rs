//! What is sent, and when: the schedule that all users of a load share. It is driven by the time since the load began, so that
//! tests need no clock.

use std::time::Duration;

/// The load of one run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Plan {
    /// The run that the requests are counted for.
    pub(crate) run: String,
    /// Virtual users; each has a connection of its own.
    pub(crate) users: u32,
    /// When requests are sent.
    pub(crate) pace: Pace,
    /// No request is sent later than this after the beginning of the load.
    pub(crate) duration: Option<Duration>,
    /// The number of requests after which the load is over.
    pub(crate) requests: Option<u64>,
}

/// When requests are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// Each user waits for its answer and sends the next request.
    Closed,
    /// This many requests a second, however long answers take.
    Open(f64),
}

/// The schedule of a load, and how much of it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Schedule {
    pace: Pace,
    duration: Option<Duration>,
    requests: Option<u64>,
    taken: u64,
}

impl Schedule {
    /// The schedule of the plan, with nothing sent yet.
    pub(crate) fn new(plan: &Plan) -> Self {
        Self { pace: plan.pace, duration: plan.duration, requests: plan.requests, taken: 0 }
    }

    /// When the next request is due, for a user that is free now; `None` when the load is over. Times count from the load's
    /// beginning. In the open model a request may be due in the past: then all users were busy.
    pub(crate) fn next(&mut self, now: Duration) -> Option<Duration> {
        let due = match self.pace {
            Pace::Closed => now,
            Pace::Open(rate) => Duration::from_secs_f64(self.taken as f64 / rate),
        };
        let over = self.requests.is_some_and(|limit| self.taken >= limit)
            || self.duration.is_some_and(|limit| now.max(due) >= limit);
        if over {
            return None;
        }
        self.taken += 1;
        Some(due)
    }

    /// The number of requests that were due before the load's end but never sent; 0 in the closed model, which has no schedule.
    pub(crate) fn missed(&self, now: Duration) -> u64 {
        let Pace::Open(rate) = self.pace else { return 0 };
        let end = self.duration.map_or(now, |duration| duration.min(now));
        let due = (end.as_secs_f64() * rate).ceil() as u64;
        self.requests.map_or(due, |limit| due.min(limit)).saturating_sub(self.taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(pace: Pace, seconds: Option<u64>, requests: Option<u64>) -> Schedule {
        let duration = seconds.map(Duration::from_secs);
        Schedule::new(&Plan { run: "r".into(), users: 1, pace, duration, requests })
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_closed_load_is_due_whenever_a_user_is_free_until_its_end() {
        let mut closed = schedule(Pace::Closed, Some(1), None);
        assert_eq!(closed.next(ms(0)), Some(ms(0)));
        assert_eq!(closed.next(ms(999)), Some(ms(999)));
        assert_eq!(closed.next(ms(1000)), None);
        assert_eq!(closed.missed(ms(1000)), 0);
    }

    #[test]
    fn an_open_load_is_due_by_its_rate_and_owes_what_it_never_sent() {
        let mut open = schedule(Pace::Open(100.0), Some(1), None);
        assert_eq!(open.next(ms(0)), Some(ms(0)));
        assert_eq!(open.next(ms(0)), Some(ms(10)), "the future, which the user waits for");
        assert_eq!(open.next(ms(500)), Some(ms(20)), "the past: all users were busy");
        assert_eq!(open.missed(ms(500)), 47);
        assert_eq!(open.next(ms(1000)), None);
        assert_eq!(open.missed(ms(3000)), 97);
    }

    #[test]
    fn a_number_of_requests_ends_a_load() {
        let mut open = schedule(Pace::Open(1000.0), None, Some(2));
        assert!(open.next(ms(0)).is_some() && open.next(ms(0)).is_some());
        assert_eq!(open.next(ms(0)), None);
        assert_eq!(open.missed(ms(60_000)), 0);
        let mut closed = schedule(Pace::Closed, Some(60), Some(1));
        assert_eq!((closed.next(ms(5)), closed.next(ms(6))), (Some(ms(5)), None));
    }
}
