//! Token buckets: filled at a rate per second, up to the burst.

use serde::{Deserialize, Serialize};

/// A rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Throttle {
    /// How many requests may arrive at once.
    #[serde(default)]
    pub(crate) burst_limit: i64,
    /// How many requests per second may arrive in the long run.
    #[serde(default)]
    pub(crate) rate_limit: f64,
}

/// A token bucket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    tokens: f64,
    at_ms: i64,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn new(throttle: &Throttle, now_ms: i64) -> Self {
        Self { tokens: throttle.burst_limit as f64, at_ms: now_ms }
    }

    /// Adds the tokens that are due; returns whether there is one now.
    pub(crate) fn fill(&mut self, throttle: &Throttle, now_ms: i64) -> bool {
        let seconds = (now_ms - self.at_ms).max(0) as f64 / 1000.0;
        self.tokens = (self.tokens + seconds * throttle.rate_limit).min(throttle.burst_limit as f64);
        self.at_ms = now_ms;
        self.tokens >= 1.0
    }

    /// Takes one token.
    pub(crate) fn take(&mut self) {
        self.tokens -= 1.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_its_rate() {
        let throttle = Throttle { burst_limit: 3, rate_limit: 2.0 };
        let mut bucket = Bucket::new(&throttle, 0);
        let mut take = |at: i64| {
            let full = bucket.fill(&throttle, at);
            if full {
                bucket.take();
            }
            full
        };
        assert_eq!([take(0), take(0), take(0), take(0)], [true, true, true, false]);
        assert_eq!([take(499), take(500), take(500)], [false, true, false]);
        assert_eq!([take(9_000), take(9_000), take(9_000), take(9_000)], [true, true, true, false]);
    }
}
