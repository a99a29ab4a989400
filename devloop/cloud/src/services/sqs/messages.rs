//! The messages of one queue and the state of each. This has neither a lock nor a clock: the time is a parameter of each
//! call. Every step takes O(log n) for n messages.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

pub(crate) use super::counts::Counts;
use super::{
    groups::{Groups, MessageState},
    message::Message,
};
use crate::{
    aside::drop_aside,
    kept::{Budget, Kept},
};

/// The longest total visibility timeout after a message was received, in ms [Amazon SQS visibility timeout].
const LONGEST_MS: i64 = 12 * 3600 * 1000;

/// About how many bytes a message takes in memory besides its body and attributes.
pub(super) const OVERHEAD: usize = 400;

/// The messages of one queue.
#[derive(Debug)]
pub(super) struct Messages {
    all: HashMap<u64, Stored>,
    order: Order,
    /// The delayed and in-flight messages, by the time in ms since the epoch at which they become visible.
    waiting: BTreeSet<(i64, u64)>,
    /// Every message, by the time when its retention began.
    by_age: BTreeSet<(i64, u64)>,
    delayed: usize,
    bytes: usize,
    /// Its memory, among that of all queues.
    kept: Kept,
    next: u64,
}

/// The order in which visible messages are received.
#[derive(Debug)]
enum Order {
    /// In the order in which they became visible: the position in this order, and the message's number.
    Standard(BTreeMap<u64, u64>),
    /// In order within each message group.
    Fifo(Groups),
}

#[derive(Debug)]
struct Stored {
    message: Arc<Message>,
    place: Phase,
    /// When the retention began, in ms since the epoch.
    enqueued_ms: i64,
    /// How often the message was received. The latest receipt handle contains this number.
    receives: u32,
    first_received_ms: Option<i64>,
    received_ms: i64,
    dead_letter_source: Option<Arc<str>>,
}

/// Where a message is on its way to a receiver.
#[derive(Debug, Clone, Copy)]
enum Phase {
    /// With its position among the visible messages.
    Visible(u64),
    /// Until this time, in ms since the epoch.
    Delayed(i64),
    /// Until this time, in ms since the epoch.
    InFlight(i64),
}

/// A message that is added.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) message: Arc<Message>,
    /// When its retention starts, in ms since the epoch.
    pub(super) enqueued_ms: i64,
    /// When it becomes visible; `None` for at once.
    pub(super) due_ms: Option<i64>,
    /// The source queue, if it is a dead letter.
    pub(super) dead_letter_source: Option<Arc<str>>,
}

/// A message that was received.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) number: u64,
    pub(super) message: Arc<Message>,
    pub(super) receives: u32,
    pub(super) first_received_ms: i64,
    pub(super) dead_letter_source: Option<Arc<str>>,
}

/// A message that was removed, and its source queue if it is a dead letter.
pub(super) type Withdrawn = (Arc<Message>, Option<Arc<str>>);

/// The outcome of [`Messages::hide_until`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hidden {
    Done,
    /// The message was deleted, is visible, or was received again.
    NotInFlight,
    /// The message would be invisible for more than twelve hours after it was received.
    TooLong,
}

impl Messages {
    /// No messages; `fifo` says whether this is a FIFO queue. Their memory counts in `budget`.
    pub(super) fn new(fifo: bool, budget: &Arc<Budget>) -> Self {
        let order = if fifo { Order::Fifo(Groups::default()) } else { Order::Standard(BTreeMap::new()) };
        Self {
            all: HashMap::new(),
            order,
            waiting: BTreeSet::new(),
            by_age: BTreeSet::new(),
            delayed: 0,
            bytes: 0,
            kept: Kept::within(budget),
            next: 0,
        }
    }

    /// Adds a message and returns its number.
    pub(super) fn insert(&mut self, incoming: Incoming) -> u64 {
        let Incoming { message, enqueued_ms, due_ms, dead_letter_source } = incoming;
        let number = self.number();
        self.by_age.insert((enqueued_ms, number));
        self.bytes += message.bytes();
        self.kept.add(message.bytes() + OVERHEAD);
        let place = Phase::Delayed(due_ms.unwrap_or_default());
        let stored = Stored {
            message,
            place,
            enqueued_ms,
            receives: 0,
            first_received_ms: None,
            received_ms: 0,
            dead_letter_source,
        };
        self.all.insert(number, stored);
        match due_ms {
            Some(due) => self.enter(number, Phase::Delayed(due)),
            None => self.show(number),
        }
        number
    }

