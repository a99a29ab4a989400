//! `PutItem`, `UpdateItem`, `DeleteItem`, and the single write that they share with batches and transactions.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    super::{
        expressions::{Condition, Placeholders, Update},
        item::Item,
        key::Key,
        store::not_found,
        stream::Cause,
        table::{Contents, Table},
        value::{Attributes, invalid, to_json},
    },
    Request,
    capacity::{self, Report, Units},
    input::Input,
};
use crate::{error::ApiError, shard::KEPT_BYTES};

const ITEM_TOO_LARGE: &str = "Item size has exceeded the maximum allowed size";
const UPDATE_TOO_LARGE: &str = "Item size to update has exceeded the maximum allowed size";

/// A write that is read and checked as far as that goes without the item.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) table: Arc<Table>,
    pub(super) key: Key,
    /// The key's attributes.
    pub(super) key_attributes: Attributes,
    condition: Option<Condition>,
    action: Action,
    /// Whether a failed condition shows the item.
    show_on_failure: bool,
}

#[derive(Debug)]
enum Action {
    Put(Arc<Item>),
    Update(Option<Update>),
    Delete,
    Check,
}

/// What a write found and what it leaves.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) old: Option<Arc<Item>>,
    pub(super) new: Option<Arc<Item>>,
}

/// Why a write was not done.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The condition does not hold, with the item if it is to be shown.
    Condition(Option<Arc<Item>>),
    /// The item does not allow the write.
    Invalid(ApiError),
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(error) => error,
            Refusal::Condition(item) => {
                let error = Self::client("ConditionalCheckFailedException", "The conditional request failed");
                match item {
                    Some(item) => error.detail("Item", item.to_json()),
                    None => error,
                }
            }
        }
    }
}

impl Write {
    /// Takes the members of a put.
    pub(super) fn put(request: &Request<'_>, input: &mut Input) -> Result<Self, ApiError> {
        let mut placeholders = input.placeholders(&["ConditionExpression"])?;
        let attributes = input.required_attributes("Item")?;
        let table = request.store.table(&input.required_text("TableName")?)?;
        let condition = conditions(input, &mut placeholders)?;
        let put = Self::put_into(table, attributes)?;
        Ok(Self { condition, show_on_failure: show_on_failure(input)?, ..put })
    }

    /// An unconditional put.
    pub(super) fn put_into(table: Arc<Table>, attributes: Attributes) -> Result<Self, ApiError> {
        let key = table.schema.of_item(&attributes)?;
        let key_attributes = table.schema.extract(&attributes);
        let item = Arc::new(Item::new(attributes, ITEM_TOO_LARGE)?);
        Ok(Self { action: Action::Put(item), ..Self::delete_from(table, key, key_attributes) })
    }

    /// Takes the members of a delete.
    pub(super) fn delete(request: &Request<'_>, input: &mut Input) -> Result<Self, ApiError> {
        let mut placeholders = input.placeholders(&["ConditionExpression"])?;
        let (table, key, key_attributes) = keyed(request, input)?;
        let condition = conditions(input, &mut placeholders)?;
        let delete = Self::delete_from(table, key, key_attributes);
        Ok(Self { condition, show_on_failure: show_on_failure(input)?, ..delete })
    }

    /// An unconditional delete.
    pub(super) fn delete_from(table: Arc<Table>, key: Key, key_attributes: Attributes) -> Self {
        Self { table, key, key_attributes, condition: None, action: Action::Delete, show_on_failure: false }
    }

    /// Takes the members of a transaction's condition check.
    pub(super) fn check(request: &Request<'_>, input: &mut Input) -> Result<Self, ApiError> {
        if !input.has("ConditionExpression") {
            return Err(super::input::missing("ConditionExpression"));
        }
        Ok(Self { action: Action::Check, ..Self::delete(request, input)? })
    }

    /// Takes the members of an update.
    pub(super) fn update(request: &Request<'_>, input: &mut Input) -> Result<Self, ApiError> {
        let mut placeholders = input.placeholders(&["UpdateExpression", "ConditionExpression"])?;
        let (table, key, key_attributes) = keyed(request, input)?;
        let update = input.text("UpdateExpression")?;
        let update = update.map(|source| Update::parse(&source, &mut placeholders)).transpose()?;
        let condition = conditions(input, &mut placeholders)?;
        if let Some(update) = &update
            && let Some(name) = update.touched().attributes().find(|name| table.schema.contains(name))
        {
            return Err(invalid(format!(
                "Cannot update attribute {name}. This attribute is part of the key"
            )));
        }
        Ok(Self {
            table,
            key,
            key_attributes,
            condition,
            action: Action::Update(update),
            show_on_failure: show_on_failure(input)?,
        })
    }

    /// What the write would do to the contents, which stay as they are.
    pub(super) fn plan(&self, contents: &Contents) -> Result<Outcome, Refusal> {
        if contents.deleted {
            return Err(Refusal::Invalid(not_found("Requested resource not found")));
        }
        if contents.stream.as_ref().is_some_and(|stream| stream.is_enabled() && !stream.has_room()) {
            return Err(Refusal::Invalid(ApiError::client(
                "ProvisionedThroughputExceededException",
                format!(
                    "The level of configured provisioned throughput for the table was exceeded: the readers of its stream are \
                     {} MB behind.",
                    KEPT_BYTES >> 20
                ),
            )));
        }
        let old = contents.items.get(&self.key);
        if let Some(condition) = &self.condition {
            let nothing = Attributes::default();
            if !condition.holds(old.map_or(&nothing, |item| item.attributes())) {
                return Err(Refusal::Condition(old.filter(|_| self.show_on_failure).cloned()));
            }
        }
        let new = match &self.action {
            Action::Put(item) => Some(Arc::clone(item)),
            Action::Delete => None,
            Action::Check => old.cloned(),
            Action::Update(update) => self.updated(update.as_ref(), old).map_err(Refusal::Invalid)?,
        };
        if let Some(new) = new.as_deref() {
            contents.check_indexes(new).map_err(Refusal::Invalid)?;
        }
        Ok(Outcome { old: old.cloned(), new })
    }

