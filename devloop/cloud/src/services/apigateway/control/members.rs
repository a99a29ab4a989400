//! The members of an operation's input, taken one by one: what is left over was not understood and is refused by name.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::errors::bad_request;
use crate::error::ApiError;

/// The input of an operation, without the members that name what it is about.
pub(in crate::services::apigateway) type Input = Map<String, Value>;

/// What is still to be taken from an input.
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

    /// Takes a member of any type that JSON can carry; `None` when it is absent or null.
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

    /// Takes a text that must be there.
    pub(in crate::services::apigateway) fn required(&mut self, name: &str) -> Result<String, ApiError> {
        self.take::<String>(name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(|| bad_request(format!("{name} must be specified and not be empty")))
    }

    /// Takes a map of texts; absent is empty.
    pub(in crate::services::apigateway) fn map(
        &mut self,
        name: &str,
    ) -> Result<BTreeMap<String, String>, ApiError> {
        Ok(self.take(name)?.unwrap_or_default())
    }

    /// Takes a member whose only supported value is `only`; any other is refused by name.
    pub(in crate::services::apigateway) fn only(&mut self, name: &str, only: &str) -> Result<(), ApiError> {
        match self.take::<String>(name)? {
            None => Ok(()),
            Some(given) if given == only => Ok(()),
            Some(given) => {
                Err(ApiError::unsupported(format_args!("{name} {given} of apigateway:{}", self.operation)))
            }
        }
    }

    /// Ends the reading. A member that is still there and asks for something is one this service does not implement.
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
