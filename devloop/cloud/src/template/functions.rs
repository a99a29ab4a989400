//! The forms of intrinsic function calls [Intrinsic function reference, CloudFormation User Guide].

use serde_json::{Map, Value};

use super::{error::Problem, references::Reference};

/// Reads a function call: an object with the single member `Ref` or `Fn::…`.
pub(super) fn function(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let (name, argument) = members.iter().next()?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name.as_str(), argument))
}

/// The argument as a list of exactly `N` values.
pub(super) fn arguments<'v, const N: usize>(
    name: &str,
    argument: &'v Value,
) -> Result<[&'v Value; N], Problem> {
    let items: Vec<&Value> = argument.as_array().map(|items| items.iter().collect()).unwrap_or_default();
    items.try_into().map_err(|_| Problem::malformed(name, format!("needs a list of {N} values")))
}

/// Resource and attribute of a `Fn::GetAtt`, in either of its forms.
pub(super) fn attribute_name(argument: &Value) -> Result<(String, String), Problem> {
    let found = match argument {
        Value::String(text) => {
            text.split_once('.').map(|(resource, attribute)| (resource.to_owned(), attribute.to_owned()))
        }
        Value::Array(items) => match items.as_slice() {
            [Value::String(resource), Value::String(attribute)] => {
                Some((resource.clone(), attribute.clone()))
            }
            _ => None,
        },
        _ => None,
    };
    found.ok_or_else(|| Problem::malformed("Fn::GetAtt", "needs a resource and an attribute"))
}

/// A part of a text in `Fn::Sub`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// Literal text.
    Text(&'t str),
    /// `${!Name}`, which stands for the text `${Name}`.
    Escaped(&'t str),
    /// `${Name}` or `${Name.Attribute}`.
    Variable(&'t str),
}

impl Part<'_> {
    /// The reference that a variable stands for.
    pub(super) fn reference(&self) -> Option<Reference> {
        let Self::Variable(name) = self else { return None };
        Some(match name.split_once('.') {
            Some((resource, attribute)) => Reference::Attribute(resource.to_owned(), attribute.to_owned()),
            None => Reference::Name((*name).to_owned()),
        })
    }
}

/// The arguments of a `Fn::Sub`.
#[derive(Debug)]
pub(super) struct Substitution<'v> {
    /// The text, in parts.
    pub(super) parts: Vec<Part<'v>>,
    /// The variables that are given with the text.
    pub(super) variables: Option<&'v Map<String, Value>>,
}

/// Parses the arguments of a `Fn::Sub`.
pub(super) fn substitution(argument: &Value) -> Result<Substitution<'_>, Problem> {
    let (text, variables) = match argument {
        Value::String(text) => (text, None),
        Value::Array(items) => match items.as_slice() {
            [Value::String(text), Value::Object(variables)] => (text, Some(variables)),
            _ => return Err(Problem::malformed("Fn::Sub", "needs a string, or a string and its variables")),
        },
        _ => return Err(Problem::malformed("Fn::Sub", "needs a string, or a string and its variables")),
    };
    let mut parts = Vec::new();
    let mut rest = text.as_str();
    while let Some(open) = rest.find("${") {
        let Some(length) = rest[open..].find('}') else { break };
        if open > 0 {
            parts.push(Part::Text(&rest[..open]));
        }
        let inside = rest[open + 2..open + length].trim();
        parts.push(match inside.strip_prefix('!') {
            Some(literal) => Part::Escaped(literal),
            None => Part::Variable(inside),
        });
        rest = &rest[open + length + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    Ok(Substitution { parts, variables })
}
