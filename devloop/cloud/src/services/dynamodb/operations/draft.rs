//! A write before its table is known. Every error that does not depend on the table is found here.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{
    super::{
        expressions::{Condition, Placeholders, Update},
        item::Item,
        table::Table,
        value::{self, Attributes, invalid},
    },
    input::{Input, enveloped},
    legacy,
    write::{Action, ITEM_TOO_LARGE, Write},
};
use crate::error::ApiError;

/// The members that every write has: its table, the item or the key, and whether the error of a failed condition shows the
/// item.
#[derive(Debug)]
pub(super) struct Members {
    pub(super) table: String,
    pub(super) object: Map<String, Value>,
    pub(super) show_on_failure: bool,
}

/// The kind of request that a write is in. It decides how errors are worded, and whether placeholders without an expression
/// are errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestKind {
    /// `PutItem`, `UpdateItem` or `DeleteItem`.
    Single,
    /// A transaction, which ignores valid placeholders when it has no expression that could use them, as `us-east-1` does.
    Transaction,
}

impl RequestKind {
    fn word(self, error: ApiError) -> ApiError {
        match self {
            Self::Single => enveloped(error),
            Self::Transaction => error,
        }
    }

    fn placeholders(self, input: &mut Input, expressions: &[&str]) -> Result<Placeholders, ApiError> {
        if self == Self::Transaction && !expressions.iter().any(|expression| input.has(expression)) {
            input.ignored_placeholders()?;
            return Ok(Placeholders::default());
        }
        input.placeholders(expressions, "")
    }
}

/// A write whose table was not looked up yet.
#[derive(Debug)]
pub(super) struct Draft {
    /// The table's name or ARN.
    pub(super) table: String,
    /// The item to put, or the key of the item to change.
    attributes: Attributes,
    condition: Option<Condition>,
    action: Action,
    show_on_failure: bool,
}

impl Draft {
    /// Reads the rest of a put. `refusal` is another error of the request; it is reported after errors of the item and
    /// before those of its condition [dynalite's tests, which ran on AWS: putItem].
    pub(super) fn put(
        input: &mut Input,
        members: Members,
        kind: RequestKind,
        refusal: Option<ApiError>,
    ) -> Result<Self, ApiError> {
        let attributes = value::from_json(members.object).map_err(|error| kind.word(error))?;
        if let Some(refusal) = refusal {
            return Err(kind.word(refusal));
        }
        let condition = take_condition(input, kind).map_err(|error| kind.word(error))?;
        let item = Item::new(&attributes, ITEM_TOO_LARGE)?;
        Ok(Self {
            table: members.table,
            attributes,
            condition,
            action: Action::Put(item),
            show_on_failure: members.show_on_failure,
        })
    }

    /// Reads the rest of a delete.
    pub(super) fn delete(input: &mut Input, members: Members, kind: RequestKind) -> Result<Self, ApiError> {
        let attributes = value::from_json(members.object).map_err(|error| kind.word(error))?;
        let condition = take_condition(input, kind).map_err(|error| kind.word(error))?;
        Ok(Self {
            table: members.table,
            attributes,
            condition,
            action: Action::Delete,
            show_on_failure: members.show_on_failure,
        })
    }

    /// Reads the rest of a transaction's condition check.
    pub(super) fn check(input: &mut Input, members: Members, kind: RequestKind) -> Result<Self, ApiError> {
        Ok(Self { action: Action::Check, ..Self::delete(input, members, kind)? })
    }

    /// Reads the rest of an update.
    pub(super) fn update(input: &mut Input, members: Members, kind: RequestKind) -> Result<Self, ApiError> {
        let attributes = value::from_json(members.object).map_err(|error| kind.word(error))?;
        let (update, condition) = take_update(input, kind)?;
        Ok(Self {
            table: members.table,
            attributes,
            condition,
            action: Action::Update(update),
            show_on_failure: members.show_on_failure,
        })
    }

