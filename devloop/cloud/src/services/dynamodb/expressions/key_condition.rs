//! Key conditions: one partition key, and at most one condition on the sort key.

use super::condition::{Comparator, Condition, Operand};
use crate::{
    error::ApiError,
    services::dynamodb::{
        key::SortCondition,
        key_schema::{KeyAttribute, KeySchema},
        value::{AttributeValue, invalid},
    },
};

/// The conditions of a query, each with its attribute, before the table's key is known.
#[derive(Debug, PartialEq)]
pub(crate) struct KeyConditions(Vec<(String, SortCondition)>);

/// The conditions of a query on the key of a table or an index.
#[derive(Debug, PartialEq)]
pub(crate) struct KeyCondition {
    pub(crate) partition: Vec<AttributeValue>,
    /// The values of the leading sort key attributes.
    pub(crate) equal: Vec<AttributeValue>,
    /// The condition on the next sort key attribute.
    pub(crate) last: Option<SortCondition>,
}

impl KeyConditions {
    /// Conditions from a `KeyConditionExpression`. Fails if a key cannot have such conditions.
    pub(crate) fn of(expression: Condition) -> Result<Self, ApiError> {
        let conditions =
            flatten(expression).into_iter().map(sort_condition).collect::<Result<Vec<_>, _>>()?;
        for (at, (name, _)) in conditions.iter().enumerate() {
            if conditions[..at].iter().any(|(other, _)| other == name) {
                return Err(ApiError::validation(
                    "Invalid KeyConditionExpression: KeyConditionExpressions must only contain one condition per key",
                ));
            }
        }
        Ok(Self(conditions))
    }

    /// Conditions from the parameter `KeyConditions`.
    pub(crate) fn new(conditions: Vec<(String, SortCondition)>) -> Self {
        Self(conditions)
    }

    /// Assigns the conditions to the key attributes of a table or an index.
    pub(crate) fn bind(self, schema: &KeySchema) -> Result<KeyCondition, ApiError> {
        if self.0.len() > schema.len() {
            return Err(ApiError::validation(format!(
                "The number of query conditions ({}) exceeds the number of key attributes defined in the schema ({})",
                self.0.len(),
                schema.len()
            )));
        }
        let find = |attribute: &KeyAttribute| {
            self.0.iter().find(|(name, _)| *name == attribute.name).map(|(_, condition)| condition)
        };
        let equal = |attribute: &KeyAttribute| match find(attribute) {
            Some(SortCondition::Equal(value)) => Some(value.clone()),
            _ => None,
        };
        let partition: Vec<AttributeValue> = schema.partition.iter().filter_map(equal).collect();
        if partition.len() < schema.partition.len() {
            return Err(missing_partition(schema, |attribute| find(attribute).is_some(), equal));
        }
        if let Some(unused) = schema.sort.iter().find(|attribute| find(attribute).is_none())
            && self.0.iter().any(|(name, _)| !schema.contains(name))
        {
            return Err(missed(&unused.name));
        }
        let given = schema.sort.iter().rposition(|attribute| find(attribute).is_some());
        let sort = given.map_or(&[][..], |last| &schema.sort[..=last]);
        if let Some((last, before)) = sort.split_last()
            && before.iter().any(|attribute| equal(attribute).is_none())
        {
            return Err(ApiError::validation(format!(
                "RANGE key attributes {} must have equality conditions specified in the query because a condition is present on key attribute {}",
                names(before.iter().filter(|attribute| equal(attribute).is_none())),
                last.name
            )));
        }
        for attribute in schema.partition.iter().chain(sort) {
            if let Some(condition) = find(attribute) {
                check_values(attribute, condition)?;
            }
        }
        let last =
            sort.last().and_then(find).filter(|last| !matches!(last, SortCondition::Equal(_))).cloned();
        Ok(KeyCondition { partition, equal: sort.iter().filter_map(equal).collect(), last })
    }
}

fn missing_partition(
    schema: &KeySchema,
    given: impl Fn(&KeyAttribute) -> bool,
    equal: impl Fn(&KeyAttribute) -> Option<AttributeValue>,
) -> ApiError {
    let missing: Vec<&KeyAttribute> =
        schema.partition.iter().filter(|attribute| equal(attribute).is_none()).collect();
    match missing.first() {
        Some(first) if !schema.is_composed() && !given(first) => missed(&first.name),
        _ if !schema.is_composed() => ApiError::validation("Query key condition not supported"),
        _ => ApiError::validation(format!(
            "HASH key attributes {} must have equality conditions specified in the query",
            names(missing)
        )),
    }
}

