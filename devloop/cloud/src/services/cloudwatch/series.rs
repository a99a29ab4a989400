//! One metric in one unit over time: buckets of a second, which are later combined into buckets of a minute, and finally
//! dropped.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use super::distribution::{Distribution, EXACT, SETTLED};
use crate::kept::{Budget, Kept};

/// How long buckets of a second are kept, in s [PutMetricData: high-resolution metrics].
pub(crate) const SECONDS_KEPT: i64 = 3 * 3_600;

/// How long buckets of a minute are kept, in s [GetMetricStatistics: data retention].
pub(crate) const MINUTES_KEPT: i64 = 15 * 86_400;

/// How long the values in a bucket of a second stay exact, in s.
const EXACT_FOR: i64 = 15 * 60;

/// The resolution of data [PutMetricData, `StorageResolution`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Resolution {
    /// A minute: readers see the data at the start of its minute.
    Minute,
    /// A second.
    Second,
}

/// The buckets of a series.
#[derive(Debug, Default)]
pub(crate) struct Series {
    /// Their memory, among that of all series.
    kept: Kept,
    /// By second since the epoch and resolution.
    seconds: BTreeMap<(i64, Resolution), Distribution>,
    /// By the second at which the minute starts.
    minutes: BTreeMap<i64, Distribution>,
    /// In buckets before `merged_before` equal values are merged; in those before `settled_before` values are rounded too.
    merged_before: i64,
    settled_before: i64,
    /// The latest time of any data, in ms; 0 without data.
    pub(crate) newest_ms: i64,
}

impl Series {
    /// A series without data, whose memory counts in `budget`.
    pub(crate) fn within(budget: &Arc<Budget>) -> Self {
        Self { kept: Kept::within(budget), ..Self::default() }
    }

    /// Changes the bucket of `at_ms` with `change`, and drops the buckets that are too old at `now_ms`.
    pub(crate) fn update(
        &mut self,
        at_ms: i64,
        resolution: Resolution,
        now_ms: i64,
        change: impl FnOnce(&mut Distribution),
    ) {
        let (second, now) = (at_ms.div_euclid(1_000), now_ms.div_euclid(1_000));
        self.newest_ms = self.newest_ms.max(at_ms);
        if second < rolled_up_before(now) {
            changed(&mut self.kept, self.minutes.entry(floor(second, 60)), change);
            return;
        }
        let place = self.seconds.entry((second, resolution));
        let is_new = matches!(place, Entry::Vacant(_));
        changed(&mut self.kept, place, change);
        if is_new {
            self.trim(now);
        }
    }

    /// Merges, settles, combines and drops the buckets that are due. Called once for each new second.
    fn trim(&mut self, now: i64) {
        self.merged_before = self.settle(self.merged_before, now, EXACT);
        self.settled_before = self.settle(self.settled_before, now - EXACT_FOR, SETTLED);
        while let Some(oldest) = self.seconds.first_entry() {
            if oldest.key().0 >= rolled_up_before(now) {
                break;
            }
            let ((second, _), bucket) = oldest.remove_entry();
            self.kept.remove(bucket.bytes());
            changed(&mut self.kept, self.minutes.entry(floor(second, 60)), |minute| {
                minute.absorb(&bucket, true);
                minute.settle(SETTLED);
            });
        }
        while let Some(oldest) = self.minutes.first_entry() {
            if *oldest.key() >= now - MINUTES_KEPT {
                break;
            }
            self.kept.remove(oldest.remove().bytes());
        }
    }

    /// Settles the buckets of the seconds from `done` to `until`; returns the second up to which it is done.
    fn settle(&mut self, done: i64, until: i64, limit: usize) -> i64 {
        if until > done {
            let range = (done, Resolution::Minute)..(until, Resolution::Minute);
            for (_, bucket) in self.seconds.range_mut(range) {
                let before = bucket.bytes();
                bucket.settle(limit);
                self.kept.remove(before - bucket.bytes());
            }
        }
        done.max(until)
    }

    /// Calls `visit` with every bucket in `[from_ms, to_ms)` that a reader with a period of `period` seconds may see, and
    /// with the second at which the reader sees it.
    pub(crate) fn visit(
        &self,
        from_ms: i64,
        to_ms: i64,
        period: i64,
        now_ms: i64,
        mut visit: impl FnMut(i64, &Distribution),
    ) {
        let now = now_ms.div_euclid(1_000);
        let visible = |at: i64| at * 1_000 >= from_ms && at * 1_000 < to_ms;
        let (first, behind) = (from_ms.div_euclid(1_000), to_ms.div_euclid(1_000).saturating_add(60));
        if behind <= first {
            return;
        }
        let coarse = period >= 60;
        if coarse {
            let kept = first.max(now - MINUTES_KEPT);
            for (minute, bucket) in self.minutes.range(kept.min(behind)..behind) {
                if visible(*minute) {
                    visit(*minute, bucket);
                }
            }
        }
        let kept = if coarse { first } else { first.max(now - SECONDS_KEPT) };
        let range = (kept.min(behind), Resolution::Minute)..(behind, Resolution::Minute);
        for ((second, resolution), bucket) in self.seconds.range(range) {
            let at = match resolution {
                Resolution::Second => *second,
                Resolution::Minute if coarse => floor(*second, 60),
                Resolution::Minute => continue,
            };
            if visible(at) {
                visit(at, bucket);
            }
        }
    }

