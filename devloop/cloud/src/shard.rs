//! An append-only log that wakes its readers and drops old records. A Kinesis shard and a shard of a table stream both are
//! such a log.

use std::{
    collections::VecDeque,
    fmt::Debug,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::{
    cause,
    kept::{Budget, Kept, Sheds},
};

/// How many bytes of records a log keeps. Beyond that the oldest go, but none that a [`Hold`] still needs.
pub(crate) const KEPT_BYTES: usize = 512 << 20;

/// The most memory of all logs of a service together, which includes what each record takes besides its bytes.
pub(crate) const MEMORY: usize = 2 << 30;

/// About how many bytes a record takes in memory besides its own.
const OVERHEAD: usize = 200;

/// A reader's position: the smallest sequence number that it still needs. Records from there on are kept while the reader
/// has this.
pub(crate) type Hold = Arc<Mutex<u128>>;

/// A record with its position in the log.
#[derive(Debug)]
pub(crate) struct Entry<T> {
    /// The sequence number, which increases along the log; the service gives it a printed form.
    pub(crate) sequence: u128,
    /// When the service accepted the record, in ms since the epoch.
    pub(crate) arrived_ms: i64,
    /// The record's size for the read limits, in bytes.
    pub(crate) bytes: usize,
    /// The invocation that wrote the record.
    pub(crate) cause: Option<Arc<str>>,
    /// The record itself.
    pub(crate) record: Arc<T>,
}

impl<T> Clone for Entry<T> {
    fn clone(&self) -> Self {
        Self { record: Arc::clone(&self.record), cause: self.cause.clone(), ..*self }
    }
}

/// The starting position of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// The oldest kept record.
    TrimHorizon,
    /// The first record that arrives after now.
    Latest,
    /// The record with this sequence number, or the next one after it.
    At(u128),
    /// The first record after this sequence number.
    After(u128),
    /// The first record that arrived at or after this time, in ms since the epoch.
    Timestamp(i64),
}

/// The result of a read.
#[derive(Debug)]
pub(crate) struct Slice<T> {
    /// The records, oldest first.
    pub(crate) entries: Vec<Entry<T>>,
    /// The position of the next read: the smallest sequence number that was not read.
    pub(crate) next: u128,
    /// How far the reader is behind the newest record, in ms; 0 when it has read everything.
    pub(crate) behind_ms: i64,
    /// Whether the log is closed and `next` is after its last record.
    pub(crate) finished: bool,
}

#[derive(Debug)]
struct Inner<T> {
    entries: VecDeque<Entry<T>>,
    /// The smallest sequence number that the next record may have.
    next: u128,
    bytes: usize,
    /// Its memory, among that of all logs of the service.
    kept: Kept,
    closed: bool,
    holds: Vec<Weak<Mutex<u128>>>,
}

impl<T> Inner<T> {
    /// Drops the oldest records beyond `limit` bytes, as far as no reader needs them.
    fn make_room(&mut self, limit: usize) {
        if self.bytes > limit {
            self.drop_while(|inner| inner.bytes > limit);
        }
    }

    /// Drops the oldest records while `wanted`, as far as no reader needs them.
    fn drop_while(&mut self, wanted: impl Fn(&Self) -> bool) {
        self.holds.retain(|hold| hold.strong_count() > 0);
        let needed = self.holds.iter().filter_map(Weak::upgrade).map(|hold| *hold.lock()).min();
        while wanted(self)
            && self.entries.len() > 1
            && self.entries.front().is_some_and(|entry| needed.is_none_or(|needed| entry.sequence < needed))
        {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.bytes -= entry.bytes;
            self.kept.remove(entry.bytes + OVERHEAD);
        }
    }
}

impl<T: Debug + Send + Sync> Sheds for Mutex<Inner<T>> {
    fn bytes(&self) -> usize {
        self.lock().kept.bytes()
    }

    fn shed(&self, bytes: usize) {
        let mut inner = self.lock();
        let left = inner.kept.bytes().saturating_sub(bytes);
        inner.drop_while(|inner| inner.kept.bytes() > left);
    }
}

/// Why a log takes no more records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// Its own readers are too far behind.
    Log,
    /// So are the readers of all logs together.
    All(usize),
}

impl Full {
    /// The cause and what helps, as the end of a sentence.
    pub(crate) fn why(self) -> String {
        match self {
            Self::Log => format!("its readers are {} MB behind", KEPT_BYTES >> 20),
            Self::All(most) => format!(
                "the readers of all streams together are {} MB behind, the most that the embedded cloud keeps for them; let \
                 them catch up, or disable the event source mappings that are behind (`devloop status` shows them)",
                most >> 20
            ),
        }
    }
}

/// The log of one shard. Appending and reading take O(log n) for n records; waiting costs nothing.
#[derive(Debug)]
pub(crate) struct ShardLog<T> {
    inner: Arc<Mutex<Inner<T>>>,
    /// Sends `Inner::next` to waiting readers, and a last time when the log closes.
    grown: watch::Sender<u128>,
}

impl<T> ShardLog<T> {
    /// An empty log whose first record gets a sequence number of at least `first`. Its memory counts in `budget`.
    pub(crate) fn new(first: u128, budget: &Arc<Budget>) -> Self
    where
        T: Debug + Send + Sync + 'static,
    {
        let inner = Arc::new(Mutex::new(Inner {
            entries: VecDeque::new(),
            next: first,
            bytes: 0,
            kept: Kept::within(budget),
            closed: false,
            holds: Vec::new(),
        }));
        let weak = Arc::downgrade(&inner);
        budget.join(weak);
        Self { inner, grown: watch::Sender::new(first) }
    }

