//! A table: its items, its indexes and its stream behind one lock.

use std::sync::Arc;

use parking_lot::RwLock;

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
use crate::error::ApiError;

/// One table. What never changes is outside the locks.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) id: String,
    /// In ms since the epoch.
    pub(crate) created_ms: i64,
    pub(crate) schema: KeySchema,
    pub(crate) contents: RwLock<Contents>,
    /// Never taken while `contents` is held.
    pub(crate) settings: RwLock<Settings>,
}

/// What a write changes together. Every change goes through [`Contents::replace`], in the order that the stream shows.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) items: Entries,
    /// The size of all items, in bytes.
    pub(crate) bytes: usize,
    pub(crate) indexes: Vec<Index>,
    /// The stream that was last enabled, if any ever was.
    pub(crate) stream: Option<Arc<TableStream>>,
    /// The Kinesis streams that take its changes, or took them.
    pub(crate) destinations: Vec<Destination>,
    pub(crate) expiry: Option<Expiry>,
    /// The table was deleted while a request still held it.
    pub(crate) deleted: bool,
}

impl Contents {
    /// Whether the readers of a stream of changes are so far behind that it takes no more.
    pub(crate) fn is_behind(&self) -> bool {
        self.stream.as_ref().is_some_and(|stream| stream.is_enabled() && !stream.has_room())
            || self.destinations.iter().any(|destination| !destination.has_room())
    }

    /// Replaces `old`, which must be what is stored under `key` of the table's key `schema`, by `new`, and tells indexes and stream. Nothing happens
    /// when both are the same.
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
                // An existing key is kept: only a new item pays for a copy of it.
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

    /// Refuses an item that cannot stand in one of the indexes.
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
