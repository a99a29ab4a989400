//! How far a mapping has read one shard.

use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crate::{shard::Hold, source::SourceShard, triggers::status::ShardStatus};

/// A shard with the position that survives every failure, update and pause.
#[derive(Debug)]
pub(crate) struct Progress<H> {
    pub(super) shard: Arc<H>,
    /// The smallest sequence number that is not settled yet. The shard keeps the records from there on.
    checkpoint: Hold,
    finished: AtomicBool,
}

impl<H: SourceShard> Progress<H> {
    /// Nothing of the shard before `checkpoint` concerns the mapping.
    pub(super) fn new(shard: Arc<H>, checkpoint: u128) -> Self {
        let checkpoint = shard.log().hold(checkpoint);
        Self { shard, checkpoint, finished: AtomicBool::new(false) }
    }

    pub(super) fn checkpoint(&self) -> u128 {
        *self.checkpoint.lock()
    }

    /// Everything before `checkpoint` is settled.
    pub(super) fn advance(&self, checkpoint: u128) {
        *self.checkpoint.lock() = checkpoint;
    }

    /// The shard was read to its end: its children may be read.
    pub(super) fn finish(&self) {
        self.finished.store(true, Ordering::Release);
    }

    pub(super) fn is_finished(&self) -> bool {
        self.finished.load(Ordering::Acquire)
    }
}

/// A shard's progress, whatever its records are.
pub(crate) trait Reading: Debug + Send + Sync {
    /// The progress for people and programs that ask.
    fn status(&self, now_ms: i64) -> ShardStatus;
}

impl<H: SourceShard> Reading for Progress<H> {
    fn status(&self, now_ms: i64) -> ShardStatus {
        let checkpoint = self.checkpoint();
        let (lag_records, oldest_ms) = self.shard.log().backlog(checkpoint);
        ShardStatus {
            id: self.shard.id().to_owned(),
            checkpoint: H::sequence(checkpoint),
            lag_records,
            oldest_unprocessed_ms: oldest_ms.map(|at| (now_ms - at).max(0)),
            finished: self.is_finished(),
        }
    }
}
