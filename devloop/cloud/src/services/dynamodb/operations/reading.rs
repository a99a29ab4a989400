//! A stretch of a table or an index, read for a query or a scan.

use std::{borrow::Cow, sync::Arc};

use serde_json::{Map, Value};

use super::{
    super::{
        expressions::{Condition, PathTree, Placeholders},
        index::{IndexDefinition, Page, page},
        item::Item,
        key::{Key, KeyRange, SortCondition},
        key_schema::KeySchema,
        store::Store,
        table::Table,
        value::{AttributeValue, Attributes, invalid, to_json},
    },
    capacity::{Report, Units, read_units},
    input::Input,
    legacy,
};
use crate::error::ApiError;

/// The words of `Select`, in the order of the service's errors.
pub(super) const SELECT: &[&str] =
    &["SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"];

/// What a query or a scan asks for, before its table is known.
#[derive(Debug)]
pub(super) struct Draft {
    table: String,
    index: Option<String>,
    pub(super) filter: Option<Condition>,
    projection: Option<PathTree>,
    select: Option<&'static str>,
    limit: usize,
    consistent: bool,
    report: Report,
    start: Option<Attributes>,
}

/// What a query or a scan reads.
#[derive(Debug)]
pub(super) struct Reading {
    table: Arc<Table>,
    index: Option<Arc<IndexDefinition>>,
    pub(super) filter: Option<Condition>,
    projection: Option<PathTree>,
    select: Select,
    limit: usize,
    consistent: bool,
    report: Report,
    start: Option<Attributes>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Select {
    /// Everything, fetched from the table when an index does not show it.
    All,
    /// What the index shows.
    Projected,
    /// What the projection expression names.
    Specific,
    Count,
}

/// What becomes of an item that was read.
enum Shown {
    /// The filter does not let it through.
    Hidden,
    /// It is only counted.
    Counted,
    Item(Map<String, Value>),
}

impl Draft {
    /// Takes the members that a query and a scan have in common, but for the expressions.
    pub(super) fn take(
        input: &mut Input,
        table: String,
        select: Option<&'static str>,
        limit: Option<usize>,
        report: Report,
    ) -> Result<Self, ApiError> {
        let projection = legacy::take_attributes(input)?;
        Ok(Self {
            table,
            index: input.text("IndexName")?,
            filter: None,
            projection,
            select,
            limit: limit.unwrap_or(usize::MAX),
            consistent: input.flag("ConsistentRead")?,
            report,
            start: input.attributes("ExclusiveStartKey").map_err(in_start_key)?,
        })
    }

    /// A reading of everything that meets `filter`, which shows what `projection` names.
    pub(super) fn filtered(table: String, filter: Option<Condition>, projection: Option<PathTree>) -> Self {
        Self {
            table,
            index: None,
            filter,
            projection,
            select: None,
            limit: usize::MAX,
            consistent: false,
            report: Report::None,
            start: None,
        }
    }

    /// The same reading of an index.
    pub(super) fn of_index(self, index: Option<String>) -> Self {
        Self { index, ..self }
    }

    /// The same reading, page by page.
    pub(super) fn paged(self, limit: usize, consistent: bool, start: Option<Attributes>) -> Self {
        Self { limit, consistent, start, ..self }
    }

    /// The same reading, which tells what it costs.
    pub(super) fn reported(self, report: Report) -> Self {
        Self { report, ..self }
    }

    /// Takes the projection, and refuses what `Select` does not go with.
    pub(super) fn take_projection(
        &mut self,
        input: &mut Input,
        placeholders: &mut Placeholders,
    ) -> Result<(), ApiError> {
        let old = self.projection.is_some();
        self.check_select(old, input.has("ProjectionExpression"))?;
        if let Some(source) = input.text("ProjectionExpression")? {
            self.projection = Some(PathTree::parse(&source, placeholders)?);
        }
        Ok(())
    }

    fn check_select(&self, old: bool, expression: bool) -> Result<(), ApiError> {
        let Some(select) = self.select else { return Ok(()) };
        let member = if old { "AttributesToGet" } else { "ProjectionExpression" };
        let why = match (select, old || expression) {
            ("SPECIFIC_ATTRIBUTES", true) => return Ok(()),
            ("SPECIFIC_ATTRIBUTES", false) => {
                "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES".to_owned()
            }
            ("COUNT", true) => format!("Cannot specify the {member} when choosing to get only the Count"),
            (select, true) => format!("Cannot specify the {member} when choosing to get {select}"),
            ("ALL_PROJECTED_ATTRIBUTES", false) if self.index.is_none() => {
                "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName".to_owned()
            }
            _ => return Ok(()),
        };
        Err(super::input::enveloped(ApiError::validation(why)))
    }

