//! The message groups of a FIFO queue, and which of them a receive may take from.
//!
//! A group is open when none of its messages is in flight and its first message is not delayed. A receive takes messages of
//! an open group from the first one on; while these are in flight, the group is closed [FIFO queue delivery logic, Amazon
//! SQS developer guide].

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// The groups of one queue. Messages are identified by their numbers, which increase in the order of sending.
#[derive(Debug, Default)]
pub(super) struct Groups {
    groups: HashMap<Arc<str>, Group>,
    /// The open groups by the number of their first message, so that the group that has waited longest comes first.
    open: BTreeMap<u64, Arc<str>>,
}

#[derive(Debug, Default)]
struct Group {
    visible: BTreeSet<u64>,
    delayed: BTreeSet<u64>,
    in_flight: usize,
}

/// The state of a message in its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MessageState {
    Visible,
    Delayed,
    InFlight,
}

impl Groups {
    /// The number of open groups.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    /// The first message that a receive may take.
    pub(super) fn first(&self) -> Option<u64> {
        self.open.first_key_value().map(|(number, _)| *number)
    }

    /// The message after `number` in its group, if it can be received together with it.
    pub(super) fn following(&self, group: &str, number: u64) -> Option<u64> {
        let group = self.groups.get(group)?;
        let next = *group.visible.range(number + 1..).next()?;
        group.delayed.first().is_none_or(|delayed| next < *delayed).then_some(next)
    }

    /// Adds a message with this state to its group.
    pub(super) fn enter(&mut self, group: &Arc<str>, number: u64, state: MessageState) {
        self.change(group, |group| match state {
            MessageState::Visible => _ = group.visible.insert(number),
            MessageState::Delayed => _ = group.delayed.insert(number),
            MessageState::InFlight => group.in_flight += 1,
        });
    }

    /// Removes a message with this state from its group.
    pub(super) fn leave(&mut self, group: &Arc<str>, number: u64, state: MessageState) {
        self.change(group, |group| match state {
            MessageState::Visible => _ = group.visible.remove(&number),
            MessageState::Delayed => _ = group.delayed.remove(&number),
            MessageState::InFlight => group.in_flight -= 1,
        });
    }

    fn change(&mut self, name: &Arc<str>, change: impl FnOnce(&mut Group)) {
        let group = self.groups.entry(Arc::clone(name)).or_default();
        if let Some(head) = group.head() {
            self.open.remove(&head);
        }
        change(group);
        if let Some(head) = group.head() {
            self.open.insert(head, Arc::clone(name));
        } else if group.is_empty() {
            self.groups.remove(name);
        }
    }
}

impl Group {
    /// The first message, if the group is open.
    fn head(&self) -> Option<u64> {
        let head = *self.visible.first()?;
        let delayed = self.delayed.first().is_some_and(|delayed| *delayed < head);
        (self.in_flight == 0 && !delayed).then_some(head)
    }

    fn is_empty(&self) -> bool {
        self.in_flight == 0 && self.visible.is_empty() && self.delayed.is_empty()
    }
}