    /// Keeps the records from `from` on for a reader, which moves this position forward.
    pub(crate) fn hold(&self, from: u128) -> Hold {
        let hold = Arc::new(Mutex::new(from));
        self.inner.lock().holds.push(Arc::downgrade(&hold));
        hold
    }

    /// Whether the log may take another record. It may not while its readers are so far behind that it is full of records
    /// which they need, or all logs together are.
    pub(crate) fn room(&self) -> Result<(), Full> {
        let budget = {
            let mut inner = self.inner.lock();
            inner.make_room(KEPT_BYTES);
            if inner.bytes > KEPT_BYTES && inner.entries.len() > 1 {
                return Err(Full::Log);
            }
            if inner.kept.budget().has_room(OVERHEAD) {
                return Ok(());
            }
            Arc::clone(inner.kept.budget())
        };
        if budget.make_room(OVERHEAD) { Ok(()) } else { Err(Full::All(budget.most())) }
    }

    /// How many records are kept, and their bytes.
    pub(crate) fn kept(&self) -> (usize, usize) {
        let inner = self.inner.lock();
        (inner.entries.len(), inner.bytes)
    }

    /// Appends a record and wakes the readers. Its sequence number is `wanted`, or the next free number if `wanted` is not
    /// larger than the last one. `None` when the log is closed.
    pub(crate) fn append(
        &self,
        wanted: u128,
        arrived_ms: i64,
        bytes: usize,
        make: impl FnOnce(u128) -> T,
    ) -> Option<u128> {
        let mut inner = self.inner.lock();
        if inner.closed {
            return None;
        }
        let sequence = wanted.max(inner.next);
        // Two callers may have read the clock in another order than they got here, but finding positions by time needs
        // sorted times.
        let arrived_ms = inner.entries.back().map_or(arrived_ms, |last| last.arrived_ms.max(arrived_ms));
        let record = Arc::new(make(sequence));
        inner.entries.push_back(Entry { sequence, arrived_ms, bytes, cause: cause::first(), record });
        inner.next = sequence + 1;
        inner.bytes += bytes;
        inner.kept.add(bytes + OVERHEAD);
        inner.make_room(KEPT_BYTES);
        // Sent under the lock, so that the value never decreases.
        self.grown.send_replace(sequence + 1);
        Some(sequence)
    }

    /// The sequence number for the first [`ShardLog::read`] from a starting position.
    pub(crate) fn position(&self, start: Start) -> u128 {
        let inner = self.inner.lock();
        match start {
            Start::TrimHorizon => inner.entries.front().map_or(inner.next, |entry| entry.sequence),
            Start::Latest => inner.next,
            Start::At(sequence) => sequence,
            Start::After(sequence) => sequence + 1,
            Start::Timestamp(ms) => {
                let at = inner.entries.partition_point(|entry| entry.arrived_ms < ms);
                inner.entries.get(at).map_or(inner.next, |entry| entry.sequence)
            }
        }
    }

    /// Reads from `from` on: at most `limit` records and about `max_bytes`, but always at least one record.
    pub(crate) fn read(&self, from: u128, limit: usize, max_bytes: usize) -> Slice<T> {
        let inner = self.inner.lock();
        let at = inner.entries.partition_point(|entry| entry.sequence < from);
        let mut entries = Vec::with_capacity(limit.min(inner.entries.len() - at));
        let mut size = 0;
        for entry in inner.entries.range(at..).take(limit) {
            if !entries.is_empty() && size + entry.bytes > max_bytes {
                break;
            }
            size += entry.bytes;
            entries.push(entry.clone());
        }
        let next = match entries.last() {
            Some(last) => last.sequence + 1,
            None => from.max(inner.next),
        };
        let behind_ms = match (entries.last(), inner.entries.back()) {
            (Some(last), Some(newest)) => newest.arrived_ms - last.arrived_ms,
            _ => 0,
        };
        let finished = inner.closed && next >= inner.next;
        Slice { entries, next, behind_ms, finished }
    }

    /// Waits until there is a record at or after `from`, or the log is closed.
    pub(crate) async fn wait(&self, from: u128) {
        let mut grown = self.grown.subscribe();
        loop {
            {
                let inner = self.inner.lock();
                if inner.closed || inner.next > from {
                    return;
                }
            }
            if grown.changed().await.is_err() {
                return;
            }
        }
    }

    /// Drops records that arrived before `before_ms`; returns how many.
    pub(crate) fn trim(&self, before_ms: i64) -> usize {
        let mut inner = self.inner.lock();
        let mut trimmed = 0;
        while inner.entries.front().is_some_and(|entry| entry.arrived_ms < before_ms) {
            inner.drop_first();
            trimmed += 1;
        }
        trimmed
    }

    /// Closes the log: it takes no more records, and readers see its end after they have read the rest.
    pub(crate) fn close(&self) {
        let mut inner = self.inner.lock();
        inner.closed = true;
        self.grown.send_replace(inner.next);
    }

    /// The sequence numbers of the oldest and the newest kept record.
    pub(crate) fn range(&self) -> Option<(u128, u128)> {
        let inner = self.inner.lock();
        Some((inner.entries.front()?.sequence, inner.entries.back()?.sequence))
    }

    /// What a reader at `from` has not read yet: the number of records, and when the oldest of them arrived (in ms since
    /// the epoch).
    pub(crate) fn backlog(&self, from: u128) -> (usize, Option<i64>) {
        let inner = self.inner.lock();
        let at = inner.entries.partition_point(|entry| entry.sequence < from);
        (inner.entries.len() - at, inner.entries.get(at).map(|entry| entry.arrived_ms))
    }
}

#[cfg(test)]
mod tests;
