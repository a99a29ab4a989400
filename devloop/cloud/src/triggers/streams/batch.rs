//! Gathering a batch: as many records as the mapping wants, for as long as it wants to wait, up to Lambda's payload limit.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use tokio::sync::watch;

use crate::{clock::Clock, shard::Entry, source::SourceShard, triggers::mapping::Plan};

/// The most bytes of an event [Lambda quotas: invocation payload].
const PAYLOAD_LIMIT: usize = 6 * 1024 * 1024;

const HEAD: &[u8] = br#"{"Records":["#;
const TAIL: &[u8] = b"]}";

/// Records with their JSON, written once whatever is retried or split.
#[derive(Debug)]
pub(super) struct Batch<R> {
    pub(super) entries: Vec<Entry<R>>,
    /// The records' JSON, separated by commas.
    json: Vec<u8>,
    /// Where each record's JSON ends.
    ends: Vec<usize>,
    /// The smallest sequence number behind the batch.
    pub(super) next: u128,
    /// Whether a further record would exceed the payload limit.
    full: bool,
}

/// What [`gather`] ended with.
#[derive(Debug)]
pub(super) enum Gathered<R> {
    /// A batch of at least one record.
    Batch(Batch<R>),
    /// The shard was read to its end.
    Finished,
    /// The mapping is disabled.
    Paused,
}

/// Reads a batch from `from` on, waiting as long as it takes for the first record.
pub(super) async fn gather<H: SourceShard>(
    shard: &H,
    from: u128,
    plans: &mut watch::Receiver<Arc<Plan>>,
    clock: &Clock,
) -> Gathered<H::Record> {
    let mut batch = Batch::new(from);
    let mut opened_ms = None;
    loop {
        let plan = Arc::clone(&plans.borrow_and_update());
        if !plan.enabled {
            return Gathered::Paused;
        }
        let finished = batch.fill(shard, plan.settings.batch_size);
        if batch.entries.is_empty() {
            if finished {
                return Gathered::Finished;
            }
            tokio::select! {
                () = shard.log().wait(batch.next) => {}
                _ = plans.changed() => {}
            }
            continue;
        }
        let now_ms = clock.now_ms();
        let closes_ms = *opened_ms.get_or_insert(now_ms) + plan.settings.window.as_millis() as i64;
        if finished || batch.full || batch.entries.len() >= plan.settings.batch_size || now_ms >= closes_ms {
            return Gathered::Batch(batch);
        }
        tokio::select! {
            () = shard.log().wait(batch.next) => {}
            () = clock.sleep_until(closes_ms) => {}
            _ = plans.changed() => {}
        }
    }
}

impl<R: Send + Sync + 'static> Batch<R> {
    fn new(from: u128) -> Self {
        Self { entries: Vec::new(), json: Vec::new(), ends: Vec::new(), next: from, full: false }
    }

    /// Takes what the shard has by now; returns whether the shard has ended.
    fn fill<H: SourceShard<Record = R>>(&mut self, shard: &H, size: usize) -> bool {
        let room = size.saturating_sub(self.entries.len());
        if room == 0 {
            return false;
        }
        let slice = shard.log().read(self.next, room, PAYLOAD_LIMIT.saturating_sub(self.json.len()));
        for entry in slice.entries {
            if !self.push(shard, entry) {
                self.full = true;
                return false;
            }
        }
        self.next = slice.next;
        slice.finished
    }

    /// Adds a record, unless the event would grow too large; a record on its own always fits.
    fn push<H: SourceShard<Record = R>>(&mut self, shard: &H, entry: Entry<R>) -> bool {
        let start = self.json.len();
        if start > 0 {
            self.json.push(b',');
        }
        // A `Value` has string keys only and a vector takes every write, so this cannot fail.
        let _ = serde_json::to_writer(&mut self.json, &shard.event(&entry));
        if !self.entries.is_empty() && HEAD.len() + self.json.len() + TAIL.len() > PAYLOAD_LIMIT {
            self.json.truncate(start);
            return false;
        }
        self.ends.push(self.json.len());
        self.next = entry.sequence + 1;
        self.entries.push(entry);
        true
    }

    /// The event that carries some of the records.
    pub(super) fn payload(&self, records: &Range<usize>) -> Bytes {
        let start = records.start.checked_sub(1).map_or(0, |before| self.ends[before] + 1);
        let end = records.end.checked_sub(1).map_or(0, |last| self.ends[last]);
        let json = self.json.get(start..end).unwrap_or_default();
        [HEAD, json, TAIL].concat().into()
    }

    /// The sequence number of the record at `index`, or the smallest one behind the batch.
    pub(super) fn sequence(&self, index: usize) -> u128 {
        self.entries.get(index).map_or(self.next, |entry| entry.sequence)
    }

    /// The index of a sequence number within `records`, counted from their start.
    pub(super) fn find(&self, records: &Range<usize>, sequence: u128) -> Option<usize> {
        self.entries[records.clone()].binary_search_by_key(&sequence, |entry| entry.sequence).ok()
    }
}
