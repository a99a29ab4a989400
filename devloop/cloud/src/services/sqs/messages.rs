//! The messages of one queue and where each of them stands. Knows no lock and no clock: the time comes with each call,
//! and every step takes O(log n) in what is stored.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use super::message::Message;

/// The messages of one queue.
#[derive(Debug, Default)]
pub(super) struct Messages {
    all: HashMap<u64, Stored>,
    /// The messages that a receive may take, in the order in which they became visible.
    ready: BTreeMap<u64, u64>,
    /// The delayed and the invisible messages by the time at which they become visible, in ms since the epoch.
    waiting: BTreeSet<(i64, u64)>,
    /// Every message by the time it was sent, for the retention.
    by_age: BTreeSet<(i64, u64)>,
    delayed: usize,
    next: u64,
}

#[derive(Debug)]
struct Stored {
    message: Arc<Message>,
    place: Place,
    /// How often the message was handed out; the last receipt carries this number.
    receives: u32,
    first_received_ms: Option<i64>,
    dead_letter_source: Option<Arc<str>>,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    Ready(u64),
    Delayed(i64),
    InFlight(i64),
}

/// A message that was handed out.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) number: u64,
    pub(super) message: Arc<Message>,
    pub(super) receives: u32,
    pub(super) first_received_ms: i64,
    pub(super) dead_letter_source: Option<Arc<str>>,
}

/// How many messages stand where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Counts {
    /// Messages that a receive would get.
    pub(crate) visible: usize,
    /// Messages that were received and neither deleted nor given back.
    pub(crate) in_flight: usize,
    /// Messages that were sent with a delay which is not over.
    pub(crate) delayed: usize,
}

impl Messages {
    /// Adds a message that becomes visible at `due_ms`, or at once without one.
    pub(super) fn insert(
        &mut self,
        message: Arc<Message>,
        due_ms: Option<i64>,
        dead_letter_source: Option<Arc<str>>,
    ) {
        let number = self.number();
        self.by_age.insert((message.sent_ms, number));
        let place = match due_ms {
            Some(due) => {
                self.waiting.insert((due, number));
                self.delayed += 1;
                Place::Delayed(due)
            }
            None => self.place_ready(number),
        };
        let stored = Stored { message, place, receives: 0, first_received_ms: None, dead_letter_source };
        self.all.insert(number, stored);
    }

    /// Forgets what is older than the retention and makes visible what is due at `now_ms`.
    pub(super) fn settle(&mut self, now_ms: i64, retention_ms: i64) {
        while let Some((sent, number)) = self.by_age.first().copied()
            && sent + retention_ms <= now_ms
        {
            self.remove(number);
        }
        while let Some((due, number)) = self.waiting.first().copied()
            && due <= now_ms
        {
            self.leave(number);
            let place = self.place_ready(number);
            self.put(number, place);
        }
    }

    /// Hands out up to `most` visible messages until `until_ms`. With a limit on receives, the messages that reached it
    /// leave the queue; they are the second list.
    pub(super) fn take(
        &mut self,
        now_ms: i64,
        most: usize,
        until_ms: i64,
        max_receives: Option<u32>,
    ) -> (Vec<Taken>, Vec<Arc<Message>>) {
        let (mut taken, mut dead) = (Vec::new(), Vec::new());
        while taken.len() < most {
            let Some((_, number)) = self.ready.pop_first() else { break };
            let Some(stored) = self.all.get_mut(&number) else { continue };
            if max_receives.is_some_and(|max| stored.receives >= max) {
                dead.push(Arc::clone(&stored.message));
                self.remove(number);
                continue;
            }
            stored.receives += 1;
            stored.place = Place::InFlight(until_ms);
            taken.push(Taken {
                number,
                message: Arc::clone(&stored.message),
                receives: stored.receives,
                first_received_ms: *stored.first_received_ms.get_or_insert(now_ms),
                dead_letter_source: stored.dead_letter_source.clone(),
            });
            self.waiting.insert((until_ms, number));
        }
        (taken, dead)
    }

    /// Deletes a message when `receive` is its latest one; an older receipt changes nothing.
    pub(super) fn delete(&mut self, number: u64, receive: u32) {
        if self.all.get(&number).is_some_and(|stored| stored.receives == receive) {
            self.remove(number);
        }
    }

    /// Makes a message that is in flight visible at `until_ms` instead; whether it was in flight.
    pub(super) fn hide_until(&mut self, number: u64, receive: u32, until_ms: i64) -> bool {
        let in_flight = self
            .all
            .get(&number)
            .is_some_and(|stored| stored.receives == receive && matches!(stored.place, Place::InFlight(_)));
        if in_flight {
            self.leave(number);
            self.waiting.insert((until_ms, number));
            self.put(number, Place::InFlight(until_ms));
        }
        in_flight
    }

    /// When the next message becomes visible by itself, in ms since the epoch.
    pub(super) fn next_due(&self) -> Option<i64> {
        self.waiting.first().map(|(due, _)| *due)
    }

    /// How many messages stand where.
    pub(super) fn counts(&self) -> Counts {
        Counts {
            visible: self.ready.len(),
            in_flight: self.waiting.len() - self.delayed,
            delayed: self.delayed,
        }
    }

    /// When the oldest message was sent, in ms since the epoch.
    pub(super) fn oldest(&self) -> Option<i64> {
        self.by_age.first().map(|(sent, _)| *sent)
    }

    /// Forgets every message.
    pub(super) fn clear(&mut self) {
        *self = Self { next: self.next, ..Self::default() };
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn place_ready(&mut self, number: u64) -> Place {
        let order = self.number();
        self.ready.insert(order, number);
        Place::Ready(order)
    }

    fn put(&mut self, number: u64, place: Place) {
        if let Some(stored) = self.all.get_mut(&number) {
            stored.place = place;
        }
    }

    /// Takes a message out of the order it stands in.
    fn leave(&mut self, number: u64) {
        let Some(stored) = self.all.get(&number) else { return };
        match stored.place {
            Place::Ready(order) => {
                self.ready.remove(&order);
            }
            Place::InFlight(due) => {
                self.waiting.remove(&(due, number));
            }
            Place::Delayed(due) => {
                self.waiting.remove(&(due, number));
                self.delayed -= 1;
            }
        }
    }

    fn remove(&mut self, number: u64) {
        self.leave(number);
        if let Some(stored) = self.all.remove(&number) {
            self.by_age.remove(&(stored.message.sent_ms, number));
        }
    }
}