    /// An unconditional put in a batch.
    pub(super) fn batch_put(table: &str, item: Map<String, Value>) -> Result<Self, ApiError> {
        let attributes = value::from_json(item)?;
        let item = Item::new(&attributes, ITEM_TOO_LARGE)?;
        Ok(Self::plain(table, attributes, Action::Put(item)))
    }

    /// An unconditional delete in a batch.
    pub(super) fn batch_delete(table: &str, key: Map<String, Value>) -> Result<Self, ApiError> {
        Ok(Self::plain(table, value::from_json(key)?, Action::Delete))
    }

    /// A write without a condition.
    pub(super) fn plain(table: &str, attributes: Attributes, action: Action) -> Self {
        Self { table: table.to_owned(), attributes, condition: None, action, show_on_failure: false }
    }

    /// The same write with a condition.
    pub(super) fn under(self, condition: Condition) -> Self {
        Self { condition: Some(condition), ..self }
    }

    /// The same write; its error shows the item if the condition fails and `show_on_failure` is true.
    pub(super) fn showing(self, show_on_failure: bool) -> Self {
        Self { show_on_failure, ..self }
    }

    /// The write with its table, for a batch; a wrong key in an item has the error of a wrong key.
    pub(super) fn resolve_in_batch(self, table: Arc<Table>) -> Result<Write, ApiError> {
        if let Action::Put(_) = &self.action {
            table.schema.of_item_in_batch(&self.attributes)?;
        }
        self.resolve(table)
    }

    /// The write with its table. Fails if the item or key does not have the table's key.
    pub(super) fn resolve(self, table: Arc<Table>) -> Result<Write, ApiError> {
        let (key, key_attributes) = match &self.action {
            Action::Put(_) | Action::Insert(_) => {
                (table.schema.of_item(&self.attributes)?, table.schema.extract(&self.attributes))
            }
            _ => (table.schema.of_key(&self.attributes)?, self.attributes),
        };
        if let Action::Update(Some(update)) = &self.action
            && let Some(name) = update.touched().attributes().find(|name| table.schema.contains(name))
        {
            return Err(invalid(format!(
                "Cannot update attribute {name}. This attribute is part of the key"
            )));
        }
        Ok(Write {
            table,
            key,
            key_attributes,
            condition: self.condition,
            action: self.action,
            show_on_failure: self.show_on_failure,
        })
    }
}

const LEGACY_CONDITION: [&str; 2] = ["Expected", "ConditionalOperator"];

fn take_condition(input: &mut Input, kind: RequestKind) -> Result<Option<Condition>, ApiError> {
    input.refuse_mixed(&LEGACY_CONDITION, &["ConditionExpression"])?;
    let mut placeholders = kind.placeholders(input, &["ConditionExpression"])?;
    let joined = legacy::take_joined(input, "Expected")?;
    let expected = legacy::take_expected(input, joined)?;
    let condition = input.condition("ConditionExpression", &mut placeholders)?;
    placeholders.finish()?;
    Ok(condition.or(expected))
}

/// Takes an update and its condition. An action that `AttributeUpdates` does not support for a value has an error without
/// the validation prefix.
fn take_update(
    input: &mut Input,
    kind: RequestKind,
) -> Result<(Option<Update>, Option<Condition>), ApiError> {
    const EXPRESSIONS: [&str; 2] = ["UpdateExpression", "ConditionExpression"];
    let [expected, operator] = LEGACY_CONDITION;
    let word = |error| kind.word(error);
    input.refuse_mixed(&["AttributeUpdates", expected, operator], &EXPRESSIONS).map_err(word)?;
    let mut placeholders = kind.placeholders(input, &EXPRESSIONS).map_err(word)?;
    let joined = legacy::take_joined(input, "Expected").map_err(word)?;
    let updates = legacy::take_updates(input, word)?;
    let expected = legacy::take_expected(input, joined).map_err(word)?;
    let update = input.text("UpdateExpression")?;
    let update = update.map(|source| Update::parse(&source, &mut placeholders)).transpose().map_err(word)?;
    let condition = input.condition("ConditionExpression", &mut placeholders).map_err(word)?;
    placeholders.finish().map_err(word)?;
    Ok((update.or(updates), condition.or(expected)))
}
