//! Reads the members of an operation's input one by one. A member that is left over is not supported and refused by name.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::errors::bad_request;
use crate::error::ApiError;

/// The input of an operation, without the members that name its target.
pub(in crate::services::apigateway) type Input = Map<String, Value>;

/// The members of an input that were not taken yet.
#[derive(Debug)]
pub(in crate::services::apigateway) struct Members {
    operation: &'static str,
    left: Map<String, Value>,
}

impl Members {
    /// The members of `operation`'s input.
    pub(in crate::services::apigateway) fn read(operation: &'static str, input: Input) -> Self {
        Self { operation, left: input }
    }

    /// Takes a member of any type; `None` when it is absent or null.
    pub(in crate::services::apigateway) fn take<T: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, ApiError> {
        match self.left.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => serde_json::from_value(value)
                .map(Some)
                .map_err(|error| bad_request(format!("Invalid value for {name}: {error}"))),
        }
    }

    /// Takes a required text.
    pub(in crate::services::apigateway) fn required(&mut self, name: &str) -> Result<String, ApiError> {
        self.take::<String>(name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| bad_request(format!("{name} must be specified and not be empty")))
    }

    /// Takes a map of texts; empty when it is absent.
    pub(in crate::services::apigateway) fn map(
        &mut self,
        name: &str,
    ) -> Result<BTreeMap<String, String>, ApiError> {
        Ok(self.take(name)?.unwrap_or_default())
    }

    /// Takes a member whose only supported value is `only`; any other value is refused by name.
    pub(in crate::services::apigateway) fn only(&mut self, name: &str, only: &str) -> Result<(), ApiError> {
        match self.take::<String>(name)? {
            None => Ok(()),
            Some(given) if given == only => Ok(()),
            Some(given) => {
                Err(ApiError::unsupported(format_args!("{name} {given} of apigateway:{}", self.operation)))
            }
        }
    }

    /// Refuses the first member that is left over, unless its value asks for nothing (null, false or empty).
    pub(in crate::services::apigateway) fn finish(self) -> Result<(), ApiError> {
        let asks = |value: &Value| match value {
            Value::Null | Value::Bool(false) => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(members) => !members.is_empty(),
            _ => true,
        };
        match self.left.iter().find(|(_, value)| asks(value)) {
            None => Ok(()),
            Some((name, _)) => {
                Err(ApiError::unsupported(format_args!("the member {name} of apigateway:{}", self.operation)))
            }
        }
    }
}
