//! Counters of a shard.

use std::sync::atomic::{AtomicU64, Ordering};

/// What happened in a shard since the mapping was created, for `devloop status`.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Records in the invocation that is running.
    pub(super) in_flight: AtomicU64,
    /// Invocations that retried a failed one.
    pub(super) retried: AtomicU64,
    /// Batches that were split in two.
    pub(super) bisected: AtomicU64,
    /// Batches whose response named a record after the first one; the records before it are settled.
    pub(super) checkpointed: AtomicU64,
    /// Records that were discarded.
    pub(super) discarded: AtomicU64,
    /// Records that matched no filter.
    pub(super) filtered: AtomicU64,
}

impl Counts {
    pub(super) fn add(counter: &AtomicU64, more: usize) {
        counter.fetch_add(more as u64, Ordering::Relaxed);
    }

    pub(super) fn get(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }
}

/// While this exists, its records count as in flight. Dropping it ends that, even when the invocation is cancelled.
#[derive(Debug)]
pub(super) struct InFlight<'c> {
    counts: &'c Counts,
    records: u64,
}

impl<'c> InFlight<'c> {
    pub(super) fn new(counts: &'c Counts, records: usize) -> Self {
        let records = records as u64;
        counts.in_flight.fetch_add(records, Ordering::Relaxed);
        Self { counts, records }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.counts.in_flight.fetch_sub(self.records, Ordering::Relaxed);
    }
}
