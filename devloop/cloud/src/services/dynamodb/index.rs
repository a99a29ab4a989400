//! Secondary indexes: the same items in another order.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    attributes::Lookup,
    item::Item,
    key::{Key, KeyRange},
    key_schema::KeySchema,
    throughput::Capacity,
    value::{self, Attributes},
};
use crate::error::ApiError;

/// Items, ordered by their keys.
pub(crate) type Entries = BTreeMap<Key, Item>;

/// Which attributes an index contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Projection {
    All,
    KeysOnly,
    Include(BTreeSet<String>),
}

#[derive(Debug)]
pub(crate) struct IndexDefinition {
    pub(crate) name: String,
    pub(crate) schema: KeySchema,
    /// The table's own key, which every index contains.
    pub(crate) table_schema: KeySchema,
    pub(crate) projection: Projection,
    /// Whether the index is global; otherwise it is local to the table's partitions.
    pub(crate) global: bool,
}

impl IndexDefinition {
    /// Whether the index contains the attribute.
    pub(crate) fn shows(&self, attribute: &str) -> bool {
        match &self.projection {
            Projection::All => true,
            Projection::KeysOnly => self.is_key(attribute),
            Projection::Include(names) => names.contains(attribute) || self.is_key(attribute),
        }
    }

    /// Whether the index contains every attribute.
    pub(crate) fn shows_all(&self) -> bool {
        self.projection == Projection::All
    }

    fn is_key(&self, attribute: &str) -> bool {
        self.schema.contains(attribute) || self.table_schema.contains(attribute)
    }

    /// The attributes of an item that the index contains.
    pub(crate) fn project(&self, item: &Attributes) -> Attributes {
        let shown = item.iter().filter(|(name, _)| self.shows(name));
        shown.map(|(name, value)| (name, value.clone())).collect()
    }

    /// The size of an item's attributes in the index, in bytes.
    pub(crate) fn bytes(&self, item: &Item) -> usize {
        if self.shows_all() {
            return item.bytes();
        }
        let attributes = item.attributes();
        let shown = attributes.iter().filter(|(name, _)| self.shows(name));
        shown.map(|(name, value)| name.len() + value.size()).sum()
    }

    /// The key attributes that identify an entry of the index: the index's own, then the table's.
    pub(crate) fn place(&self, item: &impl Lookup) -> Attributes {
        let mut place = self.schema.extract(item);
        place.extend(self.table_schema.extract(item));
        place
    }

    /// How many attributes identify an entry of the index.
    pub(crate) fn place_len(&self) -> usize {
        self.table_schema.len()
            + self.schema.attributes().filter(|key| !self.table_schema.contains(&key.name)).count()
    }

    /// The write units of 1 KB that a change of an item costs in the index.
    pub(crate) fn write_units(&self, key: &Key, old: Option<&Item>, new: Option<&Item>) -> usize {
        let entry = |item: Option<&Item>| {
            let item = item?;
            let key = self.schema.of_index(item, key)?;
            Some((key, self.project(&item.attributes())))
        };
        let units = |attributes: &Attributes| value::size(attributes).div_ceil(1024).max(1);
        match (entry(old), entry(new)) {
            (None, None) => 0,
            (Some((_, only)), None) | (None, Some((_, only))) => units(&only),
            (Some((_, old)), Some((_, new))) if old == new => 0,
            (Some((old_key, old)), Some((new_key, new))) if old_key == new_key => {
                units(&old).max(units(&new))
            }
            (Some((_, old)), Some((_, new))) => units(&old) + units(&new),
        }
    }
}

/// An index and its entries.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) definition: Arc<IndexDefinition>,
    /// What a global index takes.
    pub(crate) capacity: Capacity,
    pub(crate) entries: Entries,
    /// The size of all entries, in bytes.
    pub(crate) bytes: usize,
    /// Whether items of the table that were there before it may still be missing.
    pub(crate) is_filling: bool,
}

impl Index {
    /// An index without entries.
    pub(crate) fn new(definition: IndexDefinition, capacity: Capacity) -> Self {
        Self {
            definition: Arc::new(definition),
            capacity,
            entries: Entries::new(),
            bytes: 0,
            is_filling: false,
        }
    }

    /// The entries, for a query or a scan. A new index refuses them until it has all items, with an error that clients of AWS see then
    /// [aws-cloudformation/cloudformation-coverage-roadmap, issue 1075].
    pub(crate) fn filled(&self) -> Result<&Entries, ApiError> {
        if self.is_filling {
            let name = &self.definition.name;
            return Err(ApiError::validation(format!(
                "Cannot read from backfilling global secondary index: {name}"
            )));
        }
        Ok(&self.entries)
    }

    /// Updates the index after a change of the item with the table key `key`.
    pub(crate) fn replace(&mut self, key: &Key, old: Option<&Item>, new: Option<&Item>) {
        let schema = &self.definition.schema;
        let place = |item: Option<&Item>| schema.of_index(item?, key);
        let (old_place, new_place) = (place(old), place(new));
        if let Some(old_place) = old_place
            && Some(&old_place) != new_place.as_ref()
            && let Some(gone) = self.entries.remove(&old_place)
        {
            self.bytes -= self.definition.bytes(&gone);
        }
        if let (Some(new_place), Some(new)) = (new_place, new) {
            self.bytes += self.definition.bytes(new);
            if let Some(gone) = self.entries.insert(new_place, new.clone()) {
                self.bytes -= self.definition.bytes(&gone);
            }
        }
    }
}

/// A part of a table or an index, in reading order.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) items: Vec<Item>,
    /// The sum of the items' sizes, in bytes.
    pub(crate) bytes: usize,
    /// Whether a limit ended the page, so that there may be more items after it.
    pub(crate) limited: bool,
}

/// The most bytes that one page reads [Query, DynamoDB API reference].
const PAGE_BYTES: usize = 1024 * 1024;

impl Page {
    /// Adds items from the range, until the page has `limit` items or [`PAGE_BYTES`] as counted by `bytes`.
    pub(crate) fn read(
        &mut self,
        entries: &Entries,
        range: KeyRange,
        reverse: bool,
        limit: usize,
        bytes: impl Fn(&Item) -> usize,
    ) {
        if range.is_empty() {
            return;
        }
        let mut range = entries.range((range.lower, range.upper));
        let mut next = || if reverse { range.next_back() } else { range.next() };
        while let Some((_, item)) = next() {
            let size = bytes(item);
            if self.bytes + size > PAGE_BYTES && !self.items.is_empty() {
                self.limited = true;
                break;
            }
            self.bytes += size;
            self.items.push(item.clone());
            if self.items.len() == limit {
                self.limited = true;
                break;
            }
        }
    }
}
