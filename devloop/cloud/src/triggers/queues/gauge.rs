//! The figures of a queue's mapping, for `devloop status`.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::{
    services::sqs::Queue,
    triggers::{status::ShardStatus, streams::Reading},
};

/// The counts of a mapping's messages.
#[derive(Debug)]
pub(super) struct Gauge {
    queue: Arc<Queue>,
    /// Messages in running invocations.
    pub(super) in_flight: AtomicU64,
    /// Messages that were delivered more than once.
    pub(super) retried: AtomicU64,
    /// Messages that were deleted because no filter accepted them.
    pub(super) filtered: AtomicU64,
}

impl Gauge {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        Self { queue, in_flight: AtomicU64::new(0), retried: AtomicU64::new(0), filtered: AtomicU64::new(0) }
    }
}

impl Reading for Gauge {
    fn status(&self, _: i64) -> ShardStatus {
        ShardStatus {
            id: "messages".to_owned(),
            lag_records: self.queue.counts().total(),
            oldest_unprocessed_ms: self.queue.oldest_ms(),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            retried: self.retried.load(Ordering::Relaxed),
            filtered: self.filtered.load(Ordering::Relaxed),
            ..ShardStatus::default()
        }
    }
}
