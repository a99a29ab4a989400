//! Decides when a burst of saves is over: after a short silence, or after a limit if files keep changing.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::engine::Millis;
use crate::watch::Burst;

/// The silence that ends a burst. Editors write, rename and set permissions within a few milliseconds.
const SILENCE: Duration = Duration::from_millis(20);

/// The longest a burst may last.
const BOUND: Duration = Duration::from_millis(250);

/// What has been seen since the last burst.
#[derive(Debug, Default)]
pub(super) struct Debounce {
    first: Option<(Instant, Millis)>,
    last: Option<Instant>,
    paths: BTreeSet<PathBuf>,
    lost: bool,
}

impl Debounce {
    /// Adds changed paths to the burst.
    pub(super) fn add(&mut self, now: Instant, seen_at: Millis, paths: impl IntoIterator<Item = PathBuf>) {
        let before = self.paths.len();
        self.paths.extend(paths);
        if self.paths.len() > before || self.first.is_some() {
            self.touch(now, seen_at);
        }
    }

    /// Notes that events were lost.
    pub(super) fn lose(&mut self, now: Instant, seen_at: Millis) {
        self.lost = true;
        self.touch(now, seen_at);
    }

    fn touch(&mut self, now: Instant, seen_at: Millis) {
        self.first.get_or_insert((now, seen_at));
        self.last = Some(now);
    }

    /// When the burst will be over if nothing else changes.
    pub(super) fn due(&self) -> Option<Instant> {
        let (first, _) = self.first?;
        Some((self.last? + SILENCE).min(first + BOUND))
    }

    /// The burst, if it is over.
    pub(super) fn take(&mut self, now: Instant) -> Option<Burst> {
        if self.due()? > now {
            return None;
        }
        let taken = std::mem::take(self);
        let (_, seen_at) = taken.first?;
        Some(Burst { seen_at, paths: taken.paths.into_iter().collect(), lost: taken.lost })
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::{Duration, Instant};

    use super::Debounce;

    /// Saves at the given milliseconds, and checks that the burst is over at the expected one.
    fn check(saves: &[u64], expected: u64) {
        let start = Instant::now();
        let mut debounce = Debounce::default();
        for &save in saves {
            debounce.add(start + Duration::from_millis(save), save, [PathBuf::from("a")]);
        }
        let due = start + Duration::from_millis(expected);
        let too_early = start + Duration::from_millis(expected - 1);
        assert_eq!(debounce.due(), Some(due), "{saves:?}");
        assert!(debounce.take(too_early).is_none());
        let burst = debounce.take(due).unwrap();
        assert_eq!((burst.seen_at, burst.paths.len()), (saves[0], 1));
        assert_eq!(debounce.due(), None);
    }

    #[test]
    fn a_burst_ends_with_silence_or_at_its_bound() {
        check(&[0], 20);
        check(&[0, 5, 20], 40);
        check(&[7, 26, 45, 64, 83, 102, 121, 140, 159, 178, 197, 216, 235, 254], 257);
    }

    #[test]
    fn noise_alone_is_no_burst() {
        let mut debounce = Debounce::default();
        debounce.add(Instant::now(), 0, []);
        assert_eq!(debounce.due(), None);
    }

    #[test]
    fn lost_events_are_a_burst_without_paths() {
        let now = Instant::now();
        let mut debounce = Debounce::default();
        debounce.lose(now, 3);
        let burst = debounce.take(now + Duration::from_millis(30)).unwrap();
        assert!(burst.lost && burst.paths.is_empty());
    }
}
