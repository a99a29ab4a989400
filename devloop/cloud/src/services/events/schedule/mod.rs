//! Schedules: `rate(…)`, `cron(…)` and `at(…)`, and when they are due [Schedule types in EventBridge Scheduler; Cron
//! expressions reference, EventBridge user guide].

mod cron;

use std::{fmt, future::Future};

use jiff::{civil::DateTime, tz::TimeZone};
use tokio_util::sync::{CancellationToken, DropGuard};

use self::cron::Cron;
use crate::clock::Clock;

/// A parsed schedule expression.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    /// An interval, in ms.
    Rate(i64),
    /// A cron expression.
    Cron(Box<Cron>),
    /// One time, as a date and time without a time zone.
    At(DateTime),
}

/// Why a text is not a schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(String);

fn malformed(what: impl fmt::Display) -> Malformed {
    Malformed(what.to_string())
}

impl Expression {
    /// Parses the schedule expression of a rule. Rules take `1 hour` and `5 hours`, but neither `1 hours` nor `5 hour` [Setting
    /// a schedule pattern for scheduled rules, Amazon EventBridge user guide].
    pub(crate) fn of_rule(text: &str) -> Result<Self, Malformed> {
        let read = Self::read(text)?;
        let mut words = text.split(['(', ')']).nth(1).unwrap_or_default().split_whitespace();
        let (number, unit) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let is_one = number.parse() == Ok(1);
        if matches!(read, Self::Rate(_)) && is_one == unit.ends_with('s') {
            return Err(malformed(format_args!("`{text}`: the unit must be singular for 1, and only for 1")));
        }
        Ok(read)
    }

    /// Parses the expression of a schedule, whose rates take units in the plural for 1, too [Schedule types in EventBridge
    /// Scheduler].
    pub(crate) fn read(text: &str) -> Result<Self, Malformed> {
        let inside = |name: &str| {
            let rest = text.trim().strip_prefix(name)?.trim_start();
            rest.strip_prefix('(')?.strip_suffix(')').map(str::trim)
        };
        if let Some(rate) = inside("rate") {
            return self::rate(rate).map(Self::Rate);
        }
        if let Some(cron) = inside("cron") {
            return Cron::read(cron).map(|cron| Self::Cron(Box::new(cron)));
        }
        if let Some(at) = inside("at") {
            let at = at.parse::<DateTime>();
            return at
                .map(Self::At)
                .map_err(|error| malformed(format_args!("at(…) takes yyyy-mm-ddThh:mm:ss: {error}")));
        }
        Err(malformed(format_args!("`{text}` is none of rate(…), cron(…) and at(…)")))
    }

    /// The first time after `after_ms` at which it is due, in ms since the epoch; `None` if there is none. A rate counts
    /// from `base_ms`, which is its first time if it is after `after_ms`. Other expressions use the time zone `zone`.
    pub(crate) fn next(&self, after_ms: i64, base_ms: i64, zone: &TimeZone) -> Option<i64> {
        match self {
            Self::Rate(every) if after_ms < base_ms => Some(base_ms).filter(|_| *every > 0),
            Self::Rate(every) => Some(base_ms + ((after_ms - base_ms) / every + 1) * every),
            Self::Cron(cron) => cron.next(after_ms, zone),
            // A time that daylight saving time skips is moved forward by the skipped hour.
            Self::At(at) => {
                let at_ms = zone.to_timestamp(*at).ok()?.as_millisecond();
                Some(at_ms).filter(|at_ms| *at_ms > after_ms)
            }
        }
    }
}

fn rate(text: &str) -> Result<i64, Malformed> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let [number, unit] = words[..] else { return Err(malformed("rate(…) takes a number and a unit")) };
    let number: i64 = number.parse().map_err(|_| malformed(format_args!("`{number}` is not a number")))?;
    let ms = match unit.strip_suffix('s').unwrap_or(unit) {
        "minute" => 60_000,
        "hour" => 3_600_000,
        "day" => 86_400_000,
        _ => return Err(malformed(format_args!("a rate's unit is minute, hour or day, not `{unit}`"))),
    };
    if number < 1 {
        return Err(malformed(format_args!("`rate({text})`: the number must be positive")));
    }
    number.checked_mul(ms).ok_or_else(|| malformed("the rate is too long"))
}

/// Runs something each time a schedule is due, until this is dropped. It is one task that waits on the clock.
#[derive(Debug)]
pub(crate) struct Timer {
    _guard: DropGuard,
}

