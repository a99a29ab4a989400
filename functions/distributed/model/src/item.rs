//! The stored item of a word.

use crate::transform::transform;

/// A processed word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The id of the message or of the request, or the caller's idempotency key: the same id is stored once.
    pub id: String,
    /// The word as it came.
    pub data: String,
    /// The transformed word.
    pub processed: String,
    /// When it was processed, in milliseconds since the epoch.
    pub timestamp_ms: i64,
    /// The number of the try that succeeded.
    pub attempt: i64,
}

impl Item {
    /// Transforms a word.
    pub fn of(id: String, word: &str, attempt: i64) -> Self {
        Self {
            id,
            data: word.to_owned(),
            processed: transform(word),
            timestamp_ms: functions_common::now_ms(),
            attempt,
        }
    }

    /// The time as the table shows it: `2026-11-20:10-00-00 UTC`.
    pub fn timestamp(&self) -> String {
        jiff::Timestamp::from_millisecond(self.timestamp_ms)
            .map(|at| at.strftime("%Y-%m-%d:%H-%M-%S UTC").to_string())
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        let item = Item { timestamp_ms: 1_795_514_400_000, ..Item::of("id".into(), "w", 1) };
        assert_eq!(item.timestamp(), "2026-11-24:10-00-00 UTC");
    }
}
