//! Key conditions: one partition, and at most one condition on the sort key.

use super::{
    condition::{Comparator, Condition, Operand},
    placeholders::Placeholders,
};
use crate::{
    error::ApiError,
    services::dynamodb::{
        key::{KeyAttribute, KeySchema, SortCondition},
        value::{AttributeValue, invalid},
    },
};

/// What a query asks of the keys.
#[derive(Debug, PartialEq)]
pub(crate) struct KeyCondition {
    pub(crate) partition: AttributeValue,
    pub(crate) sort: Option<SortCondition>,
}

impl KeyCondition {
    /// Reads a `KeyConditionExpression` for a table or an index with this key.
    pub(crate) fn parse(
        source: &str,
        schema: &KeySchema,
        placeholders: &mut Placeholders,
    ) -> Result<Self, ApiError> {
        let conditions = match Condition::parse("KeyConditionExpression", source, placeholders)? {
            Condition::And(conditions) => conditions.into_iter().flat_map(flatten).collect(),
            other => vec![other],
        };
        let (mut partition, mut sort) = (None, None);
        for condition in conditions {
            let (name, condition) = sort_condition(condition)?;
            let (slot, attribute) = match &schema.sort {
                _ if name == schema.partition.name => (&mut partition, &schema.partition),
                Some(attribute) if name == attribute.name => (&mut sort, attribute),
                _ => {
                    return Err(ApiError::validation(format!(
                        "Query condition missed key schema element: {}",
                        partition
                            .as_ref()
                            .map_or(&schema.partition, |_| schema.sort.as_ref().unwrap_or(&schema.partition))
                            .name
                    )));
                }
            };
            if slot.is_some() {
                return Err(ApiError::validation(
                    "KeyConditionExpressions must only contain one condition per key",
                ));
            }
            check_values(attribute, &condition)?;
            *slot = Some(condition);
        }
        match partition {
            Some(SortCondition::Equal(partition)) => Ok(Self { partition, sort }),
            Some(_) => Err(ApiError::validation("Query key condition not supported")),
            None => Err(ApiError::validation(format!(
                "Query condition missed key schema element: {}",
                schema.partition.name
            ))),
        }
    }
}

fn flatten(condition: Condition) -> Vec<Condition> {
    match condition {
        Condition::And(conditions) => conditions.into_iter().flat_map(flatten).collect(),
        other => vec![other],
    }
}

/// The attribute's name and what is asked of it.
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

/// The comparator with its sides exchanged.
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
