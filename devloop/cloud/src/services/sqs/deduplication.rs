//! The messages that a FIFO queue (or a FIFO topic) has accepted lately, so that duplicates are acknowledged but not added.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use crate::kept::{Budget, Kept};

/// How long a duplicate is recognised after the first message was accepted, in ms. It does not matter whether that message
/// was deleted [Using the message deduplication ID in Amazon SQS].
pub(super) const INTERVAL_MS: i64 = 5 * 60 * 1000;

/// The accepted messages of the last five minutes.
#[derive(Debug, Default)]
pub(crate) struct Accepted {
    by_key: HashMap<Key, First>,
    /// The keys, in the order in which they expire.
    expiring: VecDeque<(i64, Key)>,
    /// Its memory, among that of all queues or topics.
    kept: Kept,
}

/// The deduplication id, and before it the message group if ids are unique only within their group.
type Key = (Option<String>, String);

/// The first message, with which duplicates are acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct First {
    pub(crate) id: String,
    pub(crate) sequence_number: String,
}

impl Accepted {
    /// Nothing was accepted yet. The memory counts in `budget`.
    pub(crate) fn within(budget: &Arc<Budget>) -> Self {
        Self { kept: Kept::within(budget), ..Self::default() }
    }

    /// The first message with this id within the last five minutes, if there is one.
    pub(crate) fn find(&mut self, group: Option<&str>, id: &str, now_ms: i64) -> Option<First> {
        while let Some((until, _)) = self.expiring.front()
            && *until <= now_ms
            && let Some((_, key)) = self.expiring.pop_front()
        {
            self.kept.remove(size(&key));
            self.by_key.remove(&key);
        }
        self.by_key.get(&(group.map(str::to_owned), id.to_owned())).cloned()
    }

    /// Remembers a message that [`Accepted::find`] did not know.
    pub(crate) fn remember(&mut self, group: Option<&str>, id: &str, first: First, now_ms: i64) {
        let key = (group.map(str::to_owned), id.to_owned());
        self.kept.add(size(&key));
        self.expiring.push_back((now_ms + INTERVAL_MS, key.clone()));
        self.by_key.insert(key, first);
    }

    /// How many bytes the ids take in memory.
    pub(super) fn bytes(&self) -> usize {
        self.kept.bytes()
    }
}

/// The bytes of one entry: its key twice, and the message's id and sequence number.
fn size((group, id): &Key) -> usize {
    2 * (group.as_ref().map_or(0, String::len) + id.len()) + 56
}
