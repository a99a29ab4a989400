//! The distribution of the values in one time bucket, from which statistics and percentiles are computed.

/// How many distinct values a bucket keeps exactly.
pub(crate) const EXACT: usize = 1_000;

/// How many distinct values, rounded, a bucket keeps when it is no longer recent.
pub(crate) const SETTLED: usize = 64;

/// About what a bucket takes in memory with its place in a series, and each of its values besides, in bytes.
pub(crate) const BUCKET: usize = 200;
pub(crate) const VALUE: usize = size_of::<(f64, f64)>();

/// Values with their counts, and their totals.
#[derive(Debug, Clone)]
pub(crate) struct Distribution {
    /// How many values there are.
    pub(crate) count: f64,
    /// Their sum.
    pub(crate) sum: f64,
    /// The smallest value.
    pub(crate) min: f64,
    /// The largest value.
    pub(crate) max: f64,
    /// Values with their counts, in no order; a value may appear more than once until the next [`Self::settle`].
    values: Vec<(f64, f64)>,
    /// Whether some data came as a statistic set, whose values are unknown.
    opaque: bool,
}

impl Default for Distribution {
    fn default() -> Self {
        Self {
            count: 0.0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            values: Vec::new(),
            opaque: false,
        }
    }
}

impl Distribution {
    /// Adds `value`, which must be finite, `count` times.
    pub(crate) fn add(&mut self, value: f64, count: f64) {
        self.total(count, value * count, value, value);
        match self.values.last_mut() {
            Some(last) if same(last.0, value) => last.1 += count,
            _ => self.values.push((value, count)),
        }
        // Twice the limit, so that each settling is paid for by the many values added since the last one.
        if self.values.len() >= 2 * EXACT {
            self.settle(EXACT);
        }
    }

    /// Adds a statistic set. Its values are known only if all of them are the same.
    pub(crate) fn add_set(&mut self, count: f64, sum: f64, min: f64, max: f64) {
        if same(min, max) || same(count, 1.0) {
            self.add(sum / count, count);
        } else {
            self.total(count, sum, min, max);
            self.opaque = true;
        }
    }

    /// Adds all of `other`. Its values are copied only if the caller needs percentiles.
    pub(crate) fn absorb(&mut self, other: &Self, values: bool) {
        self.total(other.count, other.sum, other.min, other.max);
        self.opaque |= other.opaque;
        if values {
            self.values.extend_from_slice(&other.values);
        }
    }

    fn total(&mut self, count: f64, sum: f64, min: f64, max: f64) {
        self.count += count;
        self.sum += sum;
        self.min = self.min.min(min);
        self.max = self.max.max(max);
    }

    /// Merges equal values. While more than `limit` distinct values are left, rounds them to a smaller relative precision:
    /// first 1/2,048, then half as precise, and so on.
    pub(crate) fn settle(&mut self, limit: usize) {
        merge(&mut self.values);
        let mut bits = 10;
        while self.values.len() > limit {
            for (value, _) in &mut self.values {
                *value = rounded(*value, bits);
            }
            merge(&mut self.values);
            if bits == 0 {
                break;
            }
            bits -= 1;
        }
        self.values.shrink_to_fit();
    }

    /// About what it takes in memory, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        BUCKET + self.values.len() * VALUE
    }

    /// The mean.
    pub(crate) fn average(&self) -> f64 {
        self.sum / self.count
    }

    /// The values in order, for percentiles. `None` for negative values and statistic sets, for which CloudWatch has no
    /// percentiles either [Percentiles, CloudWatch concepts].
    pub(crate) fn ranked(&self) -> Option<Ranked> {
        if self.opaque || self.min < 0.0 || self.values.is_empty() {
            return None;
        }
        let mut values = self.values.clone();
        merge(&mut values);
        let total = values.iter().map(|(_, count)| count).sum();
        Some(Ranked { values, total })
    }
}

/// Values in ascending order.
#[derive(Debug)]
pub(crate) struct Ranked {
    values: Vec<(f64, f64)>,
    total: f64,
}

