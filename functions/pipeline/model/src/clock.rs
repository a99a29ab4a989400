//! Instants: everything inside the pipeline is whole milliseconds since the epoch.

/// From this value on, a client's timestamp is in milliseconds. In seconds it would mean the year 5138, in milliseconds it means
/// 1973.
const FIRST_MILLISECOND_TIMESTAMP: i64 = 100_000_000_000;

/// A client's `timestamp`, which may have come in seconds or in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientTime {
    /// Milliseconds since the epoch.
    pub ms: i64,
    /// Whether the client sent whole seconds.
    pub coarse: bool,
}

impl From<i64> for ClientTime {
    fn from(timestamp: i64) -> Self {
        let coarse = timestamp < FIRST_MILLISECOND_TIMESTAMP;
        let ms = if coarse { timestamp.saturating_mul(1000) } else { timestamp };
        Self { ms, coarse }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(timestamp: i64, ms: i64, coarse: bool) {
        assert_eq!(ClientTime::from(timestamp), ClientTime { ms, coarse }, "{timestamp}");
    }

    #[test]
    fn seconds_and_milliseconds_are_told_apart_by_their_size() {
        check(1_700_000_000, 1_700_000_000_000, true);
        check(1_700_000_000_123, 1_700_000_000_123, false);
        check(99_999_999_999, 99_999_999_999_000, true);
        check(100_000_000_000, 100_000_000_000, false);
        check(-5, -5000, true);
        check(i64::MIN, i64::MIN, true);
        check(i64::MAX, i64::MAX, false);
    }
}
