//! Plans a PartiQL statement: a read by key, a read of a range of a table or an index, or a write.

use super::{
    super::{
        expressions::{Comparator, Condition, Operand, Path},
        item::Item,
        key::{Key, KeyRange, SortCondition},
        key_schema::{KeyAttribute, KeySchema},
        partiql::{Select, Statement},
        store::Store,
        value::{AttributeValue, Attributes},
    },
    draft::Draft,
    read::ReadDraft,
    write::{Action, ITEM_TOO_LARGE},
};
use crate::error::ApiError;

/// The operands of a condition that is joined by `AND`.
fn conjuncts(condition: &Condition) -> Vec<&Condition> {
    match condition {
        Condition::And(conditions) => conditions.iter().flat_map(conjuncts).collect(),
        other => vec![other],
    }
}

/// A condition on one attribute, in the form of a key condition.
fn asked(condition: &Condition) -> Option<(&str, SortCondition)> {
    let name = |operand: &'_ Operand| matches!(operand, Operand::Path(path) if path.steps.is_empty());
    let (attribute, found) = match condition {
        Condition::Compare(comparator, left, Operand::Value(value)) if name(left) => {
            let value = value.clone();
            let found = match comparator {
                Comparator::Equal => SortCondition::Equal(value),
                Comparator::Less => SortCondition::Less(value),
                Comparator::AtMost => SortCondition::AtMost(value),
                Comparator::Greater => SortCondition::Greater(value),
                Comparator::AtLeast => SortCondition::AtLeast(value),
                Comparator::NotEqual => return None,
            };
            (left, found)
        }
        Condition::Compare(Comparator::Equal, Operand::Value(value), right) if name(right) => {
            (right, SortCondition::Equal(value.clone()))
        }
        Condition::Between(of, Operand::Value(low), Operand::Value(high)) if name(of) => {
            (of, SortCondition::Between(low.clone(), high.clone()))
        }
        Condition::BeginsWith(of, Operand::Value(prefix)) if name(of) => {
            (of, SortCondition::BeginsWith(prefix.clone()))
        }
        _ => return None,
    };
    match attribute {
        Operand::Path(path) => Some((path.attribute.as_str(), found)),
        _ => None,
    }
}

fn equal<'c>(conditions: &[&'c Condition], attribute: &str) -> Option<(&'c Condition, AttributeValue)> {
    conditions.iter().find_map(|condition| match asked(condition)? {
        (name, SortCondition::Equal(value)) if name == attribute => Some((*condition, value)),
        _ => None,
    })
}

/// The values of an attribute that a condition asks for with `=`, `IN`, or an `OR` of such conditions.
fn listed(condition: &Condition, attribute: &str) -> Option<Vec<AttributeValue>> {
    match condition {
        Condition::In(Operand::Path(path), list) if path.steps.is_empty() && path.attribute == attribute => {
            let value = |operand: &Operand| match operand {
                Operand::Value(value) => Some(value.clone()),
                _ => None,
            };
            list.iter().map(value).collect()
        }
        Condition::Or(conditions) => {
            let each = |condition| conjuncts(condition).into_iter().find_map(|part| listed(part, attribute));
            let lists: Vec<Vec<AttributeValue>> = conditions.iter().map(each).collect::<Option<_>>()?;
            Some(lists.concat())
        }
        other => equal(&[other], attribute).map(|(_, value)| vec![value]),
    }
}

/// The parts of a table or an index that contain all items which meet a condition.
#[derive(Debug)]
pub(super) struct Parts {
    /// The parts, ordered by the value of the partition key.
    pub(super) ranges: Vec<KeyRange>,
    /// Whether the condition does not give the partition key, so that everything is read.
    pub(super) is_scan: bool,
}

/// The parts that contain all items which meet the condition [SELECT, PartiQL reference: a condition with `=` or `IN` on the
/// partition key does not scan].
pub(super) fn parts(condition: Option<&Condition>, schema: &KeySchema) -> Parts {
    let conditions = condition.map(conjuncts).unwrap_or_default();
    let value = |name: &str| equal(&conditions, name).map(|(_, value)| value);
    let single: Option<Vec<AttributeValue>> = schema.partition.iter().map(|key| value(&key.name)).collect();
    let partitions = match (single, schema.partition.as_slice()) {
        (Some(single), _) => Some(vec![single]),
        (None, [key]) => conditions.iter().find_map(|part| listed(part, &key.name)).map(|mut values| {
            let sorted = |value: &AttributeValue| Key::new(&[], std::slice::from_ref(value), None);
            values.sort_by_cached_key(sorted);
            values.dedup_by_key(|value| sorted(value));
            values.into_iter().map(|value| vec![value]).collect()
        }),
        (None, _) => None,
    };
    let fits = |values: &Vec<AttributeValue>| {
        schema.partition.iter().zip(values).all(|(key, value)| key.fits(value))
    };
    let Some(partitions) = partitions.filter(|partitions| partitions.iter().all(fits)) else {
        return Parts { ranges: vec![KeyRange::of_segment(0, 1)], is_scan: true };
    };
    let mut prefix = Vec::new();
    let mut last = None;
    for key in &schema.sort {
        let Some(value) = value(&key.name).filter(|value| key.fits(value)) else {
            last = conditions.iter().find_map(|condition| {
                asked(condition)
                    .filter(|(name, asked)| *name == key.name && asked.fits(key))
                    .map(|(_, asked)| asked)
            });
            break;
        };
        prefix.push(value);
    }
    let range = |partition: &Vec<AttributeValue>| KeyRange::of_partition(partition, &prefix, last.as_ref());
    Parts { ranges: partitions.iter().map(range).collect(), is_scan: false }
}

