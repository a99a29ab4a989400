//! Whether a lane is starved: it is behind, and its function takes much longer than it can.
//!
//! A function that waits for something else, such as a service outside, takes the same time with and without other functions on the
//! cores; it is behind for another reason, and giving way to it would help nobody.

use std::time::Duration;

use crate::functions::Starved;

/// How many records a lane may be behind, in addition to two batches.
const BEHIND: usize = 100;

/// How many records are far behind, in addition to two batches.
const FAR: usize = 150;

/// How many times the shortest duration of a full batch means that others take the cores.
const SLOW: f64 = 1.5;

/// The weight of the last batch in the current duration.
const LAST: f64 = 0.2;

/// How long full batches of one lane take. Smaller batches say nothing about full ones.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// The function's state that the durations belong to: new code may be slower by itself.
    of: u64,
    /// The shortest duration and the current one, in seconds.
    durations: Option<(f64, f64)>,
}

impl Pace {
    /// Takes the duration of a full batch, and says how starved a lane is that is behind by so many records.
    pub(super) fn after(
        &mut self,
        of: u64,
        took: Duration,
        behind: usize,
        batch_size: usize,
    ) -> Option<Starved> {
        if self.of != of {
            *self = Self { of, durations: None };
        }
        let took = took.as_secs_f64();
        let (shortest, current) = self.durations.unwrap_or((took, took));
        let (shortest, current) = (shortest.min(took), current + (took - current) * LAST);
        self.durations = Some((shortest, current));
        let more_than = |records| behind > records + 2 * batch_size;
        let is_starved = more_than(BEHIND) && current > SLOW * shortest;
        is_starved.then(|| if more_than(FAR) { Starved::FarBehind } else { Starved::Behind })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Pace, Starved};

    /// The answers for batches of one record that took so many ms, each with so many records behind.
    fn answers(batches: &[(u64, u64, usize)]) -> Vec<bool> {
        let mut pace = Pace::default();
        let answers = batches
            .iter()
            .map(|(of, ms, behind)| pace.after(*of, Duration::from_millis(*ms), *behind, 1).is_some());
        answers.collect()
    }

    #[test]
    fn a_starved_lane_can_be_far_behind() {
        let mut pace = Pace::default();
        let mut after = |ms, behind| pace.after(0, Duration::from_millis(ms), behind, 1);
        assert_eq!(after(1, 203), None);
        assert_eq!(after(5, 152), Some(Starved::Behind));
        assert_eq!(after(5, 153), Some(Starved::FarBehind));
    }

    #[test]
    fn a_lane_that_is_behind_and_slower_than_it_can_be_is_starved() {
        assert_eq!(answers(&[(0, 1, 0), (0, 5, 200), (0, 5, 200)]), [false, true, true]);
    }

    #[test]
    fn a_lane_that_keeps_up_is_not_starved_however_slow_it_is() {
        assert_eq!(answers(&[(0, 1, 0), (0, 5, 102), (0, 5, 103)]), [false, false, true]);
    }

    #[test]
    fn a_function_that_always_takes_so_long_is_not_starved() {
        assert_eq!(answers(&[(0, 100, 5_000), (0, 101, 5_000), (0, 99, 5_000)]), [false; 3]);
    }

    #[test]
    fn new_code_is_not_compared_with_the_old() {
        assert_eq!(answers(&[(0, 1, 5_000), (1, 5, 5_000), (1, 5, 5_000)]), [false; 3]);
    }

    #[test]
    fn one_slow_batch_is_soon_forgotten() {
        let mut batches = vec![(0, 10, 5_000), (0, 60, 5_000)];
        batches.extend([(0, 10, 5_000); 8]);
        let answers = answers(&batches);
        assert!(answers[1]);
        assert!(!answers[9], "{answers:?}");
    }
}
