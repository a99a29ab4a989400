//! Provisioned concurrency: kept and shown. It starts no environments ahead of requests.

use serde_json::{Value, json};

use super::Call;
use crate::{
    error::ApiError,
    lambda::{
        function::{Function, Provisioned, last_modified},
        service::Lambda,
    },
};

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("InvalidParameterValueException", message)
}

/// The existing version or alias that an operation is for [PutProvisionedConcurrencyConfig, Lambda API reference].
fn qualifier(call: &Call<'_>, function: &Function, named: Option<String>) -> Result<String, ApiError> {
    let qualifier = call.qualifier.clone().or(named).ok_or_else(|| ApiError::missing_member("qualifier"))?;
    if qualifier == "$LATEST" {
        return Err(invalid(
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
        ));
    }
    function.version(Some(&qualifier))?;
    Ok(qualifier)
}

fn show(provisioned: &Provisioned) -> Value {
    json!({
        "RequestedProvisionedConcurrentExecutions": provisioned.requested,
        "AvailableProvisionedConcurrentExecutions": provisioned.requested,
        "AllocatedProvisionedConcurrentExecutions": provisioned.requested,
        "Status": "READY",
        "LastModified": last_modified(provisioned.modified_ms),
    })
}

impl Lambda {
    pub(super) fn put_provisioned(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, reference) = self.find(call.cx, name)?;
        let qualifier = qualifier(call, &function, reference.qualifier)?;
        let requested = call.input().get("ProvisionedConcurrentExecutions").and_then(Value::as_u64);
        let requested = requested.filter(|count| *count > 0).ok_or_else(|| {
            ApiError::validation("ProvisionedConcurrentExecutions must be a whole number of at least 1")
        })?;
        let provisioned = Provisioned { requested, modified_ms: self.clock.now_ms() };
        let shown = show(&provisioned);
        function.state.write().provisioned.insert(qualifier, provisioned);
        Ok(shown)
    }

    /// The setting of one qualifier. A request for the settings of all has the same path.
    pub(super) fn get_provisioned(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        if call.text("List").is_some() {
            return self.list_provisioned(call, name);
        }
        let (function, reference) = self.find(call.cx, name)?;
        let qualifier = qualifier(call, &function, reference.qualifier)?;
        let state = function.state.read();
        state.provisioned.get(&qualifier).map(show).ok_or_else(|| {
            ApiError::with_status(
                404,
                "ProvisionedConcurrencyConfigNotFoundException",
                "No Provisioned Concurrency Config found for this function",
            )
        })
    }

    pub(super) fn delete_provisioned(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, reference) = self.find(call.cx, name)?;
        let qualifier = qualifier(call, &function, reference.qualifier)?;
        function.state.write().provisioned.remove(&qualifier);
        Ok(Value::Null)
    }

    pub(super) fn list_provisioned(&self, call: &Call<'_>, name: &str) -> Result<Value, ApiError> {
        let (function, _) = self.find(call.cx, name)?;
        let state = function.state.read();
        let shown = state.provisioned.iter().map(|(qualifier, provisioned)| {
            let mut shown = show(provisioned);
            shown["FunctionArn"] = format!("{}:{qualifier}", function.arn).into();
            shown
        });
        let (page, marker) = call.page(shown.collect());
        Ok(json!({ "ProvisionedConcurrencyConfigs": page, "NextMarker": marker }))
    }
}
