//! Time to live: deletes items when the time in their TTL attribute has passed.

use std::{
    collections::BTreeSet,
    sync::{Arc, Weak},
};

use tokio::sync::Notify;

use super::{
    item::Item,
    key::Key,
    key_schema::KeySchema,
    stream::Cause,
    table::{Contents, Table},
    value::AttributeValue,
};
use crate::clock::Clock;

/// Items that expired longer ago than this are kept, in seconds [Using time to live (TTL) in DynamoDB].
const TOO_OLD: i64 = 5 * 365 * 24 * 60 * 60;
/// How many items are deleted before the table's lock is released.
const BATCH: usize = 100;

/// When the items of a table expire.
#[derive(Debug)]
pub(crate) struct Expiry {
    pub(crate) attribute: String,
    /// By time in seconds since the epoch.
    due: BTreeSet<(i64, Key)>,
    /// Notified when an item may expire earlier, and when time to live is switched off.
    changed: Arc<Notify>,
}

impl Expiry {
    /// Without the expiry times of items that exist.
    pub(crate) fn new(attribute: String) -> Self {
        Self { attribute, due: BTreeSet::new(), changed: Arc::default() }
    }

    /// What is notified, which tells one period of time to live from another.
    pub(crate) fn changed(&self) -> &Arc<Notify> {
        &self.changed
    }

    /// Updates the expiry time after a change of the item with the key.
    pub(crate) fn replace(&mut self, key: &Key, old: Option<&Item>, new: Option<&Item>) {
        let (old, new) = (self.time(old), self.time(new));
        if old == new {
            return;
        }
        if let Some(old) = old {
            self.due.remove(&(old, key.clone()));
        }
        if let Some(new) = new {
            self.due.insert((new, key.clone()));
            if self.due.first().is_some_and(|(first, _)| *first == new) {
                self.changed.notify_one();
            }
        }
    }

    fn time(&self, item: Option<&Item>) -> Option<i64> {
        match item?.get(&self.attribute)? {
            AttributeValue::N(number) => number.as_i64(),
            _ => None,
        }
    }
}

impl Drop for Expiry {
    fn drop(&mut self) {
        self.changed.notify_one();
    }
}

impl Contents {
    /// Deletes expired items, at most [`BATCH`]. Returns when to call this again, in ms since the epoch; `None` if no item
    /// has an expiry time.
    fn expire(&mut self, schema: &KeySchema, now_ms: i64) -> Option<i64> {
        let now = now_ms.div_euclid(1000);
        for _ in 0..BATCH {
            let expiry = self.expiry.as_mut()?;
            let (time, _) = expiry.due.first()?;
            if *time > now {
                return Some(*time * 1000);
            }
            let (time, key) = expiry.due.pop_first()?;
            if now - time <= TOO_OLD
                && let Some(item) = self.items.get(&key).cloned()
            {
                self.replace(schema, &key, Some(&item), None, now_ms, Cause::Expiry);
            }
        }
        Some(now_ms)
    }
}

/// Deletes items of the table as they expire, until time to live is switched off or the table is deleted.
pub(crate) fn watch(table: &Arc<Table>, clock: Clock) {
    let Some(changed) = table.read_contents().expiry.as_ref().map(|expiry| Arc::clone(&expiry.changed))
    else {
        return;
    };
    let table = Arc::downgrade(table);
    tokio::spawn(async move {
        while let Some(next) = step(&table, &changed, clock.now_ms()) {
            tokio::select! {
                () = changed.notified() => {}
                () = clock.sleep_until(next) => {}
            }
        }
    });
}

/// One round. `None` when time to live was switched off or set anew, or the table was deleted.
fn step(table: &Weak<Table>, changed: &Arc<Notify>, now_ms: i64) -> Option<i64> {
    let table = table.upgrade()?;
    let mut contents = table.write_contents();
    if !Arc::ptr_eq(&contents.expiry.as_ref()?.changed, changed) {
        return None;
    }
    // No item has an expiry time: wait long, because any change wakes the task.
    Some(contents.expire(&table.schema, now_ms).unwrap_or(now_ms + 365 * 24 * 60 * 60 * 1000))
}
