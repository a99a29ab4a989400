//! Exponential backoff between retries. AWS does not publish its waits. These are short because a developer may be editing
//! the function meanwhile; a changed function ends a wait anyway.

use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_millis(100);
/// Waits double up to this.
const LONGEST: Duration = Duration::from_secs(10);
/// A wait is shortened by up to this share, so that shards that failed together do not retry together.
const JITTER: f64 = 0.2;

/// The waits of one series of failures.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure.
    pub(super) fn wait(&mut self) -> Duration {
        let wait = ceiling(self.failures);
        self.failures += 1;
        wait.mul_f64(1.0 - JITTER * rand::random::<f64>())
    }

    /// Starts again with the first wait, after progress or when the function changed.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Whether something failed since the last reset.
    pub(super) fn is_failing(&self) -> bool {
        self.failures > 0
    }
}

fn ceiling(failures: u32) -> Duration {
    // With 2^7, the wait already exceeds the longest one; the limit keeps the factor small.
    FIRST.saturating_mul(1 << failures.min(7)).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_start_over() {
        let mut backoff = Backoff::default();
        for ceiling_ms in [100_u64, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000] {
            let ceiling = Duration::from_millis(ceiling_ms);
            let wait = backoff.wait();
            assert!(wait <= ceiling && wait >= ceiling.mul_f64(1.0 - JITTER), "{wait:?} of {ceiling:?}");
        }
        assert!(backoff.is_failing());
        backoff.reset();
        assert!(!backoff.is_failing() && backoff.wait() <= FIRST);
    }
}
