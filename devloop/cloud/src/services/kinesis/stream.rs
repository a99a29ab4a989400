//! One stream: its settings and its shards.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use super::{
    Record, Shard,
    consumers::Consumer,
    monitoring::{Metric, Monitor},
    service::not_found,
    shard::{HashRange, Identity},
};
use crate::{
    clock::Clock,
    context::Context,
    error::ApiError,
    kept::Budget,
    limits::Limits,
    source::{Source, SourceShard as _},
};

/// The number of shards of a new on-demand stream [Choose the right mode to stream in, Kinesis developer guide].
pub(super) const ON_DEMAND_SHARDS: u32 = 4;

/// The capacity mode: who decides how many shards a stream has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Provisioned,
    OnDemand,
}

impl Mode {
    pub(super) const NAMES: [&str; 2] = ["PROVISIONED", "ON_DEMAND"];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Provisioned => "PROVISIONED",
            Self::OnDemand => "ON_DEMAND",
        }
    }
}

/// The settings of a stream that can change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) mode: Mode,
    pub(super) retention_hours: i64,
    /// The largest record (partition key and data) that the stream accepts.
    pub(super) max_record_kib: i64,
    /// Whether it is encrypted with the key that AWS manages; see `encryption`.
    pub(super) encrypted: bool,
}

impl Settings {
    pub(super) fn max_record_bytes(self) -> usize {
        self.max_record_kib as usize * 1024
    }

    fn retention_ms(self) -> i64 {
        self.retention_hours * 3_600_000
    }
}