    /// Drops messages that are older than the retention, and makes messages visible that are due at `now_ms`.
    pub(super) fn settle(&mut self, now_ms: i64, retention_ms: i64) {
        while let Some((enqueued, number)) = self.by_age.first().copied()
            && enqueued + retention_ms <= now_ms
        {
            self.remove(number);
        }
        while let Some((due, number)) = self.waiting.first().copied()
            && due <= now_ms
        {
            self.leave(number);
            self.show(number);
        }
    }

    /// Receives up to `most` visible messages, which stay invisible until `until_ms`. With a limit of receives, messages
    /// that have reached it are removed and returned in the second list.
    pub(super) fn take(
        &mut self,
        now_ms: i64,
        most: usize,
        until_ms: i64,
        max_receives: Option<u32>,
    ) -> (Vec<Taken>, Vec<Arc<Message>>) {
        let (mut taken, mut dead) = (Vec::new(), Vec::new());
        while taken.len() < most {
            let Some(first) = self.first() else { break };
            let mut next = Some(first);
            // In a FIFO queue, messages of one group are taken first until it has no more, because the group closes with
            // its first message.
            while let Some(number) = next.take()
                && taken.len() < most
                && let Some(stored) = self.all.get(&number)
            {
                let following = match (&self.order, &stored.message.group) {
                    (Order::Fifo(groups), Some(group)) => groups.following(group, number),
                    _ => None,
                };
                if max_receives.is_some_and(|max| stored.receives >= max) {
                    dead.push(Arc::clone(&stored.message));
                    self.remove(number);
                } else {
                    taken.extend(self.hand_out(number, now_ms, until_ms));
                }
                next = following;
            }
        }
        (taken, dead)
    }

    fn first(&self) -> Option<u64> {
        match &self.order {
            Order::Standard(order) => order.first_key_value().map(|(_, number)| *number),
            Order::Fifo(groups) => groups.first(),
        }
    }

    fn hand_out(&mut self, number: u64, now_ms: i64, until_ms: i64) -> Option<Taken> {
        self.leave(number);
        self.enter(number, Phase::InFlight(until_ms));
        let stored = self.all.get_mut(&number)?;
        stored.receives += 1;
        stored.received_ms = now_ms;
        stored.first_received_ms.get_or_insert(now_ms);
        Some(stored.taken(number))
    }

    /// Receives the messages of an earlier attempt again, if nothing has happened to them since.
    pub(super) fn repeat(&mut self, receipts: &[(u64, u32)], until_ms: i64) -> Option<Vec<Taken>> {
        let untouched = |(number, receive): &(u64, u32)| self.in_flight(*number, *receive).is_some();
        if !receipts.iter().all(untouched) {
            return None;
        }
        for (number, _) in receipts {
            self.leave(*number);
            self.enter(*number, Phase::InFlight(until_ms));
        }
        receipts.iter().map(|(number, _)| Some(self.all.get(number)?.taken(*number))).collect()
    }

    /// Deletes a message if `receive` is its latest receive; an older receipt changes nothing.
    pub(super) fn delete(&mut self, number: u64, receive: u32) {
        if self.all.get(&number).is_some_and(|stored| stored.receives == receive) {
            self.remove(number);
        }
    }

    /// Whether the message is in flight with this receive; `None` if it is not.
    pub(super) fn in_flight(&self, number: u64, receive: u32) -> Option<()> {
        let stored = self.all.get(&number)?;
        (stored.receives == receive && matches!(stored.place, Phase::InFlight(_))).then_some(())
    }

    /// Whether the message exists, in whatever state.
    pub(super) fn holds(&self, number: u64) -> bool {
        self.all.contains_key(&number)
    }

    /// Changes when a message in flight becomes visible to `until_ms`.
    pub(super) fn hide_until(&mut self, number: u64, receive: u32, until_ms: i64) -> Hidden {
        if self.in_flight(number, receive).is_none() {
            return Hidden::NotInFlight;
        }
        if self.all.get(&number).is_some_and(|stored| until_ms > stored.received_ms + LONGEST_MS) {
            return Hidden::TooLong;
        }
        self.leave(number);
        self.enter(number, Phase::InFlight(until_ms));
        Hidden::Done
    }

