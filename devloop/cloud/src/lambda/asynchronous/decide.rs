//! Decides what happens to an asynchronous event after a try. Pure.

use std::time::Duration;

use super::settings::EventSettings;

/// The waits before the second and the third try, after function errors.
const AFTER_ERROR: [Duration; 2] = [Duration::from_mins(1), Duration::from_mins(2)];

/// The first and the longest wait after a throttle or a system error. The wait doubles each time.
const AFTER_THROTTLE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(5));

/// The earlier tries of an event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct History {
    /// Tries that ended in a function error.
    pub(super) errors: u32,
    /// Throttles and system errors since the last try that reached the function.
    pub(super) throttles: u32,
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tried {
    Succeeded,
    /// A function error, a timeout, or a process that ended.
    Failed,
    /// The function was not reached, but a later try may reach it.
    Throttled,
    /// The function's reserved concurrency is 0.
    ReservedZero,
    /// The function was stopped as part of a recursive loop.
    Recursive,
}

/// Why an event is settled, as AWS's records name it [Capturing records of Lambda asynchronous invocations].
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(super) enum Condition {
    Success,
    RetriesExhausted,
    EventAgeExceeded,
    ZeroReservedConcurrency,
    RecursiveInvocation,
}

/// What happens to the event next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Settled(Condition),
    RetryAfter(Duration),
}

/// Decides what follows a try when the event is `age` old. Counts the try into `history`.
pub(super) fn next(tried: Tried, history: &mut History, settings: &EventSettings, age: Duration) -> Next {
    let wait = match tried {
        Tried::Succeeded => return Next::Settled(Condition::Success),
        Tried::ReservedZero => return Next::Settled(Condition::ZeroReservedConcurrency),
        Tried::Recursive => return Next::Settled(Condition::RecursiveInvocation),
        Tried::Failed => {
            history.errors += 1;
            history.throttles = 0;
            let retry = history.errors as usize - 1;
            match AFTER_ERROR.get(retry) {
                Some(wait) if history.errors <= settings.retries() => *wait,
                _ => return Next::Settled(Condition::RetriesExhausted),
            }
        }
        Tried::Throttled => {
            let wait = AFTER_THROTTLE.0.saturating_mul(1 << history.throttles.min(16));
            history.throttles += 1;
            wait.min(AFTER_THROTTLE.1)
        }
    };
    // An event that would be too old at its next try is discarded now, as on Lambda [LocalStack, event_manager.py, validated
    // against AWS].
    if age + wait > settings.age() {
        Next::Settled(Condition::EventAgeExceeded)
    } else {
        Next::RetryAfter(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn errors_are_tried_twice_more_and_throttles_for_six_hours() {
        let settings = EventSettings::default();
        let mut history = History::default();
        let mut after = |tried, age: Duration| next(tried, &mut history, &settings, age);
        assert_eq!(after(Tried::Failed, SECOND), Next::RetryAfter(60 * SECOND));
        assert_eq!(after(Tried::Throttled, 61 * SECOND), Next::RetryAfter(SECOND));
        assert_eq!(after(Tried::Throttled, 62 * SECOND), Next::RetryAfter(2 * SECOND));
        assert_eq!(after(Tried::Failed, 64 * SECOND), Next::RetryAfter(120 * SECOND));
        assert_eq!(after(Tried::Failed, 184 * SECOND), Next::Settled(Condition::RetriesExhausted));
        let mut history = History::default();
        let mut age = Duration::ZERO;
        let mut longest = Duration::ZERO;
        while let Next::RetryAfter(wait) = next(Tried::Throttled, &mut history, &settings, age) {
            age += wait;
            longest = longest.max(wait);
        }
        assert_eq!(longest, Duration::from_mins(5));
        assert!(age <= Duration::from_hours(6) && age + longest > Duration::from_hours(6), "{age:?}");
    }

    #[test]
    fn settings_shorten_both() {
        let settings = EventSettings { retries: Some(0), ..EventSettings::default() };
        let once = next(Tried::Failed, &mut History::default(), &settings, SECOND);
        assert_eq!(once, Next::Settled(Condition::RetriesExhausted));
        let settings = EventSettings { age_s: Some(60), ..EventSettings::default() };
        let old = next(Tried::Failed, &mut History::default(), &settings, SECOND);
        assert_eq!(old, Next::Settled(Condition::EventAgeExceeded));
    }

    #[test]
    fn events_that_cannot_run_are_not_retried() {
        let check = |tried, condition| {
            let next = next(tried, &mut History::default(), &EventSettings::default(), SECOND);
            assert_eq!(next, Next::Settled(condition));
        };
        check(Tried::Succeeded, Condition::Success);
        check(Tried::ReservedZero, Condition::ZeroReservedConcurrency);
        check(Tried::Recursive, Condition::RecursiveInvocation);
    }
}
