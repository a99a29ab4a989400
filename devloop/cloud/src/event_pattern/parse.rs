//! Parses JSON into a pattern. Everything that a pattern may not contain is refused here, so that matching cannot fail.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::{
    Condition, Pattern,
    comparison::{Comparison, Network, Relation, Text},
};

/// Why a text is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Malformed(String);

impl Pattern {
    /// Reads a pattern. The empty object accepts everything.
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        let value: Value = serde_json::from_str(text).map_err(|error| Malformed(error.to_string()))?;
        match value {
            Value::Object(members) => Self::of(&members),
            _ => Err(Malformed("a pattern is a JSON object".to_owned())),
        }
    }

    fn of(members: &Map<String, Value>) -> Result<Self, Malformed> {
        members.iter().map(|(name, value)| condition(name, value)).collect::<Result<_, _>>().map(Self)
    }
}

fn condition(name: &str, value: &Value) -> Result<Condition, Malformed> {
    match value {
        Value::Array(items) if name == "$or" => {
            let alternative = |item: &Value| match item {
                Value::Object(members) => Pattern::of(members),
                _ => Err(Malformed("an element of `$or` is an object".to_owned())),
            };
            match items.len() {
                0 | 1 => Err(Malformed("`$or` needs two elements or more".to_owned())),
                _ => items.iter().map(alternative).collect::<Result<_, _>>().map(Condition::Either),
            }
        }
        Value::Object(members) if !members.is_empty() => {
            Pattern::of(members).map(|pattern| Condition::Inside(name.to_owned(), pattern))
        }
        Value::Array(items) if !items.is_empty() => items
            .iter()
            .map(comparison)
            .collect::<Result<_, _>>()
            .map(|comparisons| Condition::OneOf(name.to_owned(), comparisons)),
        _ => {
            Err(Malformed(format!("`{name}` needs a list of values or an object, and neither may be empty")))
        }
    }
}

fn comparison(value: &Value) -> Result<Comparison, Malformed> {
    let Value::Object(members) = value else { return scalar(value) };
    let mut members = members.iter();
    let (Some((operator, operand)), None) = (members.next(), members.next()) else {
        return Err(Malformed("a comparison has one operator".to_owned()));
    };
    match (operator.as_str(), operand) {
        ("exists", Value::Bool(wanted)) => Ok(Comparison::Exists(*wanted)),
        ("anything-but", Value::Array(items)) if !items.is_empty() => {
            items.iter().map(scalar).collect::<Result<_, _>>().map(Comparison::Nothing)
        }
        ("anything-but", Value::Object(inner)) if inner.len() == 1 => texts(inner).map(Comparison::Nothing),
        ("anything-but", operand) => scalar(operand).map(|unwanted| Comparison::Nothing(vec![unwanted])),
        ("cidr", Value::String(text)) => network(text).map(Comparison::Inside),
        ("numeric", Value::Array(items)) => bounds(items).map(Comparison::Between),
        (operator, operand) => text(operator, operand).map(Comparison::Text),
    }
}

fn scalar(value: &Value) -> Result<Comparison, Malformed> {
    match value {
        Value::Null => Ok(Comparison::Null),
        Value::Bool(wanted) => Ok(Comparison::Bool(*wanted)),
        Value::Number(number) => Ok(Comparison::Number(number.as_f64().unwrap_or_default())),
        Value::String(text) => Ok(Comparison::Text(Text::Equals(text.clone()))),
        Value::Array(_) | Value::Object(_) => {
            Err(Malformed(format!("{value} is not a string, number, boolean or null")))
        }
    }
}

/// What `anything-but` accepts besides values: one operator on a text, or on each of several texts.
fn texts(members: &Map<String, Value>) -> Result<Vec<Comparison>, Malformed> {
    let mut all = Vec::new();
    for (operator, operand) in members {
        match operand {
            Value::Array(items) if !items.is_empty() => {
                for item in items {
                    all.push(Comparison::Text(text(operator, item)?));
                }
            }
            _ => all.push(Comparison::Text(text(operator, operand)?)),
        }
    }
    Ok(all)
}

fn text(operator: &str, operand: &Value) -> Result<Text, Malformed> {
    let (text, ignore_case) = match operand {
        Value::String(text) => (text.clone(), false),
        Value::Object(inner) if inner.len() == 1 => match inner.get("equals-ignore-case") {
            Some(Value::String(text)) => (text.to_lowercase(), true),
            _ => return Err(Malformed(format!("`{operator}` does not take {operand}"))),
        },
        _ => return Err(Malformed(format!("`{operator}` does not take {operand}"))),
    };
    match operator {
        "wildcard" if !ignore_case => wildcard(&text),
        "prefix" => Ok(Text::Prefix { text, ignore_case }),
        "suffix" => Ok(Text::Suffix { text, ignore_case }),
        "equals-ignore-case" if !ignore_case => Ok(Text::Folded(text.to_lowercase())),
        _ => Err(Malformed(format!("there is no operator `{operator}`"))),
    }
}

/// Parses a wildcard: `*` stands for any text, `\*` for a star and `\\` for a backslash.
fn wildcard(pattern: &str) -> Result<Text, Malformed> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '*' if letters.peek() == Some(&'*') => {
                return Err(Malformed(format!("`wildcard` takes no two stars in a row: `{pattern}`")));
            }
            '*' => parts.push(std::mem::take(&mut part)),
            '\\' => match letters.next() {
                Some(escaped @ ('*' | '\\')) => part.push(escaped),
                _ => return Err(Malformed(format!("only `*` and `\\` may follow a backslash: `{pattern}`"))),
            },
            letter => part.push(letter),
        }
    }
    if parts.is_empty() {
        return Ok(Text::Equals(part));
    }
    parts.push(part);
    Ok(Text::Wildcard(parts))
}

fn network(text: &str) -> Result<Network, Malformed> {
    let malformed = || Malformed(format!("`cidr` takes a network such as 10.0.0.0/24, not `{text}`"));
    let (address, bits) = text.split_once('/').ok_or_else(malformed)?;
    let address: IpAddr = address.parse().map_err(|_| malformed())?;
    let bits: u32 = bits.parse().map_err(|_| malformed())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    if bits > most { Err(malformed()) } else { Ok(Network { address, bits }) }
}

/// Parses `["=", n]`, or one or two of the other relations, such as `[">", 0, "<=", 5]`.
fn bounds(items: &[Value]) -> Result<Vec<(Relation, f64)>, Malformed> {
    let malformed = || Malformed("`numeric` takes one or two relations with their numbers".to_owned());
    let bounds = items
        .chunks(2)
        .map(|pair| {
            let [Value::String(relation), Value::Number(number)] = pair else { return Err(malformed()) };
            let relation = match relation.as_str() {
                "=" => Relation::Equal,
                "<" => Relation::Less,
                "<=" => Relation::LessOrEqual,
                ">" => Relation::Greater,
                ">=" => Relation::GreaterOrEqual,
                _ => return Err(malformed()),
            };
            number.as_f64().map(|number| (relation, number)).ok_or_else(malformed)
        })
        .collect::<Result<Vec<_>, _>>()?;
    if bounds.is_empty() || bounds.len() > 2 { Err(malformed()) } else { Ok(bounds) }
}