    /// Removes up to `most` visible messages; returns them with their source queues.
    pub(super) fn withdraw(&mut self, most: usize) -> Vec<Withdrawn> {
        let mut withdrawn = Vec::new();
        while withdrawn.len() < most
            && let Some(number) = self.first()
            && let Some(stored) = self.all.get(&number)
        {
            withdrawn.push((Arc::clone(&stored.message), stored.dead_letter_source.clone()));
            self.remove(number);
        }
        withdrawn
    }

    /// When the next message becomes visible by itself, in ms since the epoch.
    pub(super) fn next_due(&self) -> Option<i64> {
        self.waiting.first().map(|(due, _)| *due)
    }

    /// How many receivers could get messages now: one for each visible message of a standard queue, or for each open group
    /// of a FIFO queue.
    pub(super) fn receivable(&self) -> usize {
        match &self.order {
            Order::Standard(order) => order.len(),
            Order::Fifo(groups) => groups.open(),
        }
    }

    /// The number of messages in each state.
    pub(super) fn counts(&self) -> Counts {
        Counts {
            visible: self.all.len() - self.waiting.len(),
            in_flight: self.waiting.len() - self.delayed,
            delayed: self.delayed,
        }
    }

    /// The bytes of all bodies and attributes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The memory of all queues.
    pub(super) fn budget(&self) -> &Arc<Budget> {
        self.kept.budget()
    }

    /// When the oldest message was sent, in ms since the epoch.
    pub(super) fn oldest(&self) -> Option<i64> {
        self.by_age.first().map(|(enqueued, _)| *enqueued)
    }

    /// Removes all messages.
    pub(super) fn clear(&mut self) {
        let emptied = Self::new(matches!(self.order, Order::Fifo(_)), self.kept.budget());
        let mut gone = std::mem::replace(self, Self { next: self.next, ..emptied });
        gone.kept.set(0);
        drop_aside(gone);
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Makes a message visible: in a standard queue after all others, in a FIFO queue at its own place in its group.
    fn show(&mut self, number: u64) {
        let place = match self.order {
            Order::Standard(_) => self.number(),
            Order::Fifo(_) => number,
        };
        self.enter(number, Phase::Visible(place));
    }

    /// Gives a message a state.
    fn enter(&mut self, number: u64, place: Phase) {
        let Some(stored) = self.all.get_mut(&number) else { return };
        stored.place = place;
        match place {
            Phase::Delayed(due) | Phase::InFlight(due) => _ = self.waiting.insert((due, number)),
            Phase::Visible(_) => {}
        }
        self.delayed += usize::from(matches!(place, Phase::Delayed(_)));
        match (&mut self.order, place, &stored.message.group) {
            (Order::Standard(order), Phase::Visible(at), _) => _ = order.insert(at, number),
            (Order::Fifo(groups), place, Some(group)) => groups.enter(group, number, place.state()),
            _ => {}
        }
    }

    /// Takes a message out of its state.
    fn leave(&mut self, number: u64) {
        let Some(stored) = self.all.get(&number) else { return };
        match stored.place {
            Phase::Delayed(due) | Phase::InFlight(due) => _ = self.waiting.remove(&(due, number)),
            Phase::Visible(_) => {}
        }
        self.delayed -= usize::from(matches!(stored.place, Phase::Delayed(_)));
        match (&mut self.order, stored.place, &stored.message.group) {
            (Order::Standard(order), Phase::Visible(at), _) => _ = order.remove(&at),
            (Order::Fifo(groups), place, Some(group)) => groups.leave(group, number, place.state()),
            _ => {}
        }
    }

    fn remove(&mut self, number: u64) {
        self.leave(number);
        if let Some(stored) = self.all.remove(&number) {
            self.by_age.remove(&(stored.enqueued_ms, number));
            self.bytes -= stored.message.bytes();
            self.kept.remove(stored.message.bytes() + OVERHEAD);
        }
    }
}

impl Stored {
    fn taken(&self, number: u64) -> Taken {
        Taken {
            number,
            message: Arc::clone(&self.message),
            receives: self.receives,
            first_received_ms: self.first_received_ms.unwrap_or(self.received_ms),
            dead_letter_source: self.dead_letter_source.clone(),
        }
    }
}

impl Phase {
    fn state(self) -> MessageState {
        match self {
            Self::Visible(_) => MessageState::Visible,
            Self::Delayed(_) => MessageState::Delayed,
            Self::InFlight(_) => MessageState::InFlight,
        }
    }
}
