//! `PutItem`, `UpdateItem`, `DeleteItem`, and the write of a single item that batches and transactions share with them.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    super::{
        expressions::{Condition, Update},
        item::Item,
        key::Key,
        store::not_found,
        stream::Cause,
        table::{Contents, Table},
        value::{Attributes, to_json},
    },
    Request,
    capacity::{self, Report, Units},
    draft::{Draft, Members, RequestKind},
    input::Input,
};
use crate::{aside::aside_if, error::ApiError, kept::Budget};

pub(super) const ITEM_TOO_LARGE: &str = "Item size has exceeded the maximum allowed size";
const UPDATE_TOO_LARGE: &str = "Item size to update has exceeded the maximum allowed size";

/// A write with its table. Everything was checked except what depends on the stored item.
#[derive(Debug)]
pub(super) struct Write {
    pub(super) table: Arc<Table>,
    pub(super) key: Key,
    /// The key's attributes.
    pub(super) key_attributes: Attributes,
    pub(super) condition: Option<Condition>,
    pub(super) action: Action,
    /// Whether a failed condition shows the item.
    pub(super) show_on_failure: bool,
}

/// What a write does.
#[derive(Debug)]
pub(super) enum Action {
    Put(Item),
    /// A put that fails as a duplicate when the item already exists.
    Insert(Item),
    Update(Option<Update>),
    Delete,
    /// Writes nothing: a transaction's condition check.
    Check,
}

/// The items before and after a write.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) old: Option<Item>,
    pub(super) new: Option<Item>,
}

/// Why a write was refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The condition is not met; contains the item if the error is to show it.
    Condition(Option<Item>),
    /// An item with this key already exists.
    Duplicate,
    /// The stored item does not allow the write.
    Invalid(ApiError),
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Invalid(error) => error,
            Refusal::Duplicate => {
                Self::client("DuplicateItemException", "Duplicate primary key exists in table")
            }
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
    /// Computes the outcome of the write without changing the contents.
    pub(super) fn plan(&self, contents: &Contents) -> Result<Outcome, Refusal> {
        if contents.deleted {
            return Err(Refusal::Invalid(not_found("Requested resource not found")));
        }
        if let Err(full) = contents.streams_have_room() {
            return Err(Refusal::Invalid(ApiError::client(
                "ProvisionedThroughputExceededException",
                format!(
                    "The level of configured provisioned throughput for the table was exceeded: it has a stream, and {}.",
                    full.why()
                ),
            )));
        }
        let old = contents.items.get(&self.key);
        if let Action::Put(item) | Action::Insert(item) = &self.action {
            contents.check_indexes(item).map_err(Refusal::Invalid)?;
        }
        if let Some(condition) = &self.condition
            && !condition.holds(&old.map(Item::attributes).unwrap_or_default())
        {
            return Err(match self.action {
                Action::Insert(_) => Refusal::Duplicate,
                _ => Refusal::Condition(old.filter(|_| self.show_on_failure).cloned()),
            });
        }
        let new = match &self.action {
            Action::Put(item) | Action::Insert(item) => Some(item.clone()),
            Action::Delete => None,
            Action::Check => old.cloned(),
            Action::Update(update) => self.updated(update.as_ref(), old).map_err(Refusal::Invalid)?,
        };
        if let (Action::Update(_), Some(new)) = (&self.action, &new)
            && old != Some(new)
        {
            contents.check_indexes(new).map_err(Refusal::Invalid)?;
        }
        if !contents.has_room(old, new.as_ref()) {
            return Err(Refusal::Invalid(no_room(contents.kept.budget())));
        }
        Ok(Outcome { old: old.cloned(), new })
    }

    fn updated(&self, update: Option<&Update>, old: Option<&Item>) -> Result<Option<Item>, ApiError> {
        if old.is_none() && update.is_some_and(Update::only_removes) {
            return Ok(None);
        }
        aside_if(old.is_some_and(Item::is_long), || {
            let before = old.map_or_else(|| self.key_attributes.clone(), Item::attributes);
            let after = match update {
                Some(update) => update.apply(&before)?,
                None => before,
            };
            Ok(Some(Item::new(&after, UPDATE_TOO_LARGE)?))
        })
    }

    /// Carries out a planned write on the same contents.
    pub(super) fn commit(&self, contents: &mut Contents, outcome: &Outcome, now_ms: i64) {
        contents.replace(
            &self.table.schema,
            &self.key,
            outcome.old.as_ref(),
            outcome.new.as_ref(),
            now_ms,
            Cause::Request,
        );
    }

    /// Plans and commits the write.
    pub(super) fn run(&self, now_ms: i64) -> Result<Outcome, Refusal> {
        let mut contents = self.table.write_contents();
        let outcome = self.plan(&contents)?;
        self.commit(&mut contents, &outcome, now_ms);
        Ok(outcome)
    }

    /// Counts the consumed units; those of the table `times` over. In a transaction a table consumes twice the units, but
    /// its indexes do not [dynoxide, index capacity, captured on AWS].
    pub(super) fn count(&self, outcome: &Outcome, times: f64, units: &mut Units) {
        let (old, new) = (outcome.old.as_ref(), outcome.new.as_ref());
        let bytes = [old, new].into_iter().flatten().map(Item::bytes).max().unwrap_or(0);
        units.add(times * capacity::write_units(bytes));
        if matches!(self.action, Action::Check) {
            return;
        }
        for index in capacity::indexes(&self.table.read_contents()) {
            units.add_index(index, index.write_units(&self.key, old, new) as f64);
        }
    }

    /// The attributes that an update wrote to, of the item before or after it.
    pub(super) fn touched(&self, item: Option<&Item>) -> Option<Map<String, Value>> {
        let Action::Update(Some(update)) = &self.action else { return None };
        let item = item?;
        aside_if(item.is_long(), || {
            let projected = update.touched().project(&item.attributes());
            (!projected.is_empty()).then(|| to_json(&projected))
        })
    }
}

