//! `GetItem`, and the read of a single item that batches and transactions share with it.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    super::{
        expressions::{Condition, PathTree, Placeholders},
        item::Item,
        key::Key,
        table::Table,
        value::{self, Attributes, to_json},
    },
    Request,
    capacity::{Report, Units, read_units},
    draft::RequestKind,
    input::Input,
    legacy,
};
use crate::{aside::aside_if, error::ApiError};

/// A read of one item, before its table is known.
#[derive(Debug)]
pub(super) struct ReadDraft {
    /// The table's name or ARN.
    pub(super) table: String,
    key: Attributes,
    filter: Option<Condition>,
    projection: Option<PathTree>,
}

/// A read of one item.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) table: Arc<Table>,
    pub(super) key: Key,
    filter: Option<Condition>,
    projection: Option<PathTree>,
}

impl ReadDraft {
    /// Reads the key and the projection of a read.
    pub(super) fn read(
        input: &mut Input,
        table: String,
        key: Map<String, Value>,
        kind: RequestKind,
    ) -> Result<Self, ApiError> {
        let key = value::from_json(key)?;
        let projection = take_projection(input, kind)?;
        Ok(Self { table, key, filter: None, projection })
    }

    /// A read that returns the item only if it meets `filter`.
    pub(super) fn filtered(
        table: &str,
        key: Attributes,
        filter: Option<Condition>,
        projection: Option<PathTree>,
    ) -> Self {
        Self { table: table.to_owned(), key, filter, projection }
    }

    /// The read with its table. Fails if the key is not the table's.
    pub(super) fn resolve(self, table: Arc<Table>) -> Result<Read, ApiError> {
        let key = table.schema.of_key(&self.key)?;
        Ok(Read { table, key, filter: self.filter, projection: self.projection })
    }
}

impl Read {
    /// What the read returns of the item, if the item meets the filter.
    pub(super) fn show(&self, item: &Item) -> Option<Map<String, Value>> {
        let is_hidden = |filter: &Condition| aside_if(item.is_long(), || !filter.holds(&item.attributes()));
        let hidden = self.filter.as_ref().is_some_and(is_hidden);
        (!hidden).then(|| show(self.projection.as_ref(), item))
    }
}

/// Takes a projection, the only expression of its input, or else `AttributesToGet`.
pub(super) fn take_projection(input: &mut Input, kind: RequestKind) -> Result<Option<PathTree>, ApiError> {
    input.refuse_mixed(&["AttributesToGet"], &["ProjectionExpression"])?;
    let mut placeholders = match kind {
        RequestKind::Single => input.placeholders(&["ProjectionExpression"], "")?,
        RequestKind::Transaction => Placeholders::new(input.take("ExpressionAttributeNames"), None, None)?,
    };
    let attributes = legacy::take_attributes(input)?;
    let source = input.text("ProjectionExpression")?;
    let projection = source.map(|source| PathTree::parse(&source, &mut placeholders)).transpose()?;
    placeholders.finish()?;
    Ok(projection.or(attributes))
}

/// The part of an item in a projection; without a projection, the whole item.
pub(super) fn show(projection: Option<&PathTree>, item: &Item) -> Map<String, Value> {
    match projection {
        Some(projection) => aside_if(item.is_long(), || to_json(&projection.project(&item.attributes()))),
        None => item.to_json(),
    }
}

/// `GetItem`.
pub(in super::super) fn get_item(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let key = input.required_object("Key")?;
    let table = input.table()?;
    let report = Report::take(&mut input)?;
    legacy::check_attributes(&mut input);
    input.checked()?;
    let consistent = input.flag("ConsistentRead")?;
    let draft = ReadDraft::read(&mut input, table, key, RequestKind::Single)?;
    let table = request.store.table(&draft.table)?;
    let read = draft.resolve(table)?;
    let item = read.table.read_contents().items.get(&read.key).cloned();
    let mut units = Units::default();
    units.add(read_units(item.as_ref().map_or(0, Item::bytes), consistent));
    let mut output = Map::new();
    if let Some(item) = item {
        output.insert("Item".to_owned(), show(read.projection.as_ref(), &item).into());
    }
    output.extend(units.describe(report, &read.table.name, None).map(|c| ("ConsumedCapacity".to_owned(), c)));
    Ok(Value::Object(output))
}