/// One stream. Putting a record takes O(log n) for n open shards, and locks one shard only.
#[derive(Debug)]
pub(crate) struct Stream {
    identity: Arc<Identity>,
    clock: Clock,
    limits: Limits,
    /// The time of creation in ms since the epoch; together with the name it identifies the stream.
    pub(super) created_ms: i64,
    settings: RwLock<Settings>,
    pub(super) tags: Mutex<BTreeMap<String, String>>,
    /// Registered consumers, by name.
    pub(super) consumers: Mutex<BTreeMap<String, Arc<Consumer>>>,
    table: RwLock<Table>,
    /// Counts the changes of `table`.
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Table {
    /// All shards whose records may still be within the retention, by index.
    all: Vec<Arc<Shard>>,
    /// The open shards, by the start of their range; together they cover all hash keys.
    open: Vec<Arc<Shard>>,
    next_index: u32,
    deleted: bool,
}

impl Stream {
    /// A stream with `shards` shards of equal ranges.
    pub(super) fn new(
        cx: &Context,
        (clock, limits, monitor, memory): (Clock, Limits, Monitor, Arc<Budget>),
        name: &str,
        shards: u32,
        settings: Settings,
    ) -> Self {
        let identity = Arc::new(Identity {
            name: name.to_owned(),
            arn: cx.arn("kinesis", &format!("stream/{name}")),
            region: cx.region.to_string(),
            account: cx.account.to_string(),
            monitor,
            memory,
        });
        let created_ms = clock.now_ms();
        let open: Vec<_> = (0..)
            .zip(HashRange::parts(shards))
            .map(|(index, range)| {
                Arc::new(Shard::new(Arc::clone(&identity), index, range, Vec::new(), created_ms))
            })
            .collect();
        Self {
            identity,
            clock,
            limits,
            created_ms,
            settings: RwLock::new(settings),
            tags: Mutex::default(),
            consumers: Mutex::default(),
            table: RwLock::new(Table { all: open.clone(), open, next_index: shards, deleted: false }),
            changes: watch::Sender::new(0),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.identity.name
    }

    /// The enabled shard-level metrics.
    pub(super) fn monitor(&self) -> &Monitor {
        &self.identity.monitor
    }

    pub(super) fn account(&self) -> &str {
        &self.identity.account
    }

    pub(super) fn settings(&self) -> Settings {
        *self.settings.read()
    }

    /// Changes the settings, unless `change` fails.
    pub(super) fn configure(
        &self,
        change: impl FnOnce(&mut Settings) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        let mut settings = self.settings.write();
        let mut changed = *settings;
        change(&mut changed)?;
        *settings = changed;
        Ok(())
    }

    /// Records that arrived before this time are too old, in ms since the epoch.
    pub(super) fn horizon_ms(&self) -> i64 {
        self.clock.now_ms() - self.settings().retention_ms()
    }

    /// Appends a record to the shard for `hash`; `bytes` is its size for the read limits.
    pub(crate) fn put(
        &self,
        hash: u128,
        bytes: usize,
        mut record: Record,
    ) -> Result<(Arc<Shard>, u128), ApiError> {
        let now = self.clock.now_ms();
        loop {
            let shard = self.route(hash)?;
            if let Err(full) = shard.log().room() {
                return Err(self.exceeded(&shard, &format!(": {}.", full.why())));
            }
            if self.limits == Limits::Aws && !shard.throughput.takes(bytes, now) {
                shard.measure(Metric::WriteProvisionedThroughputExceeded, 1, now);
                return Err(self.exceeded(&shard, "."));
            }
            let appended = shard.log().append(0, now, bytes, |_| std::mem::take(&mut record));
            // The shard was closed since it was looked up; its children are in the table by now.
            let Some(sequence) = appended else { continue };
            shard.measure(Metric::IncomingBytes, bytes, now);
            shard.measure(Metric::IncomingRecords, 1, now);
            shard.log().trim(now - self.settings().retention_ms());
            return Ok((shard, sequence));
        }
    }

    /// Admits a `GetRecords` of the shard; with AWS's limits it fails when there were too many in this second.
    pub(super) fn admit_read(&self, shard: &Shard) -> Result<(), ApiError> {
        let now = self.clock.now_ms();
        if self.limits == Limits::Aws && !shard.throughput.gives(now) {
            shard.measure(Metric::ReadProvisionedThroughputExceeded, 1, now);
            return Err(self.exceeded(shard, "."));
        }
        Ok(())
    }

    fn exceeded(&self, shard: &Shard, why: &str) -> ApiError {
        ApiError::client(
            "ProvisionedThroughputExceededException",
            format!(
                "Rate exceeded for shard {} in stream {} under account {}{why}",
                shard.id(),
                self.identity.name,
                self.identity.account
            ),
        )
    }

    fn route(&self, hash: u128) -> Result<Arc<Shard>, ApiError> {
        let table = self.table.read();
        let at = table.open.partition_point(|shard| shard.range.start <= hash);
        match table.open.get(at.wrapping_sub(1)) {
            Some(shard) if !table.deleted => Ok(Arc::clone(shard)),
            _ => Err(not_found(&self.identity.name, &self.identity.account)),
        }
    }

    /// The open shards, by the start of their range.
    pub(crate) fn open_shards(&self) -> Vec<Arc<Shard>> {
        self.table.read().open.clone()
    }

    /// The shard with this index, unless its records are all too old.
    pub(super) fn shard(&self, index: u32) -> Option<Arc<Shard>> {
        let horizon = self.horizon_ms();
        let table = self.table.read();
        let at = table.all.binary_search_by_key(&index, |shard| shard.index).ok()?;
        Some(Arc::clone(&table.all[at])).filter(|shard| !shard.expired(horizon))
    }

    /// The shard with this id; the plain number is accepted too, as on AWS.
    pub(super) fn shard_by_id(&self, id: &str) -> Option<Arc<Shard>> {
        let number = id.strip_prefix("shardId-").unwrap_or(id);
        self.shard(number.parse().ok()?)
    }

    /// The children of the shard `id`.
    pub(super) fn children(&self, id: &str) -> Vec<Arc<Shard>> {
        let table = self.table.read();
        table.all.iter().filter(|shard| shard.parents().iter().any(|parent| parent == id)).cloned().collect()
    }

    /// Closes `parents` and opens a shard for each of `ranges`, which together must cover the ranges of the parents. Fails
    /// with a parent that is already closed.
    pub(super) fn reshard(&self, parents: &[Arc<Shard>], ranges: &[HashRange]) -> Result<(), Arc<Shard>> {
        let now = self.clock.now_ms();
        {
            let mut table = self.table.write();
            if let Some(closed) = parents.iter().find(|parent| parent.closed_ms().is_some()) {
                return Err(Arc::clone(closed));
            }
            let created = parents.iter().map(|parent| parent.created_ms + 1).fold(now, i64::max);
            let ids: Vec<_> = parents.iter().map(|parent| parent.id().to_owned()).collect();
            for parent in parents {
                parent.close(now.max(created - 1));
            }
            table.open.retain(|shard| !parents.iter().any(|parent| parent.index == shard.index));
            for range in ranges {
                let index = table.next_index;
                table.next_index += 1;
                let child = Shard::new(Arc::clone(&self.identity), index, *range, ids.clone(), created);
                let child = Arc::new(child);
                table.all.push(Arc::clone(&child));
                table.open.push(child);
            }
            table.open.sort_by_key(|shard| shard.range.start);
        }
        self.changes.send_modify(|count| *count += 1);
        Ok(())
    }

    /// Makes all readers look again at the shards and at their own state.
    pub(super) fn wake_readers(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Accepts no more records and wakes every reader; [`Source::is_deleted`] is true from now on.
    pub(super) fn delete(&self) {
        let now = self.clock.now_ms();
        {
            let mut table = self.table.write();
            table.deleted = true;
            table.open.drain(..).for_each(|shard| shard.close(now));
        }
        self.changes.send_modify(|count| *count += 1);
    }
}

impl Source for Stream {
    type Shard = Shard;

    fn arn(&self) -> &str {
        &self.identity.arn
    }

    fn shards(&self) -> Vec<Arc<Shard>> {
        let horizon = self.horizon_ms();
        {
            let table = self.table.read();
            if !table.all.iter().any(|shard| shard.expired(horizon)) {
                return table.all.clone();
            }
        }
        let mut table = self.table.write();
        table.all.retain(|shard| !shard.expired(horizon));
        table.all.clone()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn is_deleted(&self) -> bool {
        self.table.read().deleted
    }
}
