//! Puts a record, and waits while the stream throttles.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use pipeline_model::aws::Cause;
use tokio::time::{Instant, sleep, timeout_at};

use crate::stream::Stream;

/// The longest wait before the second try.
const FIRST_WAIT: Duration = Duration::from_millis(20);

/// Longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_millis(400);

/// Tries until the stream takes the record, fails for another reason than its throughput, or the budget is used up.
pub(crate) async fn put<S: Stream>(
    stream: &S,
    partition_key: &str,
    data: &[u8],
    budget: Duration,
) -> Result<(), Cause> {
    let end = Instant::now() + budget;
    let mut longest = FIRST_WAIT;
    let mut refused = None;
    loop {
        let cause = match timeout_at(end, stream.put(partition_key, data)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(cause)) => cause,
            // If the deadline ends a retry, the earlier refusal is the cause.
            Err(_) => return Err(refused.unwrap_or_else(|| Cause::plain("request timed out"))),
        };
        let wait = jitter(longest);
        if !cause.throttled || Instant::now() + wait >= end {
            return Err(cause);
        }
        refused = Some(cause);
        sleep(wait).await;
        longest = (longest * 2).min(LONGEST_WAIT);
    }
}

/// A random part of the wait, at least a quarter, so that callers that were refused together do not return together.
fn jitter(longest: Duration) -> Duration {
    // Each `RandomState` has random keys, which is enough randomness here without a generator.
    let random = RandomState::new().hash_one(0) as f64 / u64::MAX as f64;
    longest.mul_f64(0.25 + 0.75 * random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_differ_and_stay_within_their_bounds() {
        let waits: Vec<_> = (0..50).map(|_| jitter(LONGEST_WAIT)).collect();
        assert!(waits.iter().all(|&wait| wait >= LONGEST_WAIT / 4 && wait <= LONGEST_WAIT), "{waits:?}");
        assert!(waits.iter().any(|wait| *wait != waits[0]));
    }
}
