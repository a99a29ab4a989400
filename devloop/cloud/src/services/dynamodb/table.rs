//! A table: its items, its indexes and its stream, behind one lock.

use std::{sync::Arc, time::Duration};

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{
    destination::Destination,
    expiry::Expiry,
    index::{Entries, Index},
    item::Item,
    key::Key,
    key_schema::KeySchema,
    settings::Settings,
    stream::{Cause, TableStream},
};
use crate::{aside::aside, error::ApiError, kept::Kept, shard::Full};

/// One table. Fields that never change are outside the locks.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) id: String,
    /// The time of creation, in ms since the epoch.
    pub(crate) created_ms: i64,
    pub(crate) schema: KeySchema,
    /// See [`Table::read_contents`].
    pub(crate) contents: RwLock<Contents>,
    /// This lock is never taken while `contents` is locked.
    pub(crate) settings: RwLock<Settings>,
}

/// How long a request waits for another one of its table before it lets others use its thread.
const SHORT: Duration = Duration::from_millis(1);

impl Table {
    /// The contents. Where a change of a large item takes long, requests that wait for its end hold up nobody else.
    pub(crate) fn read_contents(&self) -> RwLockReadGuard<'_, Contents> {
        self.contents.try_read_for(SHORT).unwrap_or_else(|| aside(|| self.contents.read()))
    }

    /// The contents, for a change.
    pub(crate) fn write_contents(&self) -> RwLockWriteGuard<'_, Contents> {
        self.contents.try_write_for(SHORT).unwrap_or_else(|| aside(|| self.contents.write()))
    }
}

/// About how many bytes an item takes in memory besides its own, and in each index: its key and its place. An index has no copy of
/// the item.
const OVERHEAD: usize = 200;

/// The parts that a write changes together. Every change goes through [`Contents::replace`], in the order of the stream's
/// records.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) items: Entries,
    /// The size of all items, in bytes.
    pub(crate) bytes: usize,
    /// The memory of items and indexes, among that of all tables.
    pub(crate) kept: Kept,
    pub(crate) indexes: Vec<Index>,
    /// The stream that was enabled last, if there ever was one.
    pub(crate) stream: Option<Arc<TableStream>>,
    /// Kinesis streams that are or were destinations for the table's changes.
    pub(crate) destinations: Vec<Destination>,
    pub(crate) expiry: Option<Expiry>,
    /// Whether the table was deleted while a request still held it.
    pub(crate) deleted: bool,
}

impl Contents {
    /// Whether the streams accept another change; they do not when their readers are too far behind.
    pub(crate) fn streams_have_room(&self) -> Result<(), Full> {
        match &self.stream {
            Some(stream) if stream.is_enabled() => stream.room()?,
            _ => {}
        }
        self.destinations.iter().try_for_each(Destination::room)
    }

    /// Whether an item fits into the memory of all tables in the place of an old one.
    pub(crate) fn has_room(&self, old: Option<&Item>, new: Option<&Item>) -> bool {
        let [old, new] = [old, new].map(|item| item.map_or(0, |item| item.bytes() + OVERHEAD));
        new <= old || self.kept.budget().has_room(new - old)
    }

    /// Counts the memory anew.
    pub(crate) fn measure(&mut self) {
        let entries = self.items.len() + self.indexes.iter().map(|index| index.entries.len()).sum::<usize>();
        self.kept.set(self.bytes + entries * OVERHEAD);
    }

    /// Replaces the item `old` by `new` under `key`, and updates indexes, expiry and streams. `old` must be the stored
    /// item, and `schema` the table's key schema. Does nothing if both are the same.
    pub(crate) fn replace(
        &mut self,
        schema: &KeySchema,
        key: &Key,
        old: Option<&Item>,
        new: Option<&Item>,
        now_ms: i64,
        cause: Cause,
    ) {
        if old == new {
            return;
        }
        match new {
            Some(new) => {
                self.bytes += new.bytes();
                // The stored key is reused; only a new item needs a copy of its key.
                match old.and_then(|_| self.items.get_mut(key)) {
                    Some(place) => *place = new.clone(),
                    None => {
                        self.items.insert(key.clone(), new.clone());
                    }
                }
            }
            None => {
                self.items.remove(key);
            }
        }
        self.bytes -= old.map_or(0, Item::bytes);
        for index in &mut self.indexes {
            index.replace(key, old, new);
        }
        self.measure();
        if let Some(expiry) = &mut self.expiry {
            expiry.replace(key, old, new);
        }
        if let Some(stream) = &self.stream {
            stream.append(old, new, now_ms, cause);
        }
        for destination in &mut self.destinations {
            destination.put(schema, key, old, new, now_ms, cause);
        }
    }

    /// Refuses an item whose attributes cannot be a key of an index.
    pub(crate) fn check_indexes(&self, item: &Item) -> Result<(), ApiError> {
        self.indexes
            .iter()
            .try_for_each(|index| index.definition.schema.check_for_index(item, &index.definition.name))
    }

    /// The index of this name.
    pub(crate) fn index(&self, name: &str) -> Result<&Index, ApiError> {
        self.indexes.iter().find(|index| index.definition.name == name).ok_or_else(|| {
            ApiError::validation(format!("The table does not have the specified index: {name}"))
        })
    }
}
