//! The order of a FIFO queue: messages by group, and which groups a receive may take from.
//!
//! A group is open when none of its messages is in flight and its first message is not delayed. An open group hands out
//! its messages from the first on; the others block it until they are deleted or visible again [FIFO queue delivery logic,
//! Amazon SQS developer guide].

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// The groups of one queue. Messages are known by their numbers, which grow in the order of sending.
#[derive(Debug, Default)]
pub(super) struct Groups {
    groups: HashMap<Arc<str>, Group>,
    /// The open groups by the number of their first message: who has waited longest is served first.
    open: BTreeMap<u64, Arc<str>>,
}

#[derive(Debug, Default)]
struct Group {
    visible: BTreeSet<u64>,
    delayed: BTreeSet<u64>,
    in_flight: usize,
}

/// Where a message of a group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Visible,
    Delayed,
    InFlight,
}

impl Groups {
    /// How many groups a receive could take from now.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    /// The first message that a receive may take.
    pub(super) fn first(&self) -> Option<u64> {
        self.open.first_key_value().map(|(number, _)| *number)
    }

    /// The message behind `number` in its group, when it can be handed out together with it.
    pub(super) fn following(&self, group: &str, number: u64) -> Option<u64> {
        let group = self.groups.get(group)?;
        let next = *group.visible.range(number + 1..).next()?;
        group.delayed.first().is_none_or(|delayed| next < *delayed).then_some(next)
    }

    /// A message comes to stand in its group.
    pub(super) fn enter(&mut self, group: &Arc<str>, number: u64, standing: Standing) {
        self.change(group, |group| match standing {
            Standing::Visible => _ = group.visible.insert(number),
            Standing::Delayed => _ = group.delayed.insert(number),
            Standing::InFlight => group.in_flight += 1,
        });
    }

    /// A message leaves where it stands.
    pub(super) fn leave(&mut self, group: &Arc<str>, number: u64, standing: Standing) {
        self.change(group, |group| match standing {
            Standing::Visible => _ = group.visible.remove(&number),
            Standing::Delayed => _ = group.delayed.remove(&number),
            Standing::InFlight => group.in_flight -= 1,
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
    /// The first message when the group is open.
    fn head(&self) -> Option<u64> {
        let head = *self.visible.first()?;
        let delayed = self.delayed.first().is_some_and(|delayed| *delayed < head);
        (self.in_flight == 0 && !delayed).then_some(head)
    }

    fn is_empty(&self) -> bool {
        self.in_flight == 0 && self.visible.is_empty() && self.delayed.is_empty()
    }
}
