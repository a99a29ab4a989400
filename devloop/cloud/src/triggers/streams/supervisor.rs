//! Runs one mapping: starts lanes for every shard that may be read, parents before children, and updates the mapping's
//! state.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use tokio::{sync::watch, task::JoinSet};

use super::{
    lane::Lane,
    progress::{Progress, Reading},
};
use crate::{
    clock::Clock,
    shard::Start,
    source::{Source, SourceShard},
    triggers::{
        mapping::{LastResult, Mapping, State},
        outside::Outside,
    },
};

/// The task of one mapping. It sleeps until the shards, the mapping's options or a lane change.
#[derive(Debug)]
pub(crate) struct Supervisor<S: Source, O> {
    mapping: Arc<Mapping>,
    source: Arc<S>,
    outside: Arc<O>,
    clock: Clock,
    changes: watch::Receiver<u64>,
    shards: HashMap<String, Arc<Progress<S::Shard>>>,
    /// How many lanes of each shard are running.
    active: HashMap<String, usize>,
}

impl<S: Source, O: Outside> Supervisor<S, O> {
    /// Determines where reading begins. Records put after this returns are not missed, even if [`Supervisor::run`] starts
    /// later.
    pub(crate) fn new(mapping: Arc<Mapping>, source: Arc<S>, outside: Arc<O>, clock: Clock) -> Self {
        let changes = source.changes();
        let (shards, active) = (HashMap::new(), HashMap::new());
        let mut supervisor = Self { mapping, source, outside, clock, changes, shards, active };
        let start = supervisor.mapping.start;
        supervisor.look(start);
        supervisor
    }

    /// Adds new shards and removes expired ones. Shards that appear later are read from their first record.
    fn look(&mut self, start: Start) {
        let listed = self.source.shards();
        for shard in &listed {
            if !self.shards.contains_key(shard.id()) {
                let progress = Progress::new(Arc::clone(shard), start);
                self.shards.insert(shard.id().to_owned(), Arc::new(progress));
            }
        }
        let ids: HashSet<&str> = listed.iter().map(|shard| shard.id()).collect();
        self.shards.retain(|id, _| ids.contains(id.as_str()) || self.active.contains_key(id));
        let mut readings: Vec<(String, Arc<dyn Reading>)> = Vec::with_capacity(self.shards.len());
        for (id, progress) in &self.shards {
            readings.push((id.clone(), Arc::<Progress<S::Shard>>::clone(progress)));
        }
        readings.sort_by(|(one, _), (other, _)| one.cmp(other));
        self.mapping.reads(readings.into_iter().map(|(_, reading)| reading).collect());
    }

    /// Runs until the stream is deleted; ends at once when the task is aborted.
    pub(crate) async fn run(mut self) {
        let mut plans = self.mapping.plans();
        let mut lanes = JoinSet::new();
        // Becomes false when the sender of changes was dropped: waiting for it again would spin.
        let mut announced = true;
        loop {
            if self.source.is_deleted() {
                lanes.shutdown().await;
                self.mapping.reads(Vec::new());
                self.mapping.processed(LastResult::StreamGone);
                self.mapping.disable();
                return;
            }
            let plan = Arc::clone(&plans.borrow_and_update());
            if plan.enabled {
                self.look(Start::TrimHorizon);
                self.start_lanes(&mut lanes, plan.settings.factor);
                self.mapping.settle(&plan, State::Enabled);
            } else if lanes.is_empty() {
                self.mapping.settle(&plan, State::Disabled);
            }
            tokio::select! {
                _ = plans.changed() => {}
                changed = self.changes.changed(), if announced => announced = changed.is_ok(),
                Some(ended) = lanes.join_next() => match ended {
                    Ok(id) => self.ended(&id),
                    Err(error) => tracing::error!(mapping = %self.mapping.uuid, %error, "a shard's lane panicked"),
                },
            }
        }
    }

    /// Starts the lanes of every shard that may be read and has no running lane. A new parallelization factor therefore
    /// takes effect only when all of a shard's lanes have ended.
    fn start_lanes(&mut self, lanes: &mut JoinSet<String>, factor: usize) {
        let ready: Vec<Arc<Progress<S::Shard>>> = self
            .shards
            .iter()
            .filter(|(id, progress)| !progress.is_finished() && !self.active.contains_key(*id))
            .filter(|(_, progress)| progress.shard.parents().iter().all(|parent| self.is_read(parent)))
            .map(|(_, progress)| Arc::clone(progress))
            .collect();
        for progress in ready {
            progress.divide(factor);
            self.active.insert(progress.shard.id().to_owned(), progress.lanes());
            for number in 0..progress.lanes() {
                let (mapping, outside) = (Arc::clone(&self.mapping), Arc::clone(&self.outside));
                let place = (Arc::clone(&progress), number);
                lanes.spawn(Lane::new(mapping, place, outside, self.clock.clone()).run());
            }
        }
    }

    fn ended(&mut self, shard: &str) {
        if let Some(running) = self.active.get_mut(shard) {
            *running -= 1;
            if *running == 0 {
                self.active.remove(shard);
            }
        }
    }

    /// Whether a shard is read to its end. A shard that no longer exists has nothing left to read.
    fn is_read(&self, shard: &str) -> bool {
        self.shards.get(shard).is_none_or(|progress| progress.is_finished())
    }
}
