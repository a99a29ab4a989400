//! `GetItem`, and the single read that it shares with batches and transactions.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    super::{expressions::PathTree, item::Item, key::Key, table::Table, value::to_json},
    Request,
    capacity::{Report, Units, read_units},
    input::Input,
    write::keyed,
};
use crate::error::ApiError;

/// A read of one item.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) table: Arc<Table>,
    pub(super) key: Key,
    projection: Option<PathTree>,
}

impl Read {
    /// Takes the members that name the item and what to show of it.
    pub(super) fn take(request: &Request<'_>, input: &mut Input) -> Result<Self, ApiError> {
        let projection = take_projection(input)?;
        let (table, key, _) = keyed(request, input)?;
        Ok(Self { table, key, projection })
    }

    /// What the read shows of the item.
    pub(super) fn show(&self, item: &Item) -> Map<String, Value> {
        show(self.projection.as_ref(), item)
    }
}

/// Takes a projection that is the only expression of its input.
pub(super) fn take_projection(input: &mut Input) -> Result<Option<PathTree>, ApiError> {
    let mut placeholders = input.placeholders(&["ProjectionExpression"])?;
    let source = input.text("ProjectionExpression")?;
    let projection = source.map(|source| PathTree::parse(&source, &mut placeholders)).transpose()?;
    placeholders.finish()?;
    Ok(projection)
}

/// What a projection shows of an item; without one, everything.
pub(super) fn show(projection: Option<&PathTree>, item: &Item) -> Map<String, Value> {
    match projection {
        Some(projection) => to_json(&projection.project(item.attributes())),
        None => item.to_json(),
    }
}

/// `GetItem`.
pub(in super::super) fn get_item(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    input.refuse_legacy()?;
    let report = Report::take(&mut input)?;
    let consistent = input.flag("ConsistentRead")?;
    let read = Read::take(request, &mut input)?;
    let item = read.table.contents.read().items.get(&read.key).cloned();
    let mut units = Units::default();
    units.add(read_units(item.as_deref().map_or(0, Item::bytes), consistent));
    let mut output = Map::new();
    if let Some(item) = item {
        output.insert("Item".to_owned(), read.show(&item).into());
    }
    output.extend(units.describe(report, &read.table.name, None).map(|c| ("ConsumedCapacity".to_owned(), c)));
    Ok(Value::Object(output))
}
