//! An operation's input, taken apart member by member: the hot operations move what they keep out of it.

use serde_json::{Map, Value};

use super::super::{
    expressions::{Condition, Placeholders},
    value::{self, Attributes, into_list, into_object, into_text, mismatch},
};
use crate::error::ApiError;

/// The members of an input that are not yet taken.
#[derive(Debug)]
pub(super) struct Input(Map<String, Value>);

impl Input {
    /// The members of a JSON object.
    pub(super) fn new(input: Value) -> Result<Self, ApiError> {
        Ok(Self(into_object(input)?))
    }

    /// Takes a member; null is absent.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name).filter(|value| !value.is_null())
    }

    /// Whether the member is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// Takes a text.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        self.take(name).map(into_text).transpose()
    }

    /// Takes a text that must be there.
    pub(super) fn required_text(&mut self, name: &str) -> Result<String, ApiError> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    /// Takes a boolean; absent is false.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, ApiError> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(other) => Err(mismatch(&other, "Boolean")),
        }
    }

    /// Takes a whole number of at least `least`.
    pub(super) fn count(&mut self, name: &str, least: i64) -> Result<Option<usize>, ApiError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let count = value.as_i64().ok_or_else(|| mismatch(&value, "Integer"))?;
        if count < least {
            return Err(constraint(
                &count.to_string(),
                name,
                &format!("Member must have value greater than or equal to {least}"),
            ));
        }
        Ok(Some(count as usize))
    }

    /// Takes a list that must be there.
    pub(super) fn required_list(&mut self, name: &str) -> Result<Vec<Value>, ApiError> {
        into_list(self.take(name).ok_or_else(|| missing(name))?)
    }

    /// Takes an object that must be there.
    pub(super) fn required_object(&mut self, name: &str) -> Result<Map<String, Value>, ApiError> {
        into_object(self.take(name).ok_or_else(|| missing(name))?)
    }

    /// Takes attributes by name, if there are any.
    pub(super) fn attributes(&mut self, name: &str) -> Result<Option<Attributes>, ApiError> {
        self.take(name).map(|value| value::from_json(into_object(value)?)).transpose()
    }

    /// Takes attributes by name that must be there.
    pub(super) fn required_attributes(&mut self, name: &str) -> Result<Attributes, ApiError> {
        self.attributes(name)?.ok_or_else(|| missing(name))
    }

    /// Takes one of the allowed words; the first one when absent.
    pub(super) fn choice(
        &mut self,
        name: &str,
        allowed: &'static [&'static str],
    ) -> Result<&'static str, ApiError> {
        let Some(word) = self.text(name)? else { return Ok(allowed.first().copied().unwrap_or_default()) };
        allowed.iter().find(|choice| **choice == word).copied().ok_or_else(|| {
            constraint(&word, name, &format!("Member must satisfy enum value set: [{}]", allowed.join(", ")))
        })
    }

    /// Refuses parameters of the old style by name.
    pub(super) fn refuse_legacy(&self) -> Result<(), ApiError> {
        const LEGACY: [&str; 7] = [
            "Expected",
            "AttributeUpdates",
            "AttributesToGet",
            "KeyConditions",
            "QueryFilter",
            "ScanFilter",
            "ConditionalOperator",
        ];
        match LEGACY.iter().find(|name| self.has(name)) {
            Some(name) => Err(ApiError::unsupported(format_args!(
                "the legacy parameter {name} of DynamoDB; use the expression parameters"
            ))),
            None => Ok(()),
        }
    }

    /// Takes the placeholders for the expressions named in `expressions`, which are still to be taken.
    pub(super) fn placeholders(&mut self, expressions: &[&str]) -> Result<Placeholders, ApiError> {
        let (names, values) = (self.take("ExpressionAttributeNames"), self.take("ExpressionAttributeValues"));
        if names.is_none() && values.is_none() {
            return Ok(Placeholders::default());
        }
        if expressions.iter().any(|name| self.has(name)) {
            return Placeholders::new(names, values, None);
        }
        let verb = if expressions.len() == 1 { "is" } else { "are" };
        let without = format!("{} {verb} null", expressions.join(" and "));
        Placeholders::new(names, values, Some(&without))
    }

    /// Takes a condition or a filter.
    pub(super) fn condition(
        &mut self,
        kind: &'static str,
        placeholders: &mut Placeholders,
    ) -> Result<Option<Condition>, ApiError> {
        self.text(kind)?.map(|source| Condition::parse(kind, &source, placeholders)).transpose()
    }
}

/// The error about a member that must be there.
pub(super) fn missing(name: &str) -> ApiError {
    ApiError::validation(format!(
        "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
        decapitalized(name)
    ))
}

/// The error about a member that breaks one of its constraints.
pub(super) fn constraint(value: &str, name: &str, constraint: &str) -> ApiError {
    ApiError::validation(format!(
        "1 validation error detected: Value '{value}' at '{}' failed to satisfy constraint: {constraint}",
        decapitalized(name)
    ))
}

fn decapitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}
