//! What GetMetricStatistics and GetMetricData share: statistics by name, the rules for periods, and the points of a time
//! range.

use std::collections::BTreeMap;

use super::{
    distribution::{Distribution, Ranked},
    series::{Series, floor},
    trimmed,
};

/// The periods below a minute, for high-resolution data; all other periods are multiples of a minute.
const SHORT: [i64; 5] = [1, 5, 10, 20, 30];

/// A statistic of the data in a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
    /// A percentile, between 0 and 100.
    Percentile(f64),
    /// A statistic of a part of the values.
    Trimmed(trimmed::Kind, trimmed::Part),
}

impl Statistic {
    /// One of the five plain statistics by its name.
    pub(crate) fn plain(name: &str) -> Option<Self> {
        Some(match name {
            "SampleCount" => Self::SampleCount,
            "Average" => Self::Average,
            "Sum" => Self::Sum,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            _ => return None,
        })
    }

    /// A percentile such as `p50`, or a statistic over a part of the values such as `tm90`; `None` for any other text.
    pub(crate) fn extended(name: &str) -> Option<Self> {
        let number = name.strip_prefix('p').and_then(|number| number.parse::<f64>().ok());
        if let Some(number) = number.filter(|number| (0.0..=100.0).contains(number)) {
            return Some(Self::Percentile(number));
        }
        trimmed::parse(name).map(|(kind, part)| Self::Trimmed(kind, part))
    }

    /// Whether the statistic needs the single values.
    pub(crate) fn wants_values(self) -> bool {
        matches!(self, Self::Percentile(_) | Self::Trimmed(..))
    }

    /// The statistic's value for a point; `None` where CloudWatch has none.
    pub(crate) fn of(self, point: &Distribution, ranked: Option<&Ranked>) -> Option<f64> {
        Some(match self {
            Self::SampleCount => point.count,
            Self::Average => point.average(),
            Self::Sum => point.sum,
            Self::Minimum => point.min,
            Self::Maximum => point.max,
            Self::Percentile(percent) => ranked?.percentile(percent),
            Self::Trimmed(kind, part) => trimmed::of(kind, part, ranked?)?,
        })
    }
}

/// Whether this is a valid period, in s.
pub(crate) fn is_period(period: i64) -> bool {
    SHORT.contains(&period) || (period > 0 && period % 60 == 0)
}

/// The start of a request's first period, in s: a multiple of a short period, or else a whole minute [GetMetricStatistics,
/// `StartTime`].
pub(crate) fn origin(from_ms: i64, period: i64) -> i64 {
    floor(from_ms.div_euclid(1_000), period.min(60))
}

/// How many periods lie in a time range; a part of one counts.
pub(crate) fn periods(from_ms: i64, to_ms: i64, period: i64) -> i64 {
    let (start, period_ms) = (origin(from_ms, period) * 1_000, period.saturating_mul(1_000));
    // The quotient is at most i64::MAX / 1,000, so adding one cannot overflow.
    (to_ms.saturating_sub(start)).div_euclid(period_ms)
        + i64::from(to_ms.saturating_sub(start).rem_euclid(period_ms) > 0)
}

/// Adds the data of a series in `[from_ms, to_ms)` to `into`, by the second at which its period starts.
pub(crate) fn points(
    series: &Series,
    from_ms: i64,
    to_ms: i64,
    period: i64,
    now_ms: i64,
    values: bool,
    into: &mut BTreeMap<i64, Distribution>,
) {
    let start = origin(from_ms, period);
    series.visit(start * 1_000, to_ms, period, now_ms, |second, bucket| {
        let at = start + floor(second - start, period);
        into.entry(at).or_default().absorb(bucket, values);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_short_ones_or_whole_minutes() {
        let check = |period: i64, expected: bool| assert_eq!(is_period(period), expected, "{period}");
        for period in [1, 5, 10, 20, 30, 60, 120, 3_600, 86_400] {
            check(period, true);
        }
        for period in [-60, 0, 2, 15, 45, 59, 61, 90] {
            check(period, false);
        }
    }

    #[test]
    fn the_number_of_periods_counts_the_started_ones() {
        let check = |from: i64, to: i64, period: i64, expected: i64| {
            assert_eq!(periods(from, to, period), expected, "{from} {to} {period}");
        };
        check(0, 1_440_000, 1, 1_440);
        check(0, 1_440_001, 1, 1_441);
        check(30_000, 90_000, 60, 2);
        check(500, 1_500, 1, 2);
        check(0, i64::MAX, 1, i64::MAX / 1_000 + 1);
        check(7_000, 17_000, 5, 3);
    }

    #[test]
    fn percentiles_by_name() {
        let check = |name: &str, expected: Option<f64>| {
            assert_eq!(Statistic::extended(name), expected.map(Statistic::Percentile), "{name}");
        };
        check("p50", Some(50.0));
        check("p99.9", Some(99.9));
        check("p0", Some(0.0));
        check("p101", None);
        check("p", None);
        check("pNaN", None);
        check("median", None);
    }
}
