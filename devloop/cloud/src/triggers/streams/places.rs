//! The checkpoints of one shard's lanes: each lane reads its own share of the partition keys and advances its own
//! checkpoint.

use crate::{shard::Hold, source::SourceShard};

/// The checkpoints of a shard's lanes, by lane. The shard keeps every record that one of them still needs.
#[derive(Debug)]
pub(super) struct Places {
    lanes: Vec<Checkpoint>,
    /// The checkpoints from before the parallelization factor changed, one list per change. What they had settled stays
    /// settled.
    earlier: Vec<Vec<u128>>,
}

#[derive(Debug)]
struct Checkpoint {
    /// The smallest sequence number that the lane has not settled yet.
    at: Hold,
    /// Whether the lane has reached the shard's end.
    finished: bool,
}

impl Places {
    /// A single lane, which starts at `from`.
    pub(super) fn new<H: SourceShard>(shard: &H, from: u128) -> Self {
        Self { lanes: vec![Checkpoint { at: shard.log().hold(from), finished: false }], earlier: Vec::new() }
    }

    /// Divides the shard among `count` lanes. What the present lanes have settled stays settled.
    pub(super) fn divide<H: SourceShard>(&mut self, shard: &H, count: usize) {
        let before: Vec<u128> = self.lanes.iter().map(|lane| *lane.at.lock()).collect();
        let from = self.lowest();
        if self.lanes.len() != count {
            if before.iter().any(|at| *at > from) {
                self.earlier.push(before);
            }
            // The new lanes hold their records before the old ones release theirs, so the log drops nothing in between.
            let lanes =
                (0..count).map(|_| Checkpoint { at: shard.log().hold(from), finished: false }).collect();
            self.lanes = lanes;
        }
        self.earlier.retain(|places| places.iter().any(|at| *at > from));
    }

    /// The smallest sequence number that some lane has not settled yet.
    pub(super) fn lowest(&self) -> u128 {
        self.lanes.iter().map(|lane| *lane.at.lock()).min().unwrap_or_default()
    }

    pub(super) fn count(&self) -> usize {
        self.lanes.len()
    }

    pub(super) fn at(&self, lane: usize) -> u128 {
        self.lanes.get(lane).map_or(u128::MAX, |place| *place.at.lock())
    }

    pub(super) fn advance(&mut self, lane: usize, to: u128) {
        if let Some(place) = self.lanes.get(lane) {
            *place.at.lock() = to;
        }
    }

    pub(super) fn finish(&mut self, lane: usize) {
        if let Some(place) = self.lanes.get_mut(lane) {
            place.finished = true;
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.lanes.iter().all(|lane| lane.finished)
    }

    /// The share of the lane with this number.
    pub(super) fn share(&self, lane: usize) -> Share {
        Share { lane, count: self.lanes.len(), earlier: self.earlier.clone() }
    }
}

/// Decides which of a shard's records a lane delivers.
#[derive(Debug, Clone)]
pub(super) struct Share {
    lane: usize,
    count: usize,
    earlier: Vec<Vec<u128>>,
}

impl Share {
    /// How many lanes the shard is divided among.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Whether the lane delivers every record of the shard, so that keys need no check.
    pub(super) fn is_whole(&self) -> bool {
        self.count == 1 && self.earlier.is_empty()
    }

    /// Whether the lane delivers the record with this sequence number and this hash of its partition key.
    pub(super) fn takes(&self, sequence: u128, key: u64) -> bool {
        let index = |count: usize| (key % count.max(1) as u64) as usize;
        let settled = self.earlier.iter().any(|places| sequence < places[index(places.len())]);
        index(self.count) == self.lane && !settled
    }
}