fn missed(attribute: &str) -> ApiError {
    ApiError::validation(format!("Query condition missed key schema element: {attribute}"))
}

fn names<'a>(attributes: impl IntoIterator<Item = &'a KeyAttribute>) -> String {
    attributes.into_iter().map(|attribute| attribute.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn flatten(condition: Condition) -> Vec<Condition> {
    match condition {
        Condition::And(conditions) => conditions.into_iter().flat_map(flatten).collect(),
        other => vec![other],
    }
}

/// The attribute of a condition, and the condition on it.
fn sort_condition(condition: Condition) -> Result<(String, SortCondition), ApiError> {
    let not_supported = || ApiError::validation("Query key condition not supported");
    let operator = |name: &str| {
        ApiError::validation(format!(
            "Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression: {name}"
        ))
    };
    let attribute = |operand: Operand| match operand {
        Operand::Path(path) if path.steps.is_empty() => Ok(path.attribute),
        Operand::Path(_) => Err(ApiError::validation(
            "Invalid KeyConditionExpression: KeyConditionExpressions cannot have conditions on nested attributes",
        )),
        Operand::Size(_) => Err(ApiError::validation(
            "Invalid KeyConditionExpression: Invalid operator used in KeyConditionExpression: size",
        )),
        Operand::Value(_) => Err(ApiError::validation("Query key condition not supported")),
    };
    let literal = |operand: Operand| match operand {
        Operand::Value(value) => Ok(value),
        _ => Err(ApiError::validation(
            "Invalid KeyConditionExpression: Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
        )),
    };
    match condition {
        Condition::Compare(comparator, left, right) => {
            let (comparator, left, right) = match left {
                Operand::Value(_) => (mirrored(comparator), right, left),
                _ => (comparator, left, right),
            };
            let (name, value) = (attribute(left)?, literal(right)?);
            let condition = match comparator {
                Comparator::Equal => SortCondition::Equal(value),
                Comparator::Less => SortCondition::Less(value),
                Comparator::AtMost => SortCondition::AtMost(value),
                Comparator::Greater => SortCondition::Greater(value),
                Comparator::AtLeast => SortCondition::AtLeast(value),
                Comparator::NotEqual => return Err(operator("<>")),
            };
            Ok((name, condition))
        }
        Condition::Between(value, low, high) => {
            Ok((attribute(value)?, SortCondition::Between(literal(low)?, literal(high)?)))
        }
        Condition::BeginsWith(value, prefix) => {
            Ok((attribute(value)?, SortCondition::BeginsWith(literal(prefix)?)))
        }
        Condition::Or(_) => Err(operator("OR")),
        Condition::Not(_) => Err(operator("NOT")),
        Condition::In(..) => Err(operator("IN")),
        Condition::Exists(_) => Err(operator("attribute_exists")),
        Condition::NotExists(_) => Err(operator("attribute_not_exists")),
        Condition::Type(..) => Err(operator("attribute_type")),
        Condition::Contains(..) => Err(operator("contains")),
        Condition::And(_) => Err(not_supported()),
    }
}

/// The comparator for exchanged operands.
fn mirrored(comparator: Comparator) -> Comparator {
    match comparator {
        Comparator::Less => Comparator::Greater,
        Comparator::AtMost => Comparator::AtLeast,
        Comparator::Greater => Comparator::Less,
        Comparator::AtLeast => Comparator::AtMost,
        same => same,
    }
}

fn check_values(attribute: &KeyAttribute, condition: &SortCondition) -> Result<(), ApiError> {
    let (first, second) = match condition {
        SortCondition::Equal(value)
        | SortCondition::Less(value)
        | SortCondition::AtMost(value)
        | SortCondition::Greater(value)
        | SortCondition::AtLeast(value)
        | SortCondition::BeginsWith(value) => (value, value),
        SortCondition::Between(low, high) => (low, high),
    };
    if !attribute.fits(first) || !attribute.fits(second) {
        return Err(invalid("Condition parameter type does not match schema type"));
    }
    let empty = match first {
        AttributeValue::S(text) if text.is_empty() => "string",
        AttributeValue::B(bytes) if bytes.is_empty() => "binary",
        _ => return Ok(()),
    };
    Err(ApiError::validation(format!(
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty {empty} value. Key: {}",
        attribute.name
    )))
}
