//! `ExpressionAttributeNames` and `ExpressionAttributeValues`: each placeholder must be defined, valid and used.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::value::{AttributeValue, into_text, mismatch};
use crate::error::ApiError;

#[derive(Debug)]
struct Defined<T> {
    is: T,
    used: bool,
}

/// The placeholders of one request, shared by all its expressions.
#[derive(Debug, Default)]
pub(crate) struct Placeholders {
    names: BTreeMap<String, Defined<String>>,
    values: BTreeMap<String, Defined<AttributeValue>>,
}

impl Placeholders {
    /// Reads both members of a request. `without` is given when the request has no expression that could use placeholders;
    /// it names the missing expression for the error, such as `: FilterExpression is null`, or is empty.
    pub(crate) fn new(
        names: Option<Value>,
        values: Option<Value>,
        without: Option<&str>,
    ) -> Result<Self, ApiError> {
        let names = definitions("ExpressionAttributeNames", '#', names, without.map(|_| ""))?;
        let values = definitions("ExpressionAttributeValues", ':', values, without)?;
        let names = names.into_iter().map(|(name, is)| {
            let is = into_text(is)?;
            if is.is_empty() {
                return Err(ApiError::validation(format!(
                    "ExpressionAttributeNames contains invalid value: Empty attribute name for key {name}"
                )));
            }
            Ok((name, Defined { is, used: false }))
        });
        let values = values.into_iter().map(|(name, value)| {
            let is = AttributeValue::from_json(value).map_err(|error| named(error, &name))?;
            Ok((name, Defined { is, used: false }))
        });
        Ok(Self {
            names: names.collect::<Result<_, ApiError>>()?,
            values: values.collect::<Result<_, ApiError>>()?,
        })
    }

    /// The attribute name behind `#placeholder`, marked as used.
    pub(super) fn name(&mut self, placeholder: &str) -> Option<String> {
        let defined = self.names.get_mut(placeholder)?;
        defined.used = true;
        Some(defined.is.clone())
    }

    /// The value behind `:placeholder`, marked as used.
    pub(super) fn value(&mut self, placeholder: &str) -> Option<AttributeValue> {
        let defined = self.values.get_mut(placeholder)?;
        defined.used = true;
        Some(defined.is.clone())
    }

    /// Called after the last expression. A placeholder that no expression has used is an error.
    pub(crate) fn finish(&self) -> Result<(), ApiError> {
        check_used("ExpressionAttributeNames", &self.names)?;
        check_used("ExpressionAttributeValues", &self.values)
    }
}

/// Adds the placeholder to errors about empty sets and about values without a type or with several, as the service does
/// [dynalite's tests, which ran on AWS: updateItem].
fn named(mut error: ApiError, placeholder: &str) -> ApiError {
    let message = error.message.as_str();
    if message.ends_with("not be empty") || message.starts_with("Supplied AttributeValue") {
        error.message =
            format!("ExpressionAttributeValues contains invalid value: {message} for key {placeholder}");
    }
    error
}

fn definitions(
    member: &str,
    sign: char,
    given: Option<Value>,
    useless: Option<&str>,
) -> Result<Map<String, Value>, ApiError> {
    let definitions = match given {
        None | Some(Value::Null) => return Ok(Map::new()),
        Some(Value::Object(definitions)) => definitions,
        Some(other) => return Err(mismatch(&other, "Map")),
    };
    if let Some(useless) = useless {
        return Err(ApiError::validation(format!(
            "{member} can only be specified when using expressions{useless}"
        )));
    }
    if definitions.is_empty() {
        return Err(ApiError::validation(format!("{member} must not be empty")));
    }
    let well_formed = |key: &str| {
        key.strip_prefix(sign).is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
    };
    match definitions.keys().find(|key| !well_formed(key)) {
        Some(key) => {
            Err(ApiError::validation(format!("{member} contains invalid key: Syntax error; key: \"{key}\"")))
        }
        None => Ok(definitions),
    }
}

fn check_used<T>(member: &str, definitions: &BTreeMap<String, Defined<T>>) -> Result<(), ApiError> {
    let unused: Vec<&str> =
        definitions.iter().filter(|(_, defined)| !defined.used).map(|(key, _)| key.as_str()).collect();
    if unused.is_empty() {
        return Ok(());
    }
    Err(ApiError::validation(format!(
        "Value provided in {member} unused in expressions: keys: {{{}}}",
        unused.join(", ")
    )))
}
