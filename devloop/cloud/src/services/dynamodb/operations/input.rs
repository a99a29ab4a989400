//! Reads the members of an operation's input one by one. Members are moved out of the input, so that frequent operations do
//! not copy them.
//!
//! Members that break a constraint of the API's model are collected. [`Input::checked`] reports them together, before any
//! other check.

use serde_json::{Map, Value};

use super::super::{
    expressions::{Condition, Placeholders},
    store::table_name,
    value::{self, Attributes, into_flag, into_list, into_object, into_text, mismatch},
};
use crate::error::{ApiError, absence, broken_rule, detected, violation_without_value};

/// The members of an input that were not taken yet.
#[derive(Debug)]
pub(super) struct Input {
    members: Map<String, Value>,
    violations: Violations,
}

/// The constraints of the API's model that a request breaks.
#[derive(Debug, Default)]
pub(super) struct Violations(Vec<String>);

impl Violations {
    /// Adds a violation, in the service's words.
    pub(super) fn push(&mut self, violation: impl Into<String>) {
        self.0.push(violation.into());
    }

    /// Adds that the value of the member at `place` breaks `constraint`.
    pub(super) fn value(&mut self, value: &str, place: &str, constraint: &str) {
        self.push(broken_rule(format_args!("'{value}'"), place, constraint));
    }

    /// Adds that the member at `place` is missing.
    pub(super) fn missing(&mut self, place: &str) {
        self.push(absence(place));
    }

    /// Adds a violation if the value is not one of `allowed`.
    pub(super) fn choice(&mut self, value: &str, place: &str, allowed: &[&str]) {
        if !allowed.contains(&value) {
            self.value(
                value,
                place,
                &format!("Member must satisfy enum value set: [{}]", allowed.join(", ")),
            );
        }
    }

    /// Adds the violations in the name of a table or an index, beginning with its length.
    pub(super) fn name(&mut self, name: &str, place: &str) {
        match name.len() {
            0..3 => self.value(name, place, "Member must have length greater than or equal to 3"),
            256.. => self.value(name, place, "Member must have length less than or equal to 255"),
            _ => {}
        }
        if !has_name_letters(name) {
            self.value(name, place, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+");
        }
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fails with the first violation alone, without the prefix that counts them.
    pub(super) fn check_first(&mut self) -> Result<(), ApiError> {
        match std::mem::take(&mut self.0).into_iter().next() {
            Some(first) => Err(ApiError::validation(first)),
            None => Ok(()),
        }
    }

    /// Keeps at most `most` violations.
    pub(super) fn truncate(&mut self, most: usize) {
        self.0.truncate(most);
    }

    /// Fails with one error about all violations, if there are any.
    pub(super) fn check(&mut self) -> Result<(), ApiError> {
        let violations = std::mem::take(&mut self.0);
        if violations.is_empty() { Ok(()) } else { Err(ApiError::validation(detected(&violations))) }
    }
}

/// Whether a text is not empty and contains only the characters that names of tables and indexes may have.
pub(super) fn has_name_letters(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// Adds the prefix "1 validation error detected". `PutItem`, `UpdateItem` and `DeleteItem` have it in all errors that do
/// not depend on the table [paritysuite/dynamodb-conformance, tier3/error-messages, 2026-10-09].
pub(super) fn enveloped(mut error: ApiError) -> ApiError {
    let bare = error.message.contains("detected: ") || error.message.contains("Supplied AttributeValue");
    if error.code == "ValidationException" && !bare {
        error.message = detected(&[error.message]);
    }
    error
}

impl Input {
    /// The members of a JSON object.
    pub(super) fn new(input: Value) -> Result<Self, ApiError> {
        Ok(Self { members: into_object(input)?, violations: Violations::default() })
    }

    /// The violations found so far.
    pub(super) fn violations(&mut self) -> &mut Violations {
        &mut self.violations
    }

    /// Fails if members break their constraints; the error names all of them.
    pub(super) fn checked(&mut self) -> Result<(), ApiError> {
        self.violations.check()
    }

    /// Takes a member; null counts as absent.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    /// A member, which stays in the input.
    pub(super) fn peek(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Whether the member is present.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    /// Takes a text.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        self.take(name).map(into_text).transpose()
    }

    /// Takes a required text.
    pub(super) fn required_text(&mut self, name: &str) -> Result<String, ApiError> {
        match self.text(name)? {
            Some(text) => Ok(text),
            None => {
                self.violations.missing(&decapitalized(name));
                Ok(String::new())
            }
        }
    }

    /// Takes the table's name or ARN, for an operation on items.
    pub(super) fn table(&mut self) -> Result<String, ApiError> {
        let Some(given) = self.text("TableName")? else {
            self.violations.missing("tableName");
            return Ok(String::new());
        };
        let name = table_name(&given);
        let too_long = name.len() > 255;
        if name.is_empty() {
            let must = "have length greater than or equal to 1";
            self.violations.push(violation_without_value("TableName", must));
            self.checked()?;
        } else if name.len() < 3 || too_long {
            let (word, limit) = if too_long { ("less", 255) } else { ("greater", 3) };
            let constraint = format!("Member must have length {word} than or equal to {limit}");
            self.violations.value(name, "tableName", &constraint);
        } else if !has_name_letters(name) {
            let constraint = "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+";
            self.violations.value(name, "tableName", constraint);
        }
        Ok(given)
    }

    /// Takes the table's name or ARN, for an operation on tables.
    pub(super) fn described_table(&mut self) -> Result<String, ApiError> {
        let given = self.text("TableName")?.ok_or_else(|| {
            ApiError::validation("The parameter 'TableName' is required but was not present in the request")
        })?;
        let name = table_name(&given);
        if !(3..=255).contains(&name.len()) {
            return Err(ApiError::validation(
                "TableName must be at least 3 characters long and at most 255 characters long",
            ));
        }
        if !has_name_letters(name) {
            self.violations.value(
                name,
                "tableName",
                "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+",
            );
            self.checked()?;
        }
        Ok(given)
    }

    /// Takes a boolean, if it is present.
    pub(super) fn optional_flag(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        self.take(name).map(|value| into_flag(&value)).transpose()
    }

    /// Takes a boolean; false when it is absent.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, ApiError> {
        Ok(self.optional_flag(name)?.unwrap_or(false))
    }

    /// Takes a whole number.
    pub(super) fn integer(&mut self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        value.as_i64().map(Some).ok_or_else(|| mismatch(&value, "Integer"))
    }

    /// Takes a whole number between `least` and `most`. With `echoed`, the violation shows the number.
    pub(super) fn count(
        &mut self,
        name: &str,
        least: i64,
        most: i64,
        echoed: bool,
    ) -> Result<Option<usize>, ApiError> {
        let Some(count) = self.integer(name)? else { return Ok(None) };
        let (word, limit) = if count < least {
            ("greater", least)
        } else if count > most {
            ("less", most)
        } else {
            return Ok(Some(count as usize));
        };
        let must = format!("have value {word} than or equal to {limit}");
        if echoed {
            let constraint = format!("Member must {must}");
            self.violations.value(&count.to_string(), &decapitalized(name), &constraint);
        } else {
            self.violations.push(violation_without_value(name, must));
        }
        Ok(None)
    }

    /// Takes a list, if it is present.
    pub(super) fn list(&mut self, name: &str) -> Result<Option<Vec<Value>>, ApiError> {
        self.take(name).map(into_list).transpose()
    }

    /// Takes a required list.
    pub(super) fn required_list(&mut self, name: &str) -> Result<Vec<Value>, ApiError> {
        Ok(self.list(name)?.unwrap_or_else(|| {
            self.violations.missing(&decapitalized(name));
            Vec::new()
        }))
    }

    /// Takes an object, if it is present.
    pub(super) fn object(&mut self, name: &str) -> Result<Option<Map<String, Value>>, ApiError> {
        self.take(name).map(into_object).transpose()
    }

    /// Takes a required object.
    pub(super) fn required_object(&mut self, name: &str) -> Result<Map<String, Value>, ApiError> {
        Ok(self.object(name)?.unwrap_or_else(|| {
            self.violations.missing(&decapitalized(name));
            Map::new()
        }))
    }

    /// Takes an object of attributes, if it is present.
    pub(super) fn attributes(&mut self, name: &str) -> Result<Option<Attributes>, ApiError> {
        self.object(name)?.map(value::from_json).transpose()
    }

    /// Takes one of the allowed words, if the member is present.
    pub(super) fn choice(
        &mut self,
        name: &str,
        allowed: &'static [&'static str],
    ) -> Result<Option<&'static str>, ApiError> {
        let Some(word) = self.text(name)? else { return Ok(None) };
        self.violations.choice(&word, &decapitalized(name), allowed);
        Ok(allowed.iter().find(|choice| **choice == word).copied())
    }

