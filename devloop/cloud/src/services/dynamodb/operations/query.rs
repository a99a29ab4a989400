//! `Query` and `Scan`.

use std::{borrow::Cow, sync::Arc};

use serde_json::{Map, Value};

use super::{
    super::{
        expressions::{Condition, KeyCondition, PathTree, Placeholders},
        index::{IndexDefinition, Page, page},
        item::Item,
        key::{Key, KeyRange, KeySchema},
        table::Table,
        value::{Attributes, invalid, to_json},
    },
    Request,
    capacity::{Report, Units, read_units},
    input::Input,
};
use crate::error::ApiError;

/// [Scan, `DynamoDB` API reference]
const MAX_SEGMENTS: usize = 1_000_000;

/// What a query and a scan have in common.
struct Reading {
    table: Arc<Table>,
    index: Option<Arc<IndexDefinition>>,
    filter: Option<Condition>,
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

/// `Query`.
pub(in super::super) fn query(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    input.refuse_legacy()?;
    let forward = !input.has("ScanIndexForward") || input.flag("ScanIndexForward")?;
    let source = input.text("KeyConditionExpression")?;
    let mut keys = None;
    let reading = Reading::take(request, &mut input, |schema, placeholders| {
        let source = source.as_deref().ok_or_else(|| {
            ApiError::validation(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
            )
        })?;
        keys = Some(KeyCondition::parse(source, schema, placeholders)?);
        Ok(())
    })?;
    let schema = reading.schema();
    if let Some(filter) = &reading.filter
        && let Some(path) = filter.paths().iter().find(|path| schema.contains(&path.attribute))
    {
        return Err(ApiError::validation(format!(
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: {}",
            path.attribute
        )));
    }
    let Some(keys) = keys else { return Err(ApiError::validation("Query key condition not supported")) };
    let mut range = KeyRange::of_partition(&keys.partition, keys.sort.as_ref());
    if let Some(start) = reading.start_key()? {
        if !range.contains(&start) {
            return Err(ApiError::validation(
                "The provided starting key is outside query boundaries based on provided conditions",
            ));
        }
        range = range.behind(start, !forward);
    }
    reading.run(range, !forward)
}

/// `Scan`.
pub(in super::super) fn scan(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    input.refuse_legacy()?;
    let segment = input.count("Segment", 0)?;
    let total = input.count("TotalSegments", 1)?;
    let mut range = match (segment, total) {
        (None, None) => KeyRange::of_segment(0, 1),
        (Some(_), None) => {
            return Err(ApiError::validation(
                "The TotalSegments parameter is required but was not present in the request when Segment parameter is present",
            ));
        }
        (None, Some(_)) => {
            return Err(ApiError::validation(
                "The Segment parameter is required but was not present in the request when parameter TotalSegments is present",
            ));
        }
        (Some(_), Some(total)) if total > MAX_SEGMENTS => {
            return Err(super::input::constraint(
                &total.to_string(),
                "TotalSegments",
                "Member must have value less than or equal to 1000000",
            ));
        }
        (Some(segment), Some(total)) if segment >= total => {
            return Err(ApiError::validation(format!(
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: {segment} is not less than TotalSegments: {total}"
            )));
        }
        (Some(segment), Some(total)) => KeyRange::of_segment(segment as u32, total as u32),
    };
    let reading = Reading::take(request, &mut input, |_, _| Ok(()))?;
    if let Some(start) = reading.start_key()? {
        if !range.contains(&start) {
            return Err(ApiError::validation(
                "The provided starting key is invalid: The provided key is not in the requested segment",
            ));
        }
        range = range.behind(start, false);
    }
    reading.run(range, false)
}

impl Reading {
    /// Takes the members of an input. `keys` reads the key condition, which shares the placeholders, once the schema is
    /// known.
    fn take(
        request: &Request<'_>,
        input: &mut Input,
        keys: impl FnOnce(&KeySchema, &mut Placeholders) -> Result<(), ApiError>,
    ) -> Result<Self, ApiError> {
        let report = Report::take(input)?;
        let limit = input.count("Limit", 1)?.unwrap_or(usize::MAX);
        let consistent = input.flag("ConsistentRead")?;
        let select = input.choice(
            "Select",
            &["", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT"],
        )?;
        let start = input.attributes("ExclusiveStartKey")?;
        let table = request.store.table(&input.required_text("TableName")?)?;
        let index = match input.text("IndexName")? {
            Some(name) => Some(Arc::clone(&table.contents.read().index(&name)?.definition)),
            None => None,
        };
        if consistent && index.as_ref().is_some_and(|index| index.global) {
            return Err(ApiError::validation(
                "Consistent reads are not supported on global secondary indexes",
            ));
        }
        // A query's key condition has been taken already, and is always there when placeholders are.
        let (names, values) =
            (input.take("ExpressionAttributeNames"), input.take("ExpressionAttributeValues"));
        let mut placeholders = Placeholders::new(names, values, None)?;
        let schema = index.as_ref().map_or(&table.schema, |index| &index.schema);
        keys(schema, &mut placeholders)?;
        let filter = input.condition("FilterExpression", &mut placeholders)?;
        let projection = input.text("ProjectionExpression")?;
        let projection = projection.map(|source| PathTree::parse(&source, &mut placeholders)).transpose()?;
        placeholders.finish()?;
        let select = check_select(select, index.as_deref(), projection.as_ref())?;
        Ok(Self { table, index, filter, projection, select, limit, consistent, report, start })
    }

    /// The key that orders what is read.
    fn schema(&self) -> &KeySchema {
        self.index.as_ref().map_or(&self.table.schema, |index| &index.schema)
    }

    /// The place behind which reading starts.
    fn start_key(&self) -> Result<Option<Key>, ApiError> {
        let Some(start) = &self.start else { return Ok(None) };
        let invalid = || ApiError::validation("The provided starting key is invalid");
        let own = self.table.schema.of_key(&self.table.schema.extract(start)).map_err(|_| invalid())?;
        let Some(index) = &self.index else {
            return if start.len() == self.table.schema.attributes().count() {
                Ok(Some(own))
            } else {
                Err(invalid())
            };
        };
        if index.place(start).len() != start.len()
            || !index.schema.attributes().all(|key| start.get(&key.name).is_some_and(|v| key.fits(v)))
        {
            return Err(invalid());
        }
        index.schema.of_index(start, &own).map(Some).ok_or_else(invalid)
    }

    fn run(&self, range: KeyRange, reverse: bool) -> Result<Value, ApiError> {
        let page = self.page(range, reverse)?;
        let mut items = Vec::new();
        let mut count = 0;
        for item in &page.items {
            let shown = self.shown(item);
            if self.filter.as_ref().is_some_and(|filter| !filter.holds(&shown)) {
                continue;
            }
            count += 1;
            if self.select != Select::Count {
                items.push(Value::Object(match &self.projection {
                    Some(projection) => to_json(&projection.project(&shown)),
                    None => to_json(&shown),
                }));
            }
        }
        let mut output = Map::new();
        if self.select != Select::Count {
            output.insert("Items".to_owned(), items.into());
        }
        output.insert("Count".to_owned(), count.into());
        output.insert("ScannedCount".to_owned(), page.items.len().into());
        if let Some(last) = page.items.last().filter(|_| page.limited) {
            let place = match &self.index {
                Some(index) => index.place(last.attributes()),
                None => self.table.schema.extract(last.attributes()),
            };
            output.insert("LastEvaluatedKey".to_owned(), to_json(&place).into());
        }
        let mut units = Units::default();
        let cost = read_units(page.bytes, self.consistent);
        match &self.index {
            Some(index) => units.add_index(index, cost),
            None => units.add(cost),
        }
        let capacity = units.describe(self.report, &self.table.name, None);
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

    /// What the reading sees of an item: of a local index, also what only the table has, if that is asked for.
    fn shown<'a>(&self, item: &'a Item) -> Cow<'a, Attributes> {
        match &self.index {
            Some(index)
                if index.global || self.select == Select::Projected || self.select == Select::Count =>
            {
                Cow::Owned(index.project(item.attributes()))
            }
            _ => Cow::Borrowed(item.attributes()),
        }
    }
}

fn check_select(
    select: &str,
    index: Option<&IndexDefinition>,
    projection: Option<&PathTree>,
) -> Result<Select, ApiError> {
    let only = |select: &str| {
        ApiError::validation(format!("Cannot specify the ProjectionExpression when choosing to get {select}"))
    };
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
    match (select, projection) {
        ("" | "SPECIFIC_ATTRIBUTES", Some(_)) => Ok(Select::Specific),
        ("SPECIFIC_ATTRIBUTES", None) => Err(ApiError::validation(
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
        )),
        ("COUNT", Some(_)) => Err(only("only the Count")),
        ("COUNT", None) => Ok(Select::Count),
        ("ALL_ATTRIBUTES", Some(_)) => Err(only("ALL_ATTRIBUTES")),
        ("ALL_ATTRIBUTES", None) => match index {
            Some(index) if index.global && !index.shows_all() => Err(invalid(format!(
                "Select type ALL_ATTRIBUTES is not supported for global secondary index {} because its projection type is not ALL",
                index.name
            ))),
            _ => Ok(Select::All),
        },
        ("ALL_PROJECTED_ATTRIBUTES", Some(_)) => Err(only("ALL_PROJECTED_ATTRIBUTES")),
        ("ALL_PROJECTED_ATTRIBUTES", None) if index.is_none() => Err(ApiError::validation(
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
        )),
        _ => Ok(if index.is_some() { Select::Projected } else { Select::All }),
    }
}
