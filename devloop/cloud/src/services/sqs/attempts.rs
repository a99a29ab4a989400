//! Receive attempts of a FIFO queue: a client that did not get the answer repeats the attempt's id, and gets the same
//! messages with the same receipt handles [`ReceiveMessage`, `ReceiveRequestAttemptId`, Amazon SQS API reference].

use std::collections::{HashMap, VecDeque};

use super::deduplication::INTERVAL_MS;

/// The attempts of the last five minutes.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    by_id: HashMap<String, Vec<(u64, u32)>>,
    expiring: VecDeque<(i64, String)>,
}

impl Attempts {
    /// The message numbers and receive counts that an attempt returned.
    pub(super) fn find(&mut self, id: &str, now_ms: i64) -> Option<&[(u64, u32)]> {
        while let Some((until, _)) = self.expiring.front()
            && *until <= now_ms
            && let Some((_, id)) = self.expiring.pop_front()
        {
            self.by_id.remove(&id);
        }
        self.by_id.get(id).map(Vec::as_slice)
    }

    /// Remembers what an attempt returns.
    pub(super) fn remember(&mut self, id: &str, receipts: Vec<(u64, u32)>, now_ms: i64) {
        if self.by_id.insert(id.to_owned(), receipts).is_none() {
            self.expiring.push_back((now_ms + INTERVAL_MS, id.to_owned()));
        }
    }
}