    /// Takes the placeholders for the expressions with the names `expressions`, which must still be in the input. `without`
    /// is the end of the error for values that no expression can use.
    pub(super) fn placeholders(
        &mut self,
        expressions: &[&str],
        without: &str,
    ) -> Result<Placeholders, ApiError> {
        let (names, values) = (self.take("ExpressionAttributeNames"), self.take("ExpressionAttributeValues"));
        if names.is_none() && values.is_none() {
            return Ok(Placeholders::default());
        }
        let useless = !expressions.iter().any(|name| self.has(name));
        Placeholders::new(names, values, useless.then_some(without))
    }

    /// Takes placeholders that no expression can use; they must be valid nevertheless.
    pub(super) fn ignored_placeholders(&mut self) -> Result<(), ApiError> {
        let (names, values) = (self.take("ExpressionAttributeNames"), self.take("ExpressionAttributeValues"));
        Placeholders::new(names, values, None).map(drop)
    }

    /// Takes a condition or a filter.
    pub(super) fn condition(
        &mut self,
        kind: &'static str,
        placeholders: &mut Placeholders,
    ) -> Result<Option<Condition>, ApiError> {
        self.text(kind)?.map(|source| Condition::parse(kind, &source, placeholders)).transpose()
    }

    /// Refuses legacy parameters beside expressions.
    pub(super) fn refuse_mixed(&self, old: &[&str], expressions: &[&str]) -> Result<(), ApiError> {
        let given = |names: &[&str]| -> Vec<String> {
            names.iter().filter(|name| self.has(name)).map(ToString::to_string).collect()
        };
        let (old, expressions) = (given(old), given(expressions));
        if old.is_empty() || expressions.is_empty() {
            return Ok(());
        }
        Err(ApiError::validation(format!(
            "Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {{{}}} Expression parameters: {{{}}}",
            old.join(", "),
            expressions.join(", ")
        )))
    }
}

/// The error for a member that breaks one of its constraints.
pub(super) fn constraint(value: &str, place: &str, constraint: &str) -> ApiError {
    ApiError::validation(detected(&[broken_rule(format_args!("'{value}'"), place, constraint)]))
}

/// The error for a required member that is missing.
pub(super) fn missing(place: &str) -> ApiError {
    ApiError::missing_member(place)
}

fn decapitalized(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string() + letters.as_str())
}
