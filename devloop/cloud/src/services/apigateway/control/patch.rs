//! Patch operations, with which every `Update…` operation of the service changes things [Patch operations, API Gateway V1
//! API reference].

use serde::Deserialize;

use super::{
    errors::bad_request,
    members::{Input, Members},
};
use crate::error::ApiError;

/// One patch operation.
#[derive(Debug, Deserialize)]
pub(in crate::services::apigateway) struct Patch {
    op: String,
    path: String,
    #[serde(default)]
    value: Option<String>,
}

/// What a patch operation does to the value at its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::services::apigateway) enum Verb {
    Add,
    Replace,
    Remove,
}

impl Patch {
    /// Reads the `patchOperations` of `operation`.
    pub(in crate::services::apigateway) fn read(
        operation: &'static str,
        input: Input,
    ) -> Result<Vec<Self>, ApiError> {
        let mut members = Members::read(operation, input);
        let patches = members.take("patchOperations")?.unwrap_or_default();
        members.finish()?;
        Ok(patches)
    }

    /// The patch's verb.
    pub(in crate::services::apigateway) fn verb(&self) -> Result<Verb, ApiError> {
        match self.op.as_str() {
            "add" => Ok(Verb::Add),
            "replace" => Ok(Verb::Replace),
            "remove" => Ok(Verb::Remove),
            _ => {
                Err(bad_request("Invalid patch operation specified. Must be one of: [add, remove, replace]"))
            }
        }
    }

    /// The segments of the path, with the escapes of JSON pointers decoded.
    pub(in crate::services::apigateway) fn steps(&self) -> Vec<String> {
        self.path.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
    }

    pub(in crate::services::apigateway) fn value(&self) -> Result<String, ApiError> {
        self.value.clone().ok_or_else(|| bad_request(format!("Invalid null or empty value in {}", self.path)))
    }

    /// The error for a path that the operation cannot change.
    pub(in crate::services::apigateway) fn refusal(&self) -> ApiError {
        bad_request(format!("Invalid patch path '{}' specified for op '{}'", self.path, self.op))
    }
}