    /// The reading of the table and the index that it names.
    pub(super) fn resolve(self, store: &Store) -> Result<Reading, ApiError> {
        let table = store.table(&self.table)?;
        let index = match &self.index {
            Some(name) => {
                let contents = table.contents.read();
                let index = contents.index(name);
                if self.consistent && index.as_ref().map_or(true, |index| index.definition.global) {
                    return Err(ApiError::validation(
                        "Consistent reads are not supported on global secondary indexes",
                    ));
                }
                Some(Arc::clone(&index?.definition))
            }
            None => None,
        };
        let select = check_index(self.select, index.as_deref(), self.projection.as_ref())?;
        let Self { filter, projection, limit, consistent, report, start, .. } = self;
        Ok(Reading { table, index, filter, projection, select, limit, consistent, report, start })
    }
}

/// The errors about the type of a value name the starting key; others do not.
fn in_start_key(mut error: ApiError) -> ApiError {
    if error.message.starts_with("Supplied AttributeValue") {
        error.message.insert_str(0, "The provided starting key is invalid: ");
    }
    error
}

/// What is shown, which a global index must hold.
fn check_index(
    select: Option<&str>,
    index: Option<&IndexDefinition>,
    projection: Option<&PathTree>,
) -> Result<Select, ApiError> {
    if let (Some(index), Some(projection)) = (index, projection)
        && index.global
    {
        let hidden: Vec<&str> = projection.attributes().filter(|name| !index.shows(name)).collect();
        if !hidden.is_empty() {
            return Err(invalid(format!(
                "Global secondary index {} does not project [{}]",
                index.name,
                hidden.join(", ")
            )));
        }
    }
    Ok(match (select, index) {
        (_, _) if projection.is_some() => Select::Specific,
        (Some("COUNT"), _) => Select::Count,
        (Some("ALL_ATTRIBUTES"), Some(index)) if index.global && !index.shows_all() => {
            return Err(invalid(format!(
                "Select type ALL_ATTRIBUTES is not supported for global secondary index {} because its projection type is not ALL",
                index.name
            )));
        }
        (Some("ALL_ATTRIBUTES"), _) | (_, None) => Select::All,
        (_, Some(_)) => Select::Projected,
    })
}

impl Reading {
    /// The key that orders what is read.
    pub(super) fn schema(&self) -> &KeySchema {
        self.index.as_ref().map_or(&self.table.schema, |index| &index.schema)
    }

    /// Whether the table itself is read, no index.
    pub(super) fn is_table(&self) -> bool {
        self.index.is_none()
    }

    /// The place behind which reading starts.
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

    /// A scan names the index whose key has another type; of a table with indexes, the first one.
    fn check_scan_start(&self, start: &Attributes) -> Result<(), ApiError> {
        let contents = self.table.contents.read();
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

    /// Whether all partition attributes but the last have the values of the starting key.
    pub(super) fn start_meets_partition(&self, partition: &[AttributeValue]) -> bool {
        let Some(start) = &self.start else { return true };
        let before = partition.len().saturating_sub(1);
        let keys = self.schema().partition.iter().zip(partition).take(before);
        keys.into_iter().all(|(key, value)| start.get(&key.name) == Some(value))
    }

    /// Reads one page of the range.
    pub(super) fn run(&self, range: KeyRange, reverse: bool) -> Result<Value, ApiError> {
        let page = self.page(range, reverse)?;
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
        let capacity = self.units(&page).describe(self.report, &self.table.name, None);
        output.extend(capacity.map(|capacity| ("ConsumedCapacity".to_owned(), capacity)));
        Ok(Value::Object(output))
    }

    fn page(&self, range: KeyRange, reverse: bool) -> Result<Page, ApiError> {
        let contents = self.table.contents.read();
        Ok(match &self.index {
            None => page(&contents.items, range, reverse, self.limit, Item::bytes),
            Some(index) => {
                let entries = &contents.index(&index.name)?.entries;
                page(entries, range, reverse, self.limit, |item| index.bytes(item))
            }
        })
    }

    /// What the page costs. Each item that a local index fetches from its table costs a read of its own.
    /// [Local secondary indexes: provisioned throughput considerations, `DynamoDB` developer guide]
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

    /// Whether a local index must fetch what it does not show.
    fn fetches(&self) -> bool {
        let Some(index) = self.index.as_ref().filter(|index| !index.global && !index.shows_all()) else {
            return false;
        };
        match (self.select, &self.projection) {
            (Select::Specific, Some(projection)) => projection.attributes().any(|name| !index.shows(name)),
            (select, _) => select == Select::All,
        }
    }

    /// What becomes of an item.
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
