//! Conditions of a query, and how they are evaluated.

use regex::Regex;

use super::value::Field;

/// A condition on an event.
#[derive(Debug)]
pub(super) enum Condition {
    Both(Box<Condition>, Box<Condition>),
    Either(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    IsPresent(String),
    Compare(Operand, Comparison, Operand),
    /// `like` with a text or a regular expression.
    Like(Operand, Regex),
    In(Operand, Vec<Field>),
}

/// One side of a comparison.
#[derive(Debug)]
pub(super) enum Operand {
    Name(String),
    Constant(Field),
}

/// The comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Condition {
    /// Whether the condition holds; `field` looks up the value of a name. A comparison with a missing field does not hold.
    pub(super) fn holds(&self, field: &dyn Fn(&str) -> Option<Field>) -> bool {
        match self {
            Self::Both(one, other) => one.holds(field) && other.holds(field),
            Self::Either(one, other) => one.holds(field) || other.holds(field),
            Self::Not(condition) => !condition.holds(field),
            Self::IsPresent(name) => field(name).is_some(),
            Self::Compare(one, comparison, other) => match (one.value(field), other.value(field)) {
                (Some(one), Some(other)) => comparison.holds(&one, &other),
                _ => false,
            },
            Self::Like(operand, pattern) => {
                operand.value(field).is_some_and(|value| pattern.is_match(&value.text()))
            }
            Self::In(operand, values) => operand
                .value(field)
                .is_some_and(|value| values.iter().any(|wanted| Comparison::Equal.holds(&value, wanted))),
        }
    }
}

impl Operand {
    fn value(&self, field: &dyn Fn(&str) -> Option<Field>) -> Option<Field> {
        match self {
            Self::Name(name) => field(name),
            Self::Constant(value) => Some(value.clone()),
        }
    }
}

impl Comparison {
    fn holds(self, one: &Field, other: &Field) -> bool {
        let order = one.compare(other);
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}