impl Timer {
    /// Calls `next` with the previous time to get the next one, and `work` at each of these times, the first of which may be
    /// `made_ms`: when the schedule was made, even if the clock has gone on since. Times that pass while `work` runs, or when the
    /// clock jumps, are combined into one run with the latest of them.
    pub(crate) fn start<N, W, F>(clock: Clock, made_ms: i64, next: N, work: W) -> Self
    where
        N: Fn(i64) -> Option<i64> + Send + Sync + 'static,
        W: Fn(i64) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send,
    {
        let token = CancellationToken::new();
        let cancelled = token.clone();
        tokio::spawn(async move {
            let rounds = async {
                let mut seen_ms = made_ms - 1;
                while let Some(due_ms) = next(seen_ms) {
                    clock.sleep_until(due_ms).await;
                    let now_ms = clock.now_ms();
                    let mut due_ms = due_ms;
                    while let Some(later_ms) = next(due_ms).filter(|later_ms| *later_ms <= now_ms) {
                        due_ms = later_ms;
                    }
                    work(due_ms).await;
                    seen_ms = due_ms;
                }
            };
            tokio::select! {
                () = rounds => {}
                () = cancelled.cancelled() => {}
            }
        });
        Self { _guard: token.drop_guard() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
    }

    fn due(expression: &str, after: &str, zone: &str, times: usize) -> Vec<String> {
        let zone = TimeZone::get(zone).unwrap();
        let read = Expression::read(expression).unwrap();
        let mut at = ms(after);
        let mut found = Vec::new();
        while found.len() < times
            && let Some(next) = read.next(at, ms("2026-01-01T00:00:30Z"), &zone)
        {
            found.push(jiff::Timestamp::from_millisecond(next).unwrap().to_string());
            at = next;
        }
        found
    }

    #[tokio::test]
    async fn what_is_due_when_it_is_made_runs_even_if_the_clock_has_gone_on_meanwhile() {
        let (clock, ran) = (Clock::manual(1_000_005), Arc::new(Mutex::new(Vec::new())));
        let noted = Arc::clone(&ran);
        let work = move |due_ms| {
            noted.lock().push(due_ms);
            std::future::ready(())
        };
        let next = |after_ms| Expression::Rate(60_000).next(after_ms, 1_000_000, &TimeZone::UTC);
        let _timer = Timer::start(clock.clone(), 1_000_000, next, work);
        // Then it waits for the next time.
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(*ran.lock(), [1_000_000]);
    }

    #[test]
    fn schedules_are_due_at_the_documented_times() {
        let check = |expression: &str, after: &str, zone: &str, expected: &[&str]| {
            assert_eq!(
                due(expression, after, zone, expected.len().max(1)),
                expected,
                "{expression} in {zone}"
            );
        };
        check(
            "rate(1 minute)",
            "2026-01-01T00:02:30Z",
            "UTC",
            &["2026-01-01T00:03:30Z", "2026-01-01T00:04:30Z"],
        );
        check("rate(5 hours)", "2026-01-01T00:00:30Z", "UTC", &["2026-01-01T05:00:30Z"]);
        check("cron(0 3 * * ? *)", "2026-01-01T03:00:00Z", "UTC", &["2026-01-02T03:00:00Z"]);
        // The examples of the documentation.
        check("cron(15 12 * * ? *)", "2026-01-01T00:00:00Z", "UTC", &["2026-01-01T12:15:00Z"]);
        check("cron(0 18 ? * MON-FRI *)", "2026-01-02T18:00:00Z", "UTC", &["2026-01-05T18:00:00Z"]);
        check("cron(0 8 1 * ? *)", "2026-01-02T00:00:00Z", "UTC", &["2026-02-01T08:00:00Z"]);
        check(
            "cron(0/15 * * * ? *)",
            "2026-01-01T00:20:00Z",
            "UTC",
            &["2026-01-01T00:30:00Z", "2026-01-01T00:45:00Z", "2026-01-01T01:00:00Z"],
        );
        check("cron(0 10 ? * 6L 2022-2027)", "2026-01-01T00:00:00Z", "UTC", &["2026-01-30T10:00:00Z"]);
        check("cron(0 0 ? * TUE#2 *)", "2026-01-01T00:00:00Z", "UTC", &["2026-01-13T00:00:00Z"]);
        check("cron(0 0 L * ? *)", "2026-02-01T00:00:00Z", "UTC", &["2026-02-28T00:00:00Z"]);
        // Both the 1st and the 15th of August 2026 are Saturdays.
        check("cron(0 0 1W 8 ? 2026)", "2026-01-01T00:00:00Z", "UTC", &["2026-08-03T00:00:00Z"]);
        check("cron(0 0 15W 8 ? 2026)", "2026-01-01T00:00:00Z", "UTC", &["2026-08-14T00:00:00Z"]);
        check("cron(0 0 29 2 ? *)", "2026-01-01T00:00:00Z", "UTC", &["2028-02-29T00:00:00Z"]);
        check("cron(0 0 1 1 ? 2020)", "2026-01-01T00:00:00Z", "UTC", &[]);
        check("at(2026-03-01T10:00:00)", "2026-01-01T00:00:00Z", "Europe/Zurich", &["2026-03-01T09:00:00Z"]);
        check("at(2026-03-01T10:00:00)", "2026-03-01T10:00:00Z", "UTC", &[]);
    }

    #[test]
    fn daylight_saving_time_skips_times_and_repeats_none() {
        let daily = |after: &str| due("cron(30 2 * * ? *)", after, "Europe/Zurich", 2);
        assert_eq!(daily("2026-03-28T00:00:00Z"), ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"]);
        assert_eq!(daily("2026-10-24T12:00:00Z"), ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    }

    /// `rate(1 hours)` is what Terraform's documentation of schedules begins with.
    #[test]
    fn a_rate_of_a_rule_has_its_unit_in_the_singular_for_one() {
        for (text, of_rule) in [
            ("rate(1 hour)", true),
            ("rate(5 hours)", true),
            ("rate(1 hours)", false),
            ("rate(5 hour)", false),
        ] {
            assert!(Expression::read(text).is_ok(), "{text}");
            assert_eq!(Expression::of_rule(text).is_ok(), of_rule, "{text}");
        }
        assert!(Expression::of_rule("cron(0 3 * * ? *)").is_ok());
    }

    #[test]
    fn invalid_schedules_are_refused() {
        for text in [
            "",
            "rate(0 minutes)",
            "rate(5 seconds)",
            "cron(* * * * *)",
            "cron(0 3 * * * *)",
            "cron(0 3 ? * ? *)",
            "cron(60 * * * ? *)",
            "cron(0 0 1-40 * ? *)",
            "cron(0 0 ? * FOO *)",
            "at(tomorrow)",
            "every day",
        ] {
            assert!(Expression::read(text).is_err(), "{text}");
        }
    }
}
