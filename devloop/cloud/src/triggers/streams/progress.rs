//! How far a mapping has read one shard. This survives every failure, update and pause of the mapping.

use std::{fmt::Debug, sync::Arc};

use parking_lot::Mutex;

use super::{
    batch::Batch,
    counts::Counts,
    places::{Places, Share},
    window::Window,
};
use crate::{
    shard::Start,
    source::SourceShard,
    triggers::status::{OpenWindow, ShardStatus},
};

/// A mapping's progress in a shard.
#[derive(Debug)]
pub(crate) struct Progress<H> {
    pub(super) shard: Arc<H>,
    places: Mutex<Places>,
    /// The tumbling window that has received records and has not ended.
    pub(super) window: Mutex<Option<Window>>,
    pub(super) counts: Counts,
}

impl<H: SourceShard> Progress<H> {
    /// Progress that starts at `start`.
    pub(super) fn new(shard: Arc<H>, start: Start) -> Self {
        let places = Mutex::new(Places::new(&*shard, shard.log().position(start)));
        Self { shard, places, window: Mutex::default(), counts: Counts::default() }
    }

    /// Divides the shard among `count` lanes; no lane may be running.
    pub(super) fn divide(&self, count: usize) {
        self.places.lock().divide(&*self.shard, count);
    }

    /// How many lanes the shard is divided among.
    pub(super) fn lanes(&self) -> usize {
        self.places.lock().count()
    }

    /// The share of a lane.
    pub(super) fn share(&self, lane: usize) -> Share {
        self.places.lock().share(lane)
    }

    /// The smallest sequence number that a lane has not settled yet.
    pub(super) fn checkpoint(&self, lane: usize) -> u128 {
        self.places.lock().at(lane)
    }

    /// Notes that a lane has settled the first `settled` records of a batch, and the skipped records before the next one.
    pub(super) fn settle(&self, lane: usize, batch: &mut Batch<H::Record>, settled: usize) {
        Counts::add(&self.counts.filtered, batch.take_filtered(settled));
        self.places.lock().advance(lane, batch.sequence(settled));
    }

    /// Notes that a lane has read the shard to its end. When all lanes have, the child shards may be read.
    pub(super) fn finish(&self, lane: usize) {
        self.places.lock().finish(lane);
    }

    pub(super) fn is_finished(&self) -> bool {
        self.places.lock().is_finished()
    }
}

/// A shard's progress, whatever the type of its records.
pub(crate) trait Reading: Debug + Send + Sync {
    /// The progress for `devloop status` and programs.
    fn status(&self, now_ms: i64) -> ShardStatus;
}

impl<H: SourceShard> Reading for Progress<H> {
    fn status(&self, now_ms: i64) -> ShardStatus {
        let checkpoint = self.places.lock().lowest();
        let (lag_records, oldest_ms) = self.shard.log().backlog(checkpoint);
        let window = self.window.lock().as_ref().map(|window| OpenWindow {
            start_ms: window.bounds.start_ms,
            end_ms: window.bounds.end_ms,
            records: window.taken.map_or(0, |taken| taken.records),
            state_bytes: window.size(),
        });
        let counts = &self.counts;
        ShardStatus {
            id: self.shard.id().to_owned(),
            checkpoint: H::sequence(checkpoint),
            lag_records,
            oldest_unprocessed_ms: oldest_ms.map(|at| (now_ms - at).max(0)),
            finished: self.is_finished(),
            in_flight: Counts::get(&counts.in_flight),
            retried: Counts::get(&counts.retried),
            bisected: Counts::get(&counts.bisected),
            checkpointed: Counts::get(&counts.checkpointed),
            discarded: Counts::get(&counts.discarded),
            filtered: Counts::get(&counts.filtered),
            window,
        }
    }
}
