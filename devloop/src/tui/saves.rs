//! How long the last saves took to go live.

use std::collections::VecDeque;

/// How many saves the figures are made of.
const KEPT: usize = 100;

/// How many of them are drawn as bars.
const BARS: usize = 12;

/// The bars' heights.
const SIGNS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The durations of the last saves, in ms.
#[derive(Debug, Default)]
pub(super) struct Saves(VecDeque<u64>);

impl Saves {
    /// A save went live.
    pub(super) fn add(&mut self, milliseconds: u64) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(milliseconds);
    }

    /// The last duration.
    pub(super) fn last(&self) -> Option<u64> {
        self.0.back().copied()
    }

    pub(super) fn p50(&self) -> Option<u64> {
        self.percentile(50)
    }

    /// The 95th percentile.
    pub(super) fn p95(&self) -> Option<u64> {
        self.percentile(95)
    }

    fn percentile(&self, percent: usize) -> Option<u64> {
        let mut sorted: Vec<u64> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied()
    }

    /// The last saves as bars from left to right, the slowest of them the highest.
    pub(super) fn sparkline(&self) -> String {
        let shown: Vec<u64> = self.0.iter().rev().take(BARS).rev().copied().collect();
        let highest = shown.iter().max().copied().unwrap_or_default().max(1);
        let last = SIGNS.len() as u64 - 1;
        shown.iter().map(|duration| SIGNS[(duration * last).div_ceil(highest) as usize]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Saves;

    fn check(durations: impl IntoIterator<Item = u64>, last: Option<u64>, p95: Option<u64>) {
        let mut saves = Saves::default();
        durations.into_iter().for_each(|duration| saves.add(duration));
        assert_eq!((saves.last(), saves.p95()), (last, p95));
    }

    #[test]
    fn the_last_hundred_count() {
        check([], None, None);
        check([7], Some(7), Some(7));
        check((1..=20).rev(), Some(1), Some(19));
        check((0..1000).chain(1..=100), Some(100), Some(95));
    }

    #[test]
    fn the_last_saves_are_drawn_as_bars() {
        let check = |durations: &[u64], p50: Option<u64>, expected: &str| {
            let mut saves = Saves::default();
            for duration in durations {
                saves.add(*duration);
            }
            assert_eq!((saves.p50(), saves.sparkline().as_str()), (p50, expected));
        };
        check(&[], None, "");
        check(&[0], Some(0), "▁");
        check(&[700], Some(700), "█");
        check(&[1_000, 500, 1], Some(500), "█▅▂");
        check(&[9, 8, 7, 6, 5, 4, 3, 2, 1, 1, 1, 1, 1], Some(3), "██▇▆▅▄▃▂▂▂▂▂");
    }
}
