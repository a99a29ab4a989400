//! AWS's limits for the throughput of a shard, per second [Quotas and limits, Kinesis developer guide].

use parking_lot::Mutex;

/// The limits of one shard within a second.
#[derive(Debug, Clone, Copy)]
struct Quota {
    calls: usize,
    bytes: usize,
}

/// Records and bytes that are put.
const WRITES: Quota = Quota { calls: 1_000, bytes: 1 << 20 };
/// Calls of `GetRecords`, and bytes that are read.
const READS: Quota = Quota { calls: 5, bytes: 2 << 20 };

/// The counts of one shard in this second.
#[derive(Debug, Default)]
pub(super) struct Throughput {
    writes: Mutex<Second>,
    reads: Mutex<Second>,
}

#[derive(Debug, Default)]
struct Second {
    number: i64,
    calls: usize,
    bytes: usize,
}

impl Throughput {
    /// Whether a record of `bytes` may be put at `now_ms`. If so, it is counted.
    pub(super) fn takes(&self, bytes: usize, now_ms: i64) -> bool {
        self.writes.lock().admits(WRITES, bytes, now_ms)
    }

    /// Whether another `GetRecords` is allowed at `now_ms`. If so, it is counted; the bytes that it returns are counted
    /// with [`Throughput::gave`].
    pub(super) fn gives(&self, now_ms: i64) -> bool {
        self.reads.lock().admits(READS, 0, now_ms)
    }

    /// Counts the bytes that a `GetRecords` returned. More than two megabytes also use up the following seconds.
    pub(super) fn gave(&self, bytes: usize) {
        self.reads.lock().bytes += bytes;
    }
}

impl Second {
    fn admits(&mut self, quota: Quota, bytes: usize, now_ms: i64) -> bool {
        let number = now_ms.div_euclid(1_000);
        if number != self.number {
            // A single record or page may exceed a second's limit, as on AWS; the excess counts in the following seconds.
            let owed =
                self.bytes.saturating_sub(quota.bytes.saturating_mul((number - self.number).max(0) as usize));
            *self = Self { number, calls: 0, bytes: owed };
        }
        if self.calls >= quota.calls
            || self.bytes >= quota.bytes
            || (self.bytes > 0 && self.bytes + bytes > quota.bytes)
        {
            return false;
        }
        self.calls += 1;
        self.bytes += bytes;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_its_own_limits_of_records_and_bytes() {
        let shard = Throughput::default();
        assert!((0..1_000).all(|_| shard.takes(10, 5_000)));
        assert!(!shard.takes(10, 5_999));
        assert!(shard.takes(1 << 20, 6_000));
        assert!(!shard.takes(1, 6_000));
        assert!(shard.takes(1, 7_000));
    }

    #[test]
    fn a_large_page_uses_up_the_following_seconds() {
        let shard = Throughput::default();
        assert!(shard.gives(0));
        shard.gave(5 << 20);
        assert!(!shard.gives(100) && !shard.gives(1_000));
        assert!(shard.gives(3_000));
        assert!((0..4).all(|_| shard.gives(3_500)));
        assert!(!shard.gives(3_999), "five calls a second");
    }
}
