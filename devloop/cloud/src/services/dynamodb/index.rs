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
    settings::IndexThroughput,
    value::{self, Attributes},
};

/// Items in the order of their keys.
pub(crate) type Entries = BTreeMap<Key, Item>;

/// Which attributes an index shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Projection {
    All,
    KeysOnly,
    Include(BTreeSet<String>),
}

/// What an index is.
#[derive(Debug)]
pub(crate) struct IndexDefinition {
    pub(crate) name: String,
    pub(crate) schema: KeySchema,
    /// The table's own key, which every index shows.
    pub(crate) table_schema: KeySchema,
    pub(crate) projection: Projection,
    /// Global, or else local to the table's partitions.
    pub(crate) global: bool,
}

impl IndexDefinition {
    /// Whether the index shows the attribute.
    pub(crate) fn shows(&self, attribute: &str) -> bool {
        match &self.projection {
            Projection::All => true,
            Projection::KeysOnly => self.is_key(attribute),
            Projection::Include(names) => names.contains(attribute) || self.is_key(attribute),
        }
    }

    /// Whether the index shows every attribute.
    pub(crate) fn shows_all(&self) -> bool {
        self.projection == Projection::All
    }

    fn is_key(&self, attribute: &str) -> bool {
        self.schema.contains(attribute) || self.table_schema.contains(attribute)
    }

    /// What the index shows of an item.
    pub(crate) fn project(&self, item: &Attributes) -> Attributes {
        let shown = item.iter().filter(|(name, _)| self.shows(name));
        shown.map(|(name, value)| (name, value.clone())).collect()
    }

    /// The size of what the index shows of an item, in bytes.
    pub(crate) fn bytes(&self, item: &Item) -> usize {
        if self.shows_all() {
            return item.bytes();
        }
        let attributes = item.attributes();
        let shown = attributes.iter().filter(|(name, _)| self.shows(name));
        shown.map(|(name, value)| name.len() + value.size()).sum()
    }

    /// The key attributes that tell a place in the index: its own, then the table's.
    pub(crate) fn place(&self, item: &impl Lookup) -> Attributes {
        let mut place = self.schema.extract(item);
        place.extend(self.table_schema.extract(item));
        place
    }

    /// How many attributes tell a place in the index.
    pub(crate) fn place_len(&self) -> usize {
        self.table_schema.len()
            + self.schema.attributes().filter(|key| !self.table_schema.contains(&key.name)).count()
    }

    /// What a change of an item costs in the index, in write units of 1 KB.
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

/// An index and what is in it.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) definition: Arc<IndexDefinition>,
    /// What a global index was given.
    pub(crate) throughput: IndexThroughput,
    pub(crate) entries: Entries,
    /// The size of what the index shows, in bytes.
    pub(crate) bytes: usize,
}

impl Index {
    /// An index with every item of the table that belongs into it.
    pub(crate) fn new(definition: IndexDefinition, throughput: IndexThroughput, items: &Entries) -> Self {
        let mut index =
            Self { definition: Arc::new(definition), throughput, entries: Entries::new(), bytes: 0 };
        for (key, item) in items {
            index.replace(key, None, Some(item));
        }
        index
    }

    /// Follows a change of the item with the table key `key`.
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
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) items: Vec<Item>,
    /// The sum of the items' sizes, in bytes.
    pub(crate) bytes: usize,
    /// A limit ended the page, so there may be more behind it.
    pub(crate) limited: bool,
}

/// The most that one page reads, in bytes. [Query, `DynamoDB` API reference]
const PAGE_BYTES: usize = 1024 * 1024;

/// Reads up to `limit` items and [`PAGE_BYTES`] (by `bytes` of each) from the range.
pub(crate) fn page(
    entries: &Entries,
    range: KeyRange,
    reverse: bool,
    limit: usize,
    bytes: impl Fn(&Item) -> usize,
) -> Page {
    let mut page = Page { items: Vec::new(), bytes: 0, limited: false };
    if range.is_empty() {
        return page;
    }
    let mut range = entries.range((range.lower, range.upper));
    let mut next = || if reverse { range.next_back() } else { range.next() };
    while let Some((_, item)) = next() {
        let size = bytes(item);
        if page.bytes + size > PAGE_BYTES && !page.items.is_empty() {
            page.limited = true;
            break;
        }
        page.bytes += size;
        page.items.push(item.clone());
        if page.items.len() == limit {
            page.limited = true;
            break;
        }
    }
    page
}
