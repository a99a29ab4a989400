//! Conditions on JSON messages, and how they are evaluated.

use serde_json::Value;

use super::expression::Expression;

#[derive(Debug)]
pub(crate) enum Condition {
    Both(Box<Condition>, Box<Condition>),
    Either(Box<Condition>, Box<Condition>),
    Field(Selector, Test),
}

/// The place of a value: `$.a['b'][0][*]`.
#[derive(Debug)]
pub(crate) struct Selector(pub(crate) Vec<Step>);

/// One step of a selector.
#[derive(Debug)]
pub(crate) enum Step {
    Member(String),
    Index(usize),
    /// Every element of an array, or every member of an object.
    Every,
}

/// A test of a value.
#[derive(Debug)]
pub(crate) enum Test {
    Exists,
    NotExists,
    IsNull,
    Is(bool),
    Compare(Comparison, f64),
    /// Equal to a text or a number.
    Equal(Literal),
    NotEqual(Literal),
}

/// The comparisons of numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The right side of `=` and `!=`.
#[derive(Debug)]
pub(crate) enum Literal {
    Number(f64),
    Text(Wanted),
    Expression(Expression),
}

/// A text of a pattern. A `*` at its beginning or its end stands for any text; elsewhere it is an asterisk
/// [Filter pattern syntax].
#[derive(Debug)]
pub(crate) struct Wanted {
    text: String,
    /// Whether anything may stand before the text.
    after_any: bool,
    /// Whether anything may stand behind the text.
    before_any: bool,
}

impl Wanted {
    /// Reads a text of a pattern, without its quotes.
    pub(super) fn read(text: &str) -> Self {
        let (after_any, before_any) = (text.starts_with('*'), text.ends_with('*'));
        Self { text: text.trim_matches('*').to_owned(), after_any, before_any }
    }

    fn is_met(&self, text: &str) -> bool {
        match (self.after_any, self.before_any) {
            (false, false) => text == self.text,
            (true, false) => text.ends_with(&self.text),
            (false, true) => text.starts_with(&self.text),
            (true, true) => text.contains(&self.text),
        }
    }
}

impl Condition {
    /// Whether the condition holds for a document.
    pub(crate) fn holds(&self, document: &Value) -> bool {
        match self {
            Self::Both(one, other) => one.holds(document) && other.holds(document),
            Self::Either(one, other) => one.holds(document) || other.holds(document),
            Self::Field(selector, Test::NotExists) => !any(document, &selector.0, &|_| true),
            Self::Field(selector, test) => any(document, &selector.0, &|value| test.holds(value)),
        }
    }
}

impl Selector {
    /// The first value at the selector.
    pub(crate) fn find<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        find(document, &self.0)
    }
}

fn find<'v>(value: &'v Value, steps: &[Step]) -> Option<&'v Value> {
    let Some((step, rest)) = steps.split_first() else { return Some(value) };
    match (step, value) {
        (Step::Member(name), _) => find(value.get(name)?, rest),
        (Step::Index(index), _) => find(value.get(*index)?, rest),
        (Step::Every, Value::Array(values)) => values.iter().find_map(|value| find(value, rest)),
        (Step::Every, Value::Object(members)) => members.values().find_map(|value| find(value, rest)),
        (Step::Every, _) => None,
    }
}

/// Whether `check` is true for one of the values at the steps.
fn any(value: &Value, steps: &[Step], check: &impl Fn(&Value) -> bool) -> bool {
    let Some((step, rest)) = steps.split_first() else { return check(value) };
    match step {
        Step::Member(name) => value.get(name).is_some_and(|value| any(value, rest, check)),
        Step::Index(index) => value.get(*index).is_some_and(|value| any(value, rest, check)),
        Step::Every => match value {
            Value::Array(values) => values.iter().any(|value| any(value, rest, check)),
            Value::Object(members) => members.values().any(|value| any(value, rest, check)),
            _ => false,
        },
    }
}

impl Test {
    fn holds(&self, value: &Value) -> bool {
        match self {
            Self::Exists => true,
            Self::NotExists => false,
            Self::IsNull => value.is_null(),
            Self::Is(wanted) => value.as_bool() == Some(*wanted),
            Self::Compare(comparison, limit) => {
                number(value).is_some_and(|number| comparison.holds(number, *limit))
            }
            Self::Equal(literal) => literal.equals(value) == Some(true),
            Self::NotEqual(literal) => literal.equals(value) == Some(false),
        }
    }
}

impl Comparison {
    fn holds(self, number: f64, limit: f64) -> bool {
        match self {
            Self::Less => number < limit,
            Self::LessOrEqual => number <= limit,
            Self::Greater => number > limit,
            Self::GreaterOrEqual => number >= limit,
        }
    }
}

impl Literal {
    /// `None` for values that cannot be compared: objects, arrays and null.
    fn equals(&self, value: &Value) -> Option<bool> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            _ => return None,
        };
        Some(match self {
            Self::Number(wanted) => number(value).is_some_and(|number| number.total_cmp(wanted).is_eq()),
            Self::Text(wanted) => wanted.is_met(&text),
            Self::Expression(expression) => expression.is_match(&text),
        })
    }
}

/// The value as a number, even if it is text.
pub(crate) fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}