    fn updated(
        &self,
        update: Option<&Update>,
        old: Option<&Arc<Item>>,
    ) -> Result<Option<Arc<Item>>, ApiError> {
        let before = old.map_or(&self.key_attributes, |item| item.attributes());
        let after = match update {
            Some(update) => update.apply(before)?,
            None => before.clone(),
        };
        if old.is_none() && update.is_some_and(Update::only_removes) {
            return Ok(None);
        }
        Ok(Some(Arc::new(Item::new(after, UPDATE_TOO_LARGE)?)))
    }

    /// Does what was planned on the same contents.
    pub(super) fn commit(&self, contents: &mut Contents, outcome: &Outcome, now_ms: i64) {
        contents.replace(&self.key, outcome.old.as_ref(), outcome.new.as_ref(), now_ms, Cause::Request);
    }

    /// Plans and commits at once.
    pub(super) fn run(&self, now_ms: i64) -> Result<Outcome, Refusal> {
        let mut contents = self.table.contents.write();
        let outcome = self.plan(&contents)?;
        self.commit(&mut contents, &outcome, now_ms);
        Ok(outcome)
    }

    /// Counts what the write costs, each unit `times` over (twice in a transaction).
    pub(super) fn count(&self, outcome: &Outcome, times: f64, units: &mut Units) {
        let (old, new) = (outcome.old.as_deref(), outcome.new.as_deref());
        let bytes = [old, new].into_iter().flatten().map(Item::bytes).max().unwrap_or(0);
        units.add(times * capacity::write_units(bytes));
        if matches!(self.action, Action::Check) {
            return;
        }
        for index in capacity::indexes(&self.table.contents.read()) {
            units.add_index(index, times * index.write_units(&self.key, old, new) as f64);
        }
    }

    fn touched(&self, item: Option<&Arc<Item>>) -> Option<Map<String, Value>> {
        let Action::Update(Some(update)) = &self.action else { return None };
        let projected = update.touched().project(item?.attributes());
        (!projected.is_empty()).then(|| to_json(&projected))
    }
}

/// The table and the key that an input names.
pub(super) fn keyed(
    request: &Request<'_>,
    input: &mut Input,
) -> Result<(Arc<Table>, Key, Attributes), ApiError> {
    let key_attributes = input.required_attributes("Key")?;
    let table = request.store.table(&input.required_text("TableName")?)?;
    let key = table.schema.of_key(&key_attributes)?;
    Ok((table, key, key_attributes))
}

/// The condition, which is always the last expression of a write.
fn conditions(input: &mut Input, placeholders: &mut Placeholders) -> Result<Option<Condition>, ApiError> {
    let condition = input.condition("ConditionExpression", placeholders)?;
    placeholders.finish()?;
    Ok(condition)
}

fn show_on_failure(input: &mut Input) -> Result<bool, ApiError> {
    Ok(input.choice("ReturnValuesOnConditionCheckFailure", &["NONE", "ALL_OLD"])? == "ALL_OLD")
}

const RETURN_VALUES: &[&str] = &["NONE", "ALL_NEW", "ALL_OLD", "UPDATED_NEW", "UPDATED_OLD"];

/// `PutItem`.
pub(in super::super) fn put_item(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    single(request, input, Write::put, |returned| matches!(returned, "NONE" | "ALL_OLD"))
}

/// `DeleteItem`.
pub(in super::super) fn delete_item(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    single(request, input, Write::delete, |returned| matches!(returned, "NONE" | "ALL_OLD"))
}

/// `UpdateItem`.
pub(in super::super) fn update_item(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    single(request, input, Write::update, |_| true)
}

fn single(
    request: &Request<'_>,
    input: Value,
    read: impl FnOnce(&Request<'_>, &mut Input) -> Result<Write, ApiError>,
    returns: impl FnOnce(&str) -> bool,
) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    input.refuse_legacy()?;
    let report = Report::take(&mut input)?;
    let metrics = input.choice("ReturnItemCollectionMetrics", &["NONE", "SIZE"])? == "SIZE";
    let returned = input.choice("ReturnValues", RETURN_VALUES)?;
    if !returns(returned) {
        return Err(ApiError::validation("Return values set to invalid value"));
    }
    let write = read(request, &mut input)?;
    let outcome = write.run(request.now_ms)?;
    let mut output = Map::new();
    let attributes = match returned {
        "ALL_OLD" => outcome.old.as_ref().map(|item| item.to_json()),
        "ALL_NEW" => outcome.new.as_ref().map(|item| item.to_json()),
        "UPDATED_OLD" => write.touched(outcome.old.as_ref()),
        "UPDATED_NEW" => write.touched(outcome.new.as_ref()),
        _ => None,
    };
    if let Some(attributes) = attributes {
        output.insert("Attributes".to_owned(), attributes.into());
    }
    if report != Report::None {
        let mut units = Units::default();
        write.count(&outcome, 1.0, &mut units);
        output.extend(
            units.describe(report, &write.table.name, None).map(|c| ("ConsumedCapacity".to_owned(), c)),
        );
    }
    if metrics && let Some(metrics) = capacity::collection_metrics(&write.table, &write.key_attributes) {
        output.insert("ItemCollectionMetrics".to_owned(), metrics);
    }
    Ok(Value::Object(output))
}
