//! Records that are delivered together, with their JSON. Their event stays within Lambda's payload limit.

use std::ops::Range;

use bytes::Bytes;

use super::window::{Bounds, STATE_LIMIT, Taken};
use crate::{shard::Entry, source::SourceShard};

/// The most bytes of an event [Lambda quotas: invocation payload].
const PAYLOAD_LIMIT: usize = 6 * 1024 * 1024;

pub(super) const HEAD: &[u8] = br#"{"Records":["#;
/// The end of an event without a window.
pub(super) const TAIL: &[u8] = b"]}";
/// Room for the parts of a window's event besides its records and state.
const WINDOW_TAIL: usize = 1024;

/// Records with their JSON, which is written once, however often the batch is retried or split.
#[derive(Debug)]
pub(super) struct Batch<R> {
    pub(super) entries: Vec<Entry<R>>,
    /// The tumbling window that all of the records belong to.
    pub(super) window: Option<Bounds>,
    /// The smallest sequence number after the batch and after the records that were skipped.
    pub(super) next: u128,
    /// How many skipped records match no filter: before each of the batch's records, and after the last one.
    filtered: Vec<usize>,
    /// The records' JSON, separated by commas.
    json: Vec<u8>,
    /// Where each record's JSON ends.
    ends: Vec<usize>,
}

impl<R: Send + Sync + 'static> Batch<R> {
    /// An empty batch, which starts at `from`.
    pub(super) fn new(from: u128) -> Self {
        Self {
            entries: Vec::new(),
            window: None,
            next: from,
            filtered: vec![0],
            json: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// How many bytes of JSON the batch has room for.
    pub(super) fn room(&self) -> usize {
        let besides = match self.window {
            Some(_) => HEAD.len() + WINDOW_TAIL + STATE_LIMIT,
            None => HEAD.len() + TAIL.len(),
        };
        PAYLOAD_LIMIT.saturating_sub(besides + self.json.len())
    }

    /// Adds a record unless the event would become too large. A single record always fits.
    pub(super) fn push<H: SourceShard<Record = R>>(&mut self, shard: &H, entry: Entry<R>) -> bool {
        let (start, room) = (self.json.len(), self.room());
        if start > 0 {
            self.json.push(b',');
        }
        shard.write_event(&entry, &mut self.json);
        if !self.entries.is_empty() && self.json.len() - start > room {
            self.json.truncate(start);
            return false;
        }
        self.ends.push(self.json.len());
        self.next = entry.sequence + 1;
        self.entries.push(entry);
        self.filtered.push(0);
        true
    }

    /// Skips a record that matches no filter.
    pub(super) fn filter_out(&mut self, sequence: u128) {
        self.next = sequence + 1;
        if let Some(last) = self.filtered.last_mut() {
            *last += 1;
        }
    }

    /// How many records that match no filter are settled together with the first `settled` records of the batch. Each is
    /// counted once: the next call does not count it again.
    pub(super) fn take_filtered(&mut self, settled: usize) -> usize {
        self.filtered.iter_mut().take(settled + 1).map(std::mem::take).sum()
    }

    /// The event with some of the records; `tail` follows them.
    pub(super) fn payload(&self, records: &Range<usize>, tail: &[u8]) -> Bytes {
        let start = records.start.checked_sub(1).map_or(0, |before| self.ends[before] + 1);
        let end = records.end.checked_sub(1).map_or(0, |last| self.ends[last]);
        let json = self.json.get(start..end).unwrap_or_default();
        [HEAD, json, tail].concat().into()
    }

    /// The sequence number of the record at `index`, or the smallest one after the batch.
    pub(super) fn sequence(&self, index: usize) -> u128 {
        self.entries.get(index).map_or(self.next, |entry| entry.sequence)
    }

    /// The index of the record with this sequence number, counted from the start of `records`.
    pub(super) fn find(&self, records: &Range<usize>, sequence: u128) -> Option<usize> {
        self.entries[records.clone()].binary_search_by_key(&sequence, |entry| entry.sequence).ok()
    }

    /// A summary of some of the records, as a window keeps it; `None` when there are none.
    pub(super) fn taken(&self, records: Range<usize>) -> Option<Taken> {
        let entries = self.entries.get(records)?;
        let (first, last) = (entries.first()?, entries.last()?);
        Some(Taken {
            records: entries.len(),
            sequences: (first.sequence, last.sequence),
            arrivals_ms: (first.arrived_ms, last.arrived_ms),
        })
    }
}
