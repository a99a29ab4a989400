//! Distributions of times. A histogram of fixed relative precision keeps every value, so that no percentile is computed from means.
//! Count, mean, deviation and extremes are exact.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// The largest time that the histogram distinguishes: an hour.
const LONGEST_MS: u64 = 3_600_000;

/// Times that are being collected.
#[derive(Debug, Clone)]
pub(crate) struct Distribution {
    histogram: Histogram<u32>,
    /// How many of the histogram's units are a millisecond.
    scale: f64,
    sum: f64,
    squares: f64,
    min: f64,
    max: f64,
}

/// The figures of a distribution, in ms.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// How many values there are behind each figure.
    pub(crate) count: u64,
    pub(crate) mean: f64,
    /// The standard deviation of a sample.
    pub(crate) std: f64,
    pub(crate) min: f64,
    pub(crate) p50: f64,
    /// 9 of 10 are at most this.
    pub(crate) p90: f64,
    /// 19 of 20 are at most this.
    pub(crate) p95: f64,
    /// 99 of 100 are at most this.
    pub(crate) p99: f64,
    /// 999 of 1000 are at most this.
    pub(crate) p99_9: f64,
    pub(crate) max: f64,
}

impl Distribution {
    /// For whole milliseconds, which the servers' clocks give: exact up to 32 s, four digits beyond.
    pub(crate) fn whole() -> Self {
        Self::new(1.0, 4)
    }

    /// For times with fractions of a millisecond: three digits, down to a microsecond.
    pub(crate) fn fine() -> Self {
        Self::new(1_000.0, 3)
    }

    #[expect(clippy::expect_used, reason = "the bounds are constants that the library takes")]
    fn new(scale: f64, digits: u8) -> Self {
        let longest = LONGEST_MS * scale as u64;
        let histogram = Histogram::new_with_bounds(1, longest, digits).expect("constant bounds are valid");
        Self { histogram, scale, sum: 0.0, squares: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY }
    }

    /// Takes a value in ms.
    pub(crate) fn add(&mut self, ms: f64) {
        let ms = ms.max(0.0);
        self.histogram.saturating_record((ms * self.scale).round() as u64);
        self.sum += ms;
        self.squares += ms * ms;
        self.min = self.min.min(ms);
        self.max = self.max.max(ms);
    }

    /// Adds all these values.
    pub(crate) fn with(mut self, values: impl IntoIterator<Item = f64>) -> Self {
        for value in values {
            self.add(value);
        }
        self
    }

    /// How many values it has.
    pub(crate) fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The value that this share of all values does not exceed.
    pub(crate) fn quantile(&self, quantile: f64) -> f64 {
        if self.histogram.is_empty() {
            return 0.0;
        }
        // The histogram returns the upper end of a value's bucket.
        let value = self.histogram.lowest_equivalent(self.histogram.value_at_quantile(quantile));
        (value as f64 / self.scale).clamp(self.min, self.max)
    }

    /// The figures; all zero if nothing was measured.
    pub(crate) fn figures(&self) -> Figures {
        let count = self.count();
        if count == 0 {
            return Figures::default();
        }
        let number = count as f64;
        let mean = self.sum / number;
        let variance = (self.squares - number * mean * mean) / (number - 1.0).max(1.0);
        Figures {
            count,
            mean,
            std: variance.max(0.0).sqrt(),
            min: self.min,
            p50: self.quantile(0.5),
            p90: self.quantile(0.9),
            p95: self.quantile(0.95),
            p99: self.quantile(0.99),
            p99_9: self.quantile(0.999),
            max: self.max,
        }
    }

    /// The cumulative shares: for each number of ms, the share of values that do not exceed it.
    pub(crate) fn cumulative(&self) -> Vec<(f64, f64)> {
        let mut points: Vec<(f64, f64)> = Vec::new();
        let total = self.count().max(1) as f64;
        let mut so_far = 0;
        for step in self.histogram.iter_recorded() {
            so_far += step.count_since_last_iteration();
            let value = self.histogram.lowest_equivalent(step.value_iterated_to()) as f64 / self.scale;
            points.push((value.clamp(self.min, self.max), so_far as f64 / total));
        }
        points
    }
}

/// The figures of the file of latencies, exactly as the reference's snippet prints them: percentiles between two values are
/// interpolated, the deviation is a sample's `[pandas.Series.describe]`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Described {
    /// How many values.
    pub(crate) count: u64,
    /// The mean, in s.
    pub(crate) mean: f64,
    /// The standard deviation; `None` for fewer than two values.
    pub(crate) std: Option<f64>,
    pub(crate) min: f64,
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

/// Describes the values; `None` if there are none.
pub(crate) fn describe(values: &[f64]) -> Option<Described> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    let number = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / number;
    let squares = sorted.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
    Some(Described {
        count: sorted.len() as u64,
        mean,
        std: (sorted.len() > 1).then(|| (squares / (number - 1.0)).sqrt()),
        min,
        p50: interpolated(&sorted, 0.5),
        p90: interpolated(&sorted, 0.9),
        p95: interpolated(&sorted, 0.95),
        p99: interpolated(&sorted, 0.99),
        max,
    })
}

/// The quantile of sorted values, interpolated between its two neighbours.
pub(crate) fn interpolated(sorted: &[f64], quantile: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = quantile * last as f64;
    let low = place.floor() as usize;
    let (below, above) = (sorted[low], sorted[(low + 1).min(last)]);
    below + (above - below) * (place - low as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_milliseconds_come_back_exactly() {
        let figures = Distribution::whole().with((1..=1000).map(f64::from)).figures();
        assert_eq!((figures.count, figures.min, figures.max), (1000, 1.0, 1000.0));
        assert_eq!((figures.p50, figures.p90, figures.p99, figures.p99_9), (500.0, 900.0, 990.0, 999.0));
        assert!((figures.mean - 500.5).abs() < 1e-9 && (figures.std - 288.819_436_1).abs() < 1e-6);
    }

    #[test]
    fn fractions_keep_three_digits() {
        let figures = Distribution::fine().with([0.123, 0.123, 0.123, 1234.5]).figures();
        assert_eq!((figures.p50, figures.max), (0.123, 1234.5));
    }

    #[test]
    fn nothing_measured_is_zeros() {
        assert_eq!(Distribution::whole().figures(), Figures::default());
        assert_eq!(describe(&[]), None);
    }

    #[test]
    fn what_is_cumulative_ends_with_all() {
        let points = Distribution::whole().with([1.0, 2.0, 2.0, 9.0]).cumulative();
        assert_eq!(points, [(1.0, 0.25), (2.0, 0.75), (9.0, 1.0)]);
    }

    #[test]
    fn a_description_interpolates() {
        let described = describe(&[4.0, 1.0, 2.0, 3.0]).unwrap();
        assert_eq!((described.count, described.min, described.max), (4, 1.0, 4.0));
        assert_eq!((described.p50, described.p90), (2.5, 3.7));
        assert!((described.std.unwrap() - 1.290_994_448_7).abs() < 1e-9);
        assert_eq!(describe(&[5.0]).unwrap().std, None);
    }
}