const RETURN_VALUES: [&str; 5] = ["ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"];
pub(super) const SHOWN_ON_FAILURE: &[&str] = &["ALL_OLD", "NONE"];
pub(super) const METRICS: &[&str] = &["SIZE", "NONE"];

/// The error when the tables have as many bytes as the cloud keeps. AWS knows no such limit of tables; this is its error for a quota
/// of the account [`PutItem`, DynamoDB API reference].
fn no_room(tables: &Budget) -> ApiError {
    ApiError::client(
        "RequestLimitExceeded",
        format!(
            "All tables together take {} MB in memory, and the embedded cloud keeps {} MB. Delete items or tables; `devloop status` \
             shows what is kept.",
            tables.bytes() >> 20,
            tables.most() >> 20
        ),
    )
}

/// What the answer of a single write contains besides its outcome.
struct Returned {
    values: &'static str,
    report: Report,
    metrics: bool,
}

/// Takes `ReturnValues`, and adds a violation for an unknown value.
fn take_return_values(input: &mut Input) -> Result<&'static str, ApiError> {
    let Some(word) = input.text("ReturnValues")? else { return Ok("NONE") };
    let known = RETURN_VALUES.into_iter().find(|known| *known == word);
    if known.is_none() {
        input.violations().push(
            "Failed to satisfy constraint: Member must satisfy enum value set: [ALL_OLD, UPDATED_OLD, ALL_NEW, UPDATE_NEW, NONE]",
        );
    }
    Ok(known.unwrap_or("NONE"))
}

/// The error of a put or a delete for values that only an update supports.
const ONLY_OLD: &str = "ReturnValues can only be ALL_OLD or NONE";

fn only_old(values: &str) -> bool {
    matches!(values, "NONE" | "ALL_OLD")
}

