//! `ExpressionAttributeNames` and `ExpressionAttributeValues`: every one must be defined, well-formed and used.

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
    /// Reads both members of a request. `without` says which expressions the request lacks, such as
    /// `ConditionExpression is null`, when it has none that could use the placeholders.
    pub(crate) fn new(
        names: Option<Value>,
        values: Option<Value>,
        without: Option<&str>,
    ) -> Result<Self, ApiError> {
        let names = definitions("ExpressionAttributeNames", '#', names, without.map(|_| String::new()))?;
        let reason = without.map(|without| format!(": {without}"));
        let values = definitions("ExpressionAttributeValues", ':', values, reason)?;
        let names =
            names.into_iter().map(|(name, is)| Ok((name, Defined { is: into_text(is)?, used: false })));
        let values = values.into_iter().map(|(name, value)| {
            let is = AttributeValue::from_json(value).map_err(|mut error| {
                if error.code == "ValidationException" {
                    error.message = format!(
                        "ExpressionAttributeValues contains invalid value: {} for key {name}",
                        error.message
                    );
                }
                error
            })?;
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

    /// Called behind the last expression: a placeholder that none used is an error.
    pub(crate) fn finish(&self) -> Result<(), ApiError> {
        check_used("ExpressionAttributeNames", &self.names)?;
        check_used("ExpressionAttributeValues", &self.values)
    }
}

fn definitions(
    member: &str,
    sign: char,
    given: Option<Value>,
    useless: Option<String>,
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