impl Ranked {
    /// The values in ascending order, with their counts.
    pub(crate) fn values(&self) -> &[(f64, f64)] {
        &self.values
    }

    /// The smallest value that is at least as large as `percent` of all values (nearest rank, without interpolation, so
    /// that it is a measured value).
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        // Keeps a rank such as 99.9 % of 1,000 from becoming 999.0000000000001.
        let rank = self.total * percent / 100.0 * (1.0 - 1e-12);
        let mut seen = 0.0;
        for (value, count) in &self.values {
            seen += count;
            if seen >= rank {
                return *value;
            }
        }
        self.values.last().map_or(0.0, |(value, _)| *value)
    }
}

fn merge(values: &mut Vec<(f64, f64)>) {
    values.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    values.dedup_by(|next, kept| {
        let equal = same(next.0, kept.0);
        if equal {
            kept.1 += next.1;
        }
        equal
    });
}

#[expect(clippy::float_cmp, reason = "values are merged when they are the same, not when they are close")]
fn same(one: f64, other: f64) -> bool {
    one == other
}

/// `value` rounded to `bits` bits after the leading one of its mantissa.
fn rounded(value: f64, bits: u32) -> f64 {
    let dropped = 52 - bits;
    let half = 1_u64 << (dropped - 1);
    f64::from_bits((value.to_bits() + half) & !((1_u64 << dropped) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[(f64, f64)]) -> Distribution {
        let mut distribution = Distribution::default();
        for (value, count) in values {
            distribution.add(*value, *count);
        }
        distribution
    }

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let check = |values: &[(f64, f64)], percent: f64, expected: f64| {
            let found = of(values).ranked().unwrap().percentile(percent);
            assert!(same(found, expected), "p{percent} of {values:?}: {found}, not {expected}");
        };
        let hundred: Vec<_> = (1..=100).rev().map(|value| (f64::from(value), 1.0)).collect();
        check(&hundred, 50.0, 50.0);
        check(&hundred, 99.0, 99.0);
        check(&hundred, 99.9, 100.0);
        check(&hundred, 0.0, 1.0);
        check(&hundred, 100.0, 100.0);
        let thousand: Vec<_> = (1..=1000).map(|value| (f64::from(value), 1.0)).collect();
        check(&thousand, 99.9, 999.0);
        check(&[(7.0, 1.0)], 50.0, 7.0);
        check(&[(1.0, 98.0), (500.0, 2.0)], 98.0, 1.0);
        check(&[(1.0, 98.0), (500.0, 2.0)], 98.5, 500.0);
        check(&[(2.0, 0.5), (1.0, 0.5)], 50.0, 1.0);
    }

    #[test]
    fn sets_and_negative_values_have_no_percentiles() {
        let mut set = of(&[(1.0, 1.0)]);
        set.add_set(3.0, 6.0, 1.0, 3.0);
        assert!(set.ranked().is_none());
        assert!(of(&[(-1.0, 1.0), (2.0, 1.0)]).ranked().is_none());
        let mut constant = Distribution::default();
        constant.add_set(4.0, 20.0, 5.0, 5.0);
        assert!(same(constant.ranked().unwrap().percentile(50.0), 5.0));
    }

    #[test]
    fn many_distinct_values_are_bounded_and_stay_close() {
        let mut distribution = Distribution::default();
        for number in 0..100_000 {
            distribution.add(1.0 + f64::from(number) / 100.0, 1.0);
        }
        assert!(distribution.values.len() <= 2 * EXACT);
        assert!(same(distribution.count, 100_000.0) && same(distribution.max, 1_000.99));
        let median = distribution.ranked().unwrap().percentile(50.0);
        assert!((median - 501.0).abs() < 501.0 * 0.01, "{median}");
        distribution.settle(SETTLED);
        assert!(distribution.values.len() <= SETTLED);
        let median = distribution.ranked().unwrap().percentile(50.0);
        assert!((median - 501.0).abs() < 501.0 * 0.06, "{median}");
    }
}