impl Parts {
    /// Puts the parts in the order of `ORDER BY`; returns whether each part is read in descending order.
    pub(super) fn order(&mut self, order: &[(String, bool)], schema: &KeySchema) -> Result<bool, ApiError> {
        let Some((first, _)) = order.first() else { return Ok(false) };
        if self.is_scan {
            return Err(ApiError::validation(
                "Must have WHERE clause in the statement when using ORDER BY clause.",
            ));
        }
        if let Some((attribute, _)) = order.iter().find(|(attribute, _)| !schema.contains(attribute)) {
            return Err(ApiError::validation(format!(
                "Variable reference {attribute} in ORDER BY clause must be part of the primary key"
            )));
        }
        let down = |keys: &[KeyAttribute]| {
            let named = order.iter().find(|(name, _)| keys.iter().any(|key| key.name == *name));
            named.map(|(_, down)| *down)
        };
        let (partition, sort) = (down(&schema.partition), down(&schema.sort));
        if self.ranges.len() > 1 && !schema.partition.iter().any(|key| key.name == *first) {
            return Err(ApiError::unsupported(
                "ORDER BY with a sort key before the partition key, over several partitions",
            ));
        }
        if partition == Some(true) {
            self.ranges.reverse();
        }
        Ok(sort.or(partition).unwrap_or(false))
    }

    /// Leaves out what comes before the key `start` of the next page, and `start` itself; `None` if no part contains it.
    pub(super) fn behind(mut self, start: Key, reverse: bool) -> Option<Self> {
        let at = self.ranges.iter().position(|range| range.contains(&start))?;
        let mut rest = self.ranges.split_off(at);
        let first = rest.remove(0).behind(start, reverse);
        rest.insert(0, first);
        Some(Self { ranges: rest, ..self })
    }
}

/// The key that a condition gives with `=`, and the other conditions; `None` when it does not give the whole key.
fn keyed(condition: &Condition, schema: &KeySchema) -> Option<(Attributes, Vec<Condition>)> {
    let conditions = conjuncts(condition);
    let found: Vec<(&Condition, &str, AttributeValue)> = schema
        .attributes()
        .map(|key| {
            let (condition, value) = equal(&conditions, &key.name)?;
            Some((condition, key.name.as_str(), value))
        })
        .collect::<Option<_>>()?;
    let rest = conditions
        .into_iter()
        .filter(|condition| !found.iter().any(|(used, ..)| std::ptr::eq(*used, *condition)))
        .cloned()
        .collect();
    Some((found.into_iter().map(|(_, name, value)| (name, value)).collect(), rest))
}

fn joined(mut conditions: Vec<Condition>) -> Option<Condition> {
    match conditions.len() {
        0 | 1 => conditions.pop(),
        _ => Some(Condition::And(conditions)),
    }
}

/// The read of one item, for a `SELECT` in a batch or a transaction.
pub(super) fn read(store: &Store, select: Select, operation: &str) -> Result<ReadDraft, ApiError> {
    let unkeyed = || {
        ApiError::validation(format!(
            "Select statements within {operation} must specify the primary key in the where clause."
        ))
    };
    if select.index.is_some() {
        return Err(unkeyed());
    }
    let table = store.table(&select.table)?;
    let condition = select.condition.ok_or_else(unkeyed)?;
    let (key, rest) = keyed(&condition, &table.schema).ok_or_else(unkeyed)?;
    Ok(ReadDraft::filtered(&select.table, key, joined(rest), select.projection))
}

/// The write of a statement.
pub(super) fn write(store: &Store, statement: Statement, show_on_failure: bool) -> Result<Draft, ApiError> {
    let name = statement.table().to_owned();
    let table = store.table(&name)?;
    let partition = table.schema.partition.first().map_or_else(String::new, |key| key.name.clone());
    let there = Path { attribute: partition, steps: Vec::new() };
    let keyed = |condition: &Condition| {
        keyed(condition, &table.schema).ok_or_else(|| {
            ApiError::validation("Where clause does not contain a mandatory equality on all key attributes")
        })
    };
    let draft = match statement {
        Statement::Insert { item, .. } => {
            let packed = Item::new(&item, ITEM_TOO_LARGE)?;
            Draft::plain(&name, item, Action::Insert(packed)).under(Condition::NotExists(there))
        }
        Statement::Update { assignments, condition, .. } => {
            let (key, mut rest) = keyed(&condition)?;
            rest.insert(0, Condition::Exists(there));
            Draft::plain(&name, key, Action::Update(Some(assignments.update()))).under(Condition::And(rest))
        }
        Statement::Delete { condition, .. } => {
            let (key, rest) = keyed(&condition)?;
            let delete = Draft::plain(&name, key, Action::Delete);
            match joined(rest) {
                // Deleting an item that does not exist succeeds, whatever the other conditions are.
                Some(rest) => delete.under(Condition::Or(vec![Condition::NotExists(there), rest])),
                None => delete,
            }
        }
        Statement::Exists(select) | Statement::Select(select) => {
            let condition = select.condition.unwrap_or_else(|| Condition::And(Vec::new()));
            let (key, mut rest) = keyed(&condition)?;
            rest.insert(0, Condition::Exists(there));
            Draft::plain(&name, key, Action::Check).under(Condition::And(rest))
        }
    };
    Ok(draft.showing(show_on_failure))
}
