//! Quotas: the number of requests allowed in a day, week or month, in UTC.

use serde::{Deserialize, Serialize};

const DAY_MS: i64 = 86_400_000;

/// How many requests a key may make in a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Quota {
    #[serde(default)]
    pub(super) limit: i64,
    /// How much smaller the limit is in the period in which the plan was created.
    #[serde(default)]
    pub(super) offset: i64,
    pub(super) period: Period,
}

/// The period of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Period {
    Day,
    Week,
    Month,
}

/// The number of days since the epoch.
pub(super) fn day(now_ms: i64) -> i64 {
    now_ms.div_euclid(DAY_MS)
}

/// A day in the form `2026-11-20`.
pub(super) fn date(day: i64) -> String {
    jiff::Timestamp::from_millisecond(day * DAY_MS)
        .map(|at| at.strftime("%Y-%m-%d").to_string())
        .unwrap_or_default()
}

/// Parses a day in the form `2026-11-20`.
pub(super) fn parse(date: &str) -> Option<i64> {
    format!("{date}T00:00:00Z").parse::<jiff::Timestamp>().ok().map(|at| day(at.as_millisecond()))
}

impl Period {
    /// The first day of the period that `day` is in; weeks begin on Sunday.
    pub(super) fn first(self, day: i64) -> i64 {
        match self {
            Self::Day => day,
            // The epoch was a Thursday.
            Self::Week => day - (day + 4).rem_euclid(7),
            Self::Month => parse(&format!("{}-01", &date(day)[..7])).unwrap_or(day),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_begin_at_their_first_day() {
        let check = |period: Period, at: &str, first: &str| {
            assert_eq!(date(period.first(parse(at).unwrap())), first, "{period:?} {at}");
        };
        check(Period::Day, "2026-11-20", "2026-11-20");
        check(Period::Week, "2026-11-20", "2026-11-15");
        check(Period::Week, "2026-11-15", "2026-11-15");
        check(Period::Month, "2026-11-20", "2026-11-01");
        assert_eq!(parse("soon"), None);
    }
}
