//! Conditions and filters, and their evaluation.

use std::{borrow::Cow, cmp::Ordering};

use super::document_path::Path;
use crate::services::dynamodb::value::{AttributeValue, Attributes};

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Operand {
    /// The value at a path.
    Path(Path),
    /// A literal value of the request.
    Value(AttributeValue),
    /// `size(path)`.
    Size(Path),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparator {
    Equal,
    NotEqual,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl Comparator {
    /// The comparator behind its symbol.
    pub(crate) fn parse(symbol: &str) -> Option<Self> {
        Some(match symbol {
            "=" => Self::Equal,
            "<>" => Self::NotEqual,
            "<" => Self::Less,
            "<=" => Self::AtMost,
            ">" => Self::Greater,
            ">=" => Self::AtLeast,
            _ => return None,
        })
    }
}

/// A condition on an item.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Comparator, Operand, Operand),
    Between(Operand, Operand, Operand),
    In(Operand, Vec<Operand>),
    Exists(Path),
    NotExists(Path),
    Type(Operand, String),
    BeginsWith(Operand, Operand),
    Contains(Operand, Operand),
}

impl Condition {
    /// Whether the item meets the condition; a missing item counts as one without attributes.
    pub(crate) fn holds(&self, item: &Attributes) -> bool {
        match self {
            Self::And(conditions) => conditions.iter().all(|condition| condition.holds(item)),
            Self::Or(conditions) => conditions.iter().any(|condition| condition.holds(item)),
            Self::Not(condition) => !condition.holds(item),
            Self::Compare(comparator, left, right) => compare(*comparator, left.of(item), right.of(item)),
            Self::Between(value, low, high) => {
                let value = value.of(item);
                compare(Comparator::AtLeast, value.clone(), low.of(item))
                    && compare(Comparator::AtMost, value, high.of(item))
            }
            Self::In(value, list) => value
                .of(item)
                .is_some_and(|value| list.iter().any(|other| other.of(item).as_ref() == Some(&value))),
            Self::Exists(path) => path.find(item).is_some(),
            Self::NotExists(path) => path.find(item).is_none(),
            Self::Type(value, kind) => value.of(item).is_some_and(|value| value.kind() == kind),
            Self::BeginsWith(value, prefix) => {
                match (value.of(item).as_deref(), prefix.of(item).as_deref()) {
                    (Some(AttributeValue::S(text)), Some(AttributeValue::S(prefix))) => {
                        text.starts_with(prefix)
                    }
                    (Some(AttributeValue::B(bytes)), Some(AttributeValue::B(prefix))) => {
                        bytes.starts_with(prefix)
                    }
                    _ => false,
                }
            }
            Self::Contains(whole, part) => match (whole.of(item), part.of(item)) {
                (Some(whole), Some(part)) => contains(&whole, &part),
                _ => false,
            },
        }
    }

    /// Whether the comparison of two values is true.
    pub(crate) fn compares(comparator: Comparator, left: &AttributeValue, right: &AttributeValue) -> bool {
        compare(comparator, Some(Cow::Borrowed(left)), Some(Cow::Borrowed(right)))
    }

    /// Every path in the condition.
    pub(crate) fn paths(&self) -> Vec<&Path> {
        match self {
            Self::And(conditions) | Self::Or(conditions) => conditions.iter().flat_map(Self::paths).collect(),
            Self::Not(condition) => condition.paths(),
            Self::Compare(_, a, b) | Self::BeginsWith(a, b) | Self::Contains(a, b) => {
                [a, b].into_iter().filter_map(Operand::path).collect()
            }
            Self::Between(a, b, c) => [a, b, c].into_iter().filter_map(Operand::path).collect(),
            Self::In(a, list) => std::iter::once(a).chain(list).filter_map(Operand::path).collect(),
            Self::Exists(path) | Self::NotExists(path) => vec![path],
            Self::Type(value, _) => value.path().into_iter().collect(),
        }
    }
}

impl Operand {
    fn of<'a>(&'a self, item: &'a Attributes) -> Option<Cow<'a, AttributeValue>> {
        match self {
            Self::Path(path) => path.find(item).map(Cow::Borrowed),
            Self::Value(value) => Some(Cow::Borrowed(value)),
            Self::Size(path) => Some(Cow::Owned(size_of_value(path.find(item)?)?)),
        }
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) | Self::Size(path) => Some(path),
            Self::Value(_) => None,
        }
    }
}

/// The result of `size`; `None` for types without a size.
pub(super) fn size_of_value(value: &AttributeValue) -> Option<AttributeValue> {
    let size = match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::B(bytes) => bytes.len(),
        AttributeValue::L(list) => list.len(),
        AttributeValue::M(members) => members.len(),
        AttributeValue::Ss(set) => set.len(),
        AttributeValue::Ns(set) => set.len(),
        AttributeValue::Bs(set) => set.len(),
        AttributeValue::N(_) | AttributeValue::Bool(_) | AttributeValue::Null => return None,
    };
    Some(AttributeValue::N(size.into()))
}

fn compare(
    comparator: Comparator,
    left: Option<Cow<'_, AttributeValue>>,
    right: Option<Cow<'_, AttributeValue>>,
) -> bool {
    let (Some(left), Some(right)) = (left, right) else {
        // A missing value is not equal to any value, and no order comparison with it is true.
        return comparator == Comparator::NotEqual;
    };
    match comparator {
        Comparator::Equal => left == right,
        Comparator::NotEqual => left != right,
        Comparator::Less => order(&left, &right).is_some_and(Ordering::is_lt),
        Comparator::AtMost => order(&left, &right).is_some_and(Ordering::is_le),
        Comparator::Greater => order(&left, &right).is_some_and(Ordering::is_gt),
        Comparator::AtLeast => order(&left, &right).is_some_and(Ordering::is_ge),
    }
}

/// The order of two values of the same ordered type.
pub(super) fn order(left: &AttributeValue, right: &AttributeValue) -> Option<Ordering> {
    match (left, right) {
        (AttributeValue::S(left), AttributeValue::S(right)) => Some(left.cmp(right)),
        (AttributeValue::N(left), AttributeValue::N(right)) => Some(left.cmp(right)),
        (AttributeValue::B(left), AttributeValue::B(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

fn contains(whole: &AttributeValue, part: &AttributeValue) -> bool {
    match (whole, part) {
        (AttributeValue::S(text), AttributeValue::S(part)) => text.contains(part),
        (AttributeValue::B(bytes), AttributeValue::B(part)) => {
            part.is_empty() || bytes.windows(part.len()).any(|window| window == part)
        }
        (AttributeValue::L(list), part) => list.contains(part),
        (AttributeValue::Ss(set), AttributeValue::S(part)) => set.contains(part),
        (AttributeValue::Ns(set), AttributeValue::N(part)) => set.contains(part),
        (AttributeValue::Bs(set), AttributeValue::B(part)) => set.contains(part),
        _ => false,
    }
}