    /// Adds the values of `[from_ms, to_ms)` to `total`, by the second whatever their resolution is.
    pub(crate) fn sum_up(&self, from_ms: i64, to_ms: i64, total: &mut Distribution) {
        let (first, behind) = (from_ms.div_euclid(1_000), to_ms.saturating_add(999).div_euclid(1_000));
        if behind <= first {
            return;
        }
        for (_, bucket) in self.minutes.range(first..behind) {
            total.absorb(bucket, true);
        }
        for (_, bucket) in self.seconds.range((first, Resolution::Minute)..(behind, Resolution::Minute)) {
            total.absorb(bucket, true);
        }
    }

    #[cfg(test)]
    fn buckets(&self) -> (usize, usize) {
        (self.seconds.len(), self.minutes.len())
    }
}

/// Changes the bucket at a place, a new one if there is none, and counts its memory.
fn changed<K: Ord>(
    kept: &mut Kept,
    place: Entry<'_, K, Distribution>,
    change: impl FnOnce(&mut Distribution),
) {
    let before = if let Entry::Occupied(bucket) = &place { bucket.get().bytes() } else { 0 };
    let bucket = place.or_default();
    change(bucket);
    let after = bucket.bytes();
    if after > before {
        kept.add(after - before);
    } else {
        kept.remove(before - after);
    }
}

/// The second before which buckets are combined. It is a whole minute, so that no minute is split between the two kinds of
/// buckets.
fn rolled_up_before(now: i64) -> i64 {
    floor(now - SECONDS_KEPT, 60)
}

/// The largest multiple of `step` that is at most `number`.
pub(crate) fn floor(number: i64, step: i64) -> i64 {
    number.div_euclid(step) * step
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_800_000_000_000;

    fn put(series: &mut Series, at_ms: i64, now_ms: i64) {
        series.update(at_ms, Resolution::Second, now_ms, |bucket| bucket.add(1.0, 1.0));
    }

    fn count(series: &Series, from_ms: i64, to_ms: i64, period: i64, now_ms: i64) -> (usize, f64) {
        let (mut buckets, mut count) = (0, 0.0);
        series.visit(from_ms, to_ms, period, now_ms, |_, bucket| {
            buckets += 1;
            count += bucket.count;
        });
        (buckets, count)
    }

    #[test]
    fn the_memory_of_all_buckets_is_counted_until_they_are_gone() {
        let budget = Arc::new(Budget::new(usize::MAX));
        let mut series = Series::within(&budget);
        let counted = |series: &Series| {
            let buckets = series.seconds.values().chain(series.minutes.values());
            assert_eq!(budget.bytes(), buckets.map(Distribution::bytes).sum::<usize>());
        };
        for at in 0..200 {
            let at_ms = START + at * 500;
            series.update(at_ms, Resolution::Second, at_ms, |bucket| bucket.add((at % 7) as f64, 1.0));
            counted(&series);
        }
        // Of an earlier day, and then everything is combined, and dropped.
        put(&mut series, START - 86_400_000, START + 100_000);
        counted(&series);
        for later in [START + 4 * 3_600_000, START + 16 * 86_400_000] {
            put(&mut series, later, later);
            counted(&series);
        }
        drop(series);
        assert_eq!(budget.bytes(), 0);
    }

    #[test]
    fn seconds_become_minutes_and_minutes_are_dropped() {
        let mut series = Series::default();
        for second in 0..180 {
            put(&mut series, START + second * 1_000, START + second * 1_000);
        }
        assert_eq!(series.buckets(), (180, 0));
        let later = START + 4 * 3_600_000;
        put(&mut series, later, later);
        assert_eq!(series.buckets(), (1, 3));
        assert_eq!(count(&series, START, START + 180_000, 60, later), (3, 180.0));
        assert_eq!(count(&series, START, START + 180_000, 1, later), (0, 0.0));
        let last = START + 15 * 86_400_000 + 3_600_000;
        put(&mut series, last, last);
        assert_eq!(series.buckets(), (1, 1));
    }

    #[test]
    fn the_end_is_exclusive_and_minute_data_sits_at_its_minute() {
        let mut series = Series::default();
        let at = START + 45_500;
        series.update(at, Resolution::Minute, at, |bucket| bucket.add(1.0, 1.0));
        put(&mut series, at, at);
        let found = |from: i64, to: i64, period| count(&series, START + from, START + to, period, at).0;
        assert_eq!(found(0, 45_000, 1), 0);
        assert_eq!(found(0, 45_001, 1), 1);
        assert_eq!(found(45_000, 46_000, 1), 1);
        assert_eq!(found(46_000, 60_000, 1), 0);
        assert_eq!(found(0, 30_000, 60), 1);
        assert_eq!(found(0, 60_000, 60), 2);
        assert_eq!(found(60_000, 120_000, 60), 0);
        assert_eq!(found(60_000, 0, 60), 0);
    }

    #[test]
    fn old_data_goes_to_its_minute_at_once() {
        let mut series = Series::default();
        put(&mut series, START - 5 * 3_600_000, START);
        put(&mut series, START, START);
        assert_eq!(series.buckets(), (1, 1));
    }
}
