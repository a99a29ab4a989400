//! How long saves took to go live.

use std::collections::VecDeque;

/// How many saves the figures are made of.
const KEPT: usize = 100;

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

    /// What 19 of 20 did not exceed.
    pub(super) fn p95(&self) -> Option<u64> {
        let mut sorted: Vec<u64> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get((sorted.len() * 95).div_ceil(100).saturating_sub(1)).copied()
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
}
