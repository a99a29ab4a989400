//! An append-only log that wakes its readers and drops old records. A Kinesis shard and a shard of a table stream both are
//! such a log.

use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use tokio::sync::watch;

use crate::cause;

/// How many bytes of records a log keeps. Beyond that the oldest go, but none that a [`Hold`] still needs.
pub(crate) const KEPT_BYTES: usize = 512 << 20;

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
    closed: bool,
    holds: Vec<Weak<Mutex<u128>>>,
}

impl<T> Inner<T> {
    /// Drops the oldest records beyond `limit` bytes, as far as no reader needs them.
    fn make_room(&mut self, limit: usize) {
        if self.bytes <= limit {
            return;
        }
        self.holds.retain(|hold| hold.strong_count() > 0);
        let needed = self.holds.iter().filter_map(Weak::upgrade).map(|hold| *hold.lock()).min();
        while self.bytes > limit
            && self.entries.len() > 1
            && self.entries.front().is_some_and(|entry| needed.is_none_or(|needed| entry.sequence < needed))
        {
            if let Some(entry) = self.entries.pop_front() {
                self.bytes -= entry.bytes;
            }
        }
    }
}

/// The log of one shard. Appending and reading take O(log n) for n records; waiting costs nothing.
#[derive(Debug)]
pub(crate) struct ShardLog<T> {
    inner: Mutex<Inner<T>>,
    /// Sends `Inner::next` to waiting readers, and a last time when the log closes.
    grown: watch::Sender<u128>,
}

impl<T> ShardLog<T> {
    /// An empty log whose first record gets a sequence number of at least `first`.
    pub(crate) fn new(first: u128) -> Self {
        Self {
            inner: Mutex::new(Inner {
                entries: VecDeque::new(),
                next: first,
                bytes: 0,
                closed: false,
                holds: Vec::new(),
            }),
            grown: watch::Sender::new(first),
        }
    }

    /// Keeps the records from `from` on for a reader, which moves this position forward.
    pub(crate) fn hold(&self, from: u128) -> Hold {
        let hold = Arc::new(Mutex::new(from));
        self.inner.lock().holds.push(Arc::downgrade(&hold));
        hold
    }

    /// Whether the log may take another record. It may not while its readers are so far behind that it is full of records
    /// which they need.
    pub(crate) fn has_room(&self) -> bool {
        let mut inner = self.inner.lock();
        inner.make_room(KEPT_BYTES);
        inner.bytes <= KEPT_BYTES || inner.entries.len() <= 1
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
            if let Some(entry) = inner.entries.pop_front() {
                inner.bytes -= entry.bytes;
                trimmed += 1;
            }
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
mod tests {
    use super::*;

    fn filled() -> ShardLog<u32> {
        let log = ShardLog::new(100);
        for n in 0..5_u32 {
            log.append(0, 1_000 + i64::from(n) * 10, 10, |_| n);
        }
        log
    }

    fn values(slice: &Slice<u32>) -> Vec<u32> {
        slice.entries.iter().map(|entry| *entry.record).collect()
    }

    #[test]
    fn each_start_has_its_position() {
        let log = filled();
        let check = |start, expected: &[u32]| {
            assert_eq!(values(&log.read(log.position(start), 10, 1_000)), expected, "{start:?}");
        };
        check(Start::TrimHorizon, &[0, 1, 2, 3, 4]);
        check(Start::Latest, &[]);
        check(Start::At(102), &[2, 3, 4]);
        check(Start::After(102), &[3, 4]);
        check(Start::Timestamp(1_015), &[2, 3, 4]);
        check(Start::Timestamp(9_999), &[]);
    }

    #[test]
    fn a_read_is_limited_by_count_and_bytes_and_the_next_one_continues() {
        let log = filled();
        let first = log.read(0, 2, 1_000);
        assert_eq!((values(&first), first.next, first.behind_ms), (vec![0, 1], 102, 30));
        let second = log.read(first.next, 10, 25);
        assert_eq!(values(&second), [2, 3]);
        assert_eq!(values(&log.read(second.next, 10, 1)), [4], "one record always fits");
    }

    #[test]
    fn trimming_and_closing_are_seen_by_readers() {
        let log = filled();
        assert_eq!(log.trim(1_020), 2);
        assert_eq!(values(&log.read(log.position(Start::TrimHorizon), 10, 1_000)), [2, 3, 4]);
        log.close();
        assert_eq!(log.append(0, 0, 0, |_| 9), None);
        assert!(log.read(0, 10, 1_000).finished);
        assert!(!log.read(0, 1, 1_000).finished);
    }

    #[test]
    fn a_full_log_drops_what_no_reader_needs() {
        let log = ShardLog::new(0);
        let third = KEPT_BYTES / 3;
        let append = |value| log.append(0, 0, third, |_| value).unwrap();
        (0..3).for_each(|value| assert_eq!(append(value), u128::from(value)));
        let hold = log.hold(1);
        assert!(log.has_room());
        append(3);
        assert_eq!(values(&log.read(0, 10, usize::MAX)), [1, 2, 3], "the reader is done with the first");
        append(4);
        assert!(!log.has_room(), "the reader needs the second");
        assert_eq!(values(&log.read(0, 10, usize::MAX)), [1, 2, 3, 4]);
        *hold.lock() = 4;
        assert!(log.has_room());
        assert_eq!(log.kept(), (3, 3 * third));
        drop(hold);
        append(5);
        assert_eq!(values(&log.read(0, 10, usize::MAX)), [3, 4, 5], "nobody reads");
    }

    #[tokio::test]
    async fn a_waiting_reader_is_woken_by_the_append() {
        let log = Arc::new(filled());
        let from = log.position(Start::Latest);
        let reader = tokio::spawn({
            let log = Arc::clone(&log);
            async move {
                log.wait(from).await;
                log.read(from, 10, 1_000).entries.len()
            }
        });
        tokio::task::yield_now().await;
        log.append(0, 2_000, 1, |_| 7);
        assert_eq!(reader.await.unwrap(), 1);
    }
}
