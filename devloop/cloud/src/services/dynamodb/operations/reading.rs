//! Reads a range of a table or an index, for a query or a scan.

use std::{borrow::Cow, sync::Arc};

use serde_json::{Map, Value};

use super::{
    super::{
        expressions::{Condition, PathTree},
        index::{IndexDefinition, Page},
        item::Item,
        key::{Key, KeyRange, SortCondition},
        key_schema::KeySchema,
        table::Table,
        value::{AttributeValue, Attributes, invalid, to_json},
    },
    capacity::{Report, Units, read_units},
};
use crate::{
    aside::{LARGE_ITEMS, aside_if},
    error::ApiError,
};

/// A query or a scan, with its table and index.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) table: Arc<Table>,
    pub(super) index: Option<Arc<IndexDefinition>>,
    pub(super) filter: Option<Condition>,
    pub(super) projection: Option<PathTree>,
    pub(super) select: Select,
    pub(super) limit: usize,
    pub(super) consistent: bool,
    pub(super) report: Report,
    pub(super) start: Option<Attributes>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Select {
    /// All attributes; a local index fetches those that it does not contain from the table.
    All,
    /// The attributes that the index contains.
    Projected,
    /// The attributes that the projection expression names.
    Specific,
    Count,
}

/// What happens to an item that was read.
enum Shown {
    /// The filter rejects the item.
    Hidden,
    /// The item is only counted.
    Counted,
    Item(Map<String, Value>),
}

impl Reading {
    /// The key schema in whose order items are read.
    pub(super) fn schema(&self) -> &KeySchema {
        self.index.as_ref().map_or(&self.table.schema, |index| &index.schema)
    }

    /// Whether the table itself is read, not an index.
    pub(super) fn is_table(&self) -> bool {
        self.index.is_none()
    }

    /// The key after which reading starts.
    pub(super) fn start_key(&self, query: bool) -> Result<Option<Key>, ApiError> {
        let Some(start) = &self.start else { return Ok(None) };
        let invalid = || ApiError::validation("The provided starting key is invalid");
        let expected = match &self.index {
            Some(index) => index.place(start),
            None => self.table.schema.extract(start),
        };
        if !query {
            self.check_scan_start(start)?;
        }
        let names = self.index.as_ref().map_or(self.table.schema.len(), |index| index.place_len());
        if expected.len() != start.len() || expected.len() != names {
            return Err(invalid());
        }
        if !self.schema().attributes().all(|key| start.get(&key.name).is_some_and(|value| key.fits(value))) {
            return Err(invalid());
        }
        let own = self.table.schema.of_key(&self.table.schema.extract(start)).map_err(|error| {
            if error.message.contains("cannot contain an empty") { error } else { invalid() }
        })?;
        match &self.index {
            Some(index) => index.schema.of_index(start, &own).map(Some).ok_or_else(invalid),
            None => Ok(Some(own)),
        }
    }

    /// Checks the types in a scan's starting key. The error names the scanned index, or for a scan of the table its first
    /// index.
    fn check_scan_start(&self, start: &Attributes) -> Result<(), ApiError> {
        let contents = self.table.read_contents();
        let index = match &self.index {
            Some(index) => index.name.clone(),
            None => match contents.indexes.first() {
                Some(index) => index.definition.name.clone(),
                None => return Ok(()),
            },
        };
        let schemas = contents.indexes.iter().map(|index| &index.definition.schema);
        let mut keys = std::iter::once(&self.table.schema).chain(schemas).flat_map(KeySchema::attributes);
        let wrong = keys.find_map(|key| {
            let value = start.get(&key.name)?;
            (!key.fits(value)).then_some((key, value))
        });
        match wrong {
            Some((key, value)) => Err(invalid(format!(
                "Type mismatch for Index Key {} Expected: {} Actual: {} IndexName: {index}",
                key.name,
                key.kind.name(),
                value.kind()
            ))),
            None => Ok(()),
        }
    }

    /// Whether the starting key meets the conditions on the sort key.
    pub(super) fn start_meets(&self, equal: &[AttributeValue], last: Option<&SortCondition>) -> bool {
        let Some(start) = &self.start else { return true };
        let mut sort = self.schema().sort.iter();
        let values = equal.iter().zip(&mut sort).all(|(value, key)| start.get(&key.name) == Some(value));
        let meets = |last: &SortCondition| {
            let value = sort.next().and_then(|key| start.get(&key.name));
            value.is_some_and(|value| last.holds(value))
        };
        values && last.is_none_or(meets)
    }