/// `PutItem`.
pub(in super::super) fn put_item(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let table = input.table()?;
    let object = input.required_object("Item")?;
    let (members, returned) = take_members(&mut input, table, object, true)?;
    let refusal = (!only_old(returned.values)).then(|| ApiError::validation(ONLY_OLD));
    let draft = Draft::put(&mut input, members, RequestKind::Single, refusal)?;
    single(request, draft, &returned)
}

/// `DeleteItem`. Its error reports values that only an update supports among the other invalid members [dynoxide, `delete_item.rs`,
/// captured on AWS 2026-10-09].
pub(in super::super) fn delete_item(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let table = input.table()?;
    // A missing key is reported without them.
    let has_key = input.has("Key");
    let object = input.required_object("Key")?;
    let (members, returned) = take_members(&mut input, table, object, !has_key)?;
    let draft = Draft::delete(&mut input, members, RequestKind::Single)?;
    single(request, draft, &returned)
}

/// `UpdateItem`. Its error reports only the first invalid member.
pub(in super::super) fn update_item(request: &Request<'_>, input: Value) -> Result<Value, ApiError> {
    let mut input = Input::new(input)?;
    let table = input.table()?;
    input.checked()?;
    let object = input.required_object("Key")?;
    let values = take_return_values(&mut input)?;
    input.checked()?;
    let shown = input.choice("ReturnValuesOnConditionCheckFailure", SHOWN_ON_FAILURE)?;
    input.violations().check_first()?;
    let metrics = input.choice("ReturnItemCollectionMetrics", METRICS)? == Some("SIZE");
    input.checked()?;
    let report = Report::take(&mut input)?;
    input.violations().check_first()?;
    let members = Members { table, object, show_on_failure: shown == Some("ALL_OLD") };
    let draft = Draft::update(&mut input, members, RequestKind::Single)?;
    single(request, draft, &Returned { values, report, metrics })
}

/// The members of a put or a delete, and what its answer contains. Unless they are `allowed`, `ReturnValues` that only an update
/// supports are a violation.
fn take_members(
    input: &mut Input,
    table: String,
    object: Map<String, Value>,
    allowed: bool,
) -> Result<(Members, Returned), ApiError> {
    let report = Report::take(input)?;
    let values = take_return_values(input)?;
    let metrics = input.choice("ReturnItemCollectionMetrics", METRICS)? == Some("SIZE");
    let shown = input.choice("ReturnValuesOnConditionCheckFailure", SHOWN_ON_FAILURE)?;
    if !allowed && !only_old(values) {
        input.violations().push(ONLY_OLD);
    }
    input.checked()?;
    let members = Members { table, object, show_on_failure: shown == Some("ALL_OLD") };
    Ok((members, Returned { values, report, metrics }))
}

fn single(request: &Request<'_>, draft: Draft, returned: &Returned) -> Result<Value, ApiError> {
    let table = request.store.table(&draft.table)?;
    let write = draft.resolve(table)?;
    let outcome = write.run(request.now_ms)?;
    let mut output = Map::new();
    let attributes = match returned.values {
        "ALL_OLD" => outcome.old.as_ref().map(Item::to_json),
        "ALL_NEW" => outcome.new.as_ref().map(Item::to_json),
        "UPDATED_OLD" => write.touched(outcome.old.as_ref()),
        "UPDATED_NEW" => write.touched(outcome.new.as_ref()),
        _ => None,
    };
    if let Some(attributes) = attributes {
        output.insert("Attributes".to_owned(), attributes.into());
    }
    if returned.report != Report::None {
        let mut units = Units::default();
        write.count(&outcome, 1.0, &mut units);
        output.extend(
            units
                .describe(returned.report, &write.table.name, None)
                .map(|c| ("ConsumedCapacity".to_owned(), c)),
        );
    }
    if returned.metrics
        && let Some(metrics) = capacity::collection_metrics(&write.table, &write.key_attributes)
    {
        output.insert("ItemCollectionMetrics".to_owned(), metrics);
    }
    Ok(Value::Object(output))
}