    /// Whether the partition key attributes of the starting key, except the last one, have these values.
    pub(super) fn start_meets_partition(&self, partition: &[AttributeValue]) -> bool {
        let Some(start) = &self.start else { return true };
        let before = partition.len().saturating_sub(1);
        let keys = self.schema().partition.iter().zip(partition).take(before);
        keys.into_iter().all(|(key, value)| start.get(&key.name) == Some(value))
    }

    /// Reads one page of the range.
    pub(super) fn run(&self, range: KeyRange, reverse: bool) -> Result<Value, ApiError> {
        self.run_all(vec![range], reverse)
    }

    /// Reads one page of the ranges, one after another. `reverse` is the order within each range.
    pub(super) fn run_all(&self, ranges: Vec<KeyRange>, reverse: bool) -> Result<Value, ApiError> {
        let page = self.page(ranges, reverse)?;
        Ok(aside_if(page.bytes > LARGE_ITEMS, || self.answer(&page)))
    }

    /// The answer with what the filter and the projection leave of the page.
    fn answer(&self, page: &Page) -> Value {
        let mut items = Vec::new();
        let mut count = 0;
        for item in &page.items {
            match self.show(item) {
                Shown::Hidden => continue,
                Shown::Counted => {}
                Shown::Item(item) => items.push(Value::Object(item)),
            }
            count += 1;
        }
        let mut output = Map::new();
        if self.select != Select::Count {
            output.insert("Items".to_owned(), items.into());
        }
        output.insert("Count".to_owned(), count.into());
        output.insert("ScannedCount".to_owned(), page.items.len().into());
        if let Some(last) = page.items.last().filter(|_| page.limited) {
            let place = match &self.index {
                Some(index) => index.place(last),
                None => self.table.schema.extract(last),
            };
            output.insert("LastEvaluatedKey".to_owned(), to_json(&place).into());
        }
        let capacity = self.units(page).describe(self.report, &self.table.name, None);
        output.extend(capacity.map(|capacity| ("ConsumedCapacity".to_owned(), capacity)));
        Value::Object(output)
    }

    fn page(&self, ranges: Vec<KeyRange>, reverse: bool) -> Result<Page, ApiError> {
        let contents = self.table.read_contents();
        let mut page = Page::default();
        for range in ranges {
            match &self.index {
                None => page.read(&contents.items, range, reverse, self.limit, Item::bytes),
                Some(index) => {
                    let entries = contents.index(&index.name)?.filled()?;
                    page.read(entries, range, reverse, self.limit, |item| index.bytes(item));
                }
            }
            if page.limited {
                break;
            }
        }
        Ok(page)
    }

    /// The units that the page consumes. Each item that a local index fetches from its table costs another read [Local
    /// secondary indexes: provisioned throughput considerations, DynamoDB developer guide].
    fn units(&self, page: &Page) -> Units {
        let mut units = Units::default();
        let cost = read_units(page.bytes, self.consistent);
        match &self.index {
            Some(index) => {
                units.add_index(index, cost);
                if self.fetches() {
                    page.items.iter().for_each(|item| units.add(read_units(item.bytes(), self.consistent)));
                }
            }
            None => units.add(cost),
        }
        units
    }

    /// Whether a local index must fetch attributes that it does not contain.
    fn fetches(&self) -> bool {
        let Some(index) = self.index.as_ref().filter(|index| !index.global && !index.shows_all()) else {
            return false;
        };
        match (self.select, &self.projection) {
            (Select::Specific, Some(projection)) => projection.attributes().any(|name| !index.shows(name)),
            (select, _) => select == Select::All,
        }
    }

    /// Decides what happens to an item.
    fn show(&self, item: &Item) -> Shown {
        let hides = match &self.index {
            Some(index) => !index.shows_all() && (index.global || !self.fetches()),
            None => false,
        };
        let counted = self.select == Select::Count;
        if self.filter.is_none() && self.projection.is_none() && !hides {
            return if counted { Shown::Counted } else { Shown::Item(item.to_json()) };
        }
        let attributes = item.attributes();
        let shown = match &self.index {
            Some(index) if hides => Cow::Owned(index.project(&attributes)),
            _ => Cow::Borrowed(&attributes),
        };
        if self.filter.as_ref().is_some_and(|filter| !filter.holds(&shown)) {
            return Shown::Hidden;
        }
        match &self.projection {
            _ if counted => Shown::Counted,
            Some(projection) => Shown::Item(to_json(&projection.project(&shown))),
            None => Shown::Item(to_json(&shown)),
        }
    }
}
