//! The operations of the Lambda API [Lambda API reference]: one file for each group.

mod aliases;
mod events;
mod functions;
mod invocations;
mod layers;
mod members;
mod provisioned;
mod routes;
mod settings;
#[cfg(test)]
mod tests;
mod urls;

use serde_json::Value;

use super::service::Lambda;
use crate::{context::Context, error::ApiError};

pub(crate) use routes::ROUTES;

/// The operations that [`Lambda::call`] runs, and `Invoke`, which reads its raw HTTP request itself.
pub(super) const OPERATIONS: &[&str] = &[
    "AddPermission",
    "CreateAlias",
    "CreateFunction",
    "CreateFunctionUrlConfig",
    "DeleteAlias",
    "DeleteFunction",
    "DeleteFunctionConcurrency",
    "DeleteFunctionEventInvokeConfig",
    "DeleteFunctionUrlConfig",
    "DeleteLayerVersion",
    "DeleteProvisionedConcurrencyConfig",
    "GetAccountSettings",
    "GetAlias",
    "GetFunction",
    "GetFunctionConcurrency",
    "GetFunctionConfiguration",
    "GetFunctionEventInvokeConfig",
    "GetFunctionRecursionConfig",
    "GetFunctionUrlConfig",
    "GetLayerVersion",
    "GetLayerVersionByArn",
    "GetPolicy",
    "GetProvisionedConcurrencyConfig",
    "Invoke",
    "ListAliases",
    "ListFunctionEventInvokeConfigs",
    "ListFunctionUrlConfigs",
    "ListFunctions",
    "ListLayerVersions",
    "ListLayers",
    "ListProvisionedConcurrencyConfigs",
    "ListTags",
    "ListVersionsByFunction",
    "PublishLayerVersion",
    "PublishVersion",
    "PutFunctionConcurrency",
    "PutFunctionEventInvokeConfig",
    "PutFunctionRecursionConfig",
    "PutProvisionedConcurrencyConfig",
    "RemovePermission",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateFunctionCode",
    "UpdateFunctionConfiguration",
    "UpdateFunctionEventInvokeConfig",
    "UpdateFunctionUrlConfig",
];

impl Lambda {
    /// Runs one operation by its API name.
    pub(crate) async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, ApiError> {
        members::check(operation, &input)?;
        let call = Call { cx, qualifier: member(&input, "Qualifier"), input };
        let function = || required(&call.input, "FunctionName");
        match operation {
            "CreateFunction" => self.create_function(&call).await,
            "ListFunctions" => self.list_functions(&call),
            "GetFunction" => self.get_function(&call, function()?),
            "DeleteFunction" => self.delete_function(&call, function()?),
            "GetFunctionConfiguration" => self.get_configuration(&call, function()?),
            "UpdateFunctionConfiguration" => self.update_configuration(&call, function()?),
            "UpdateFunctionCode" => self.update_code(&call, function()?).await,
            "PublishVersion" => self.publish_version(&call, function()?),
            "ListVersionsByFunction" => self.list_versions(&call, function()?),
            "CreateAlias" => self.create_alias(&call, function()?),
            "ListAliases" => self.list_aliases(&call, function()?),
            "GetAlias" => self.get_alias(&call, function()?, required(&call.input, "Name")?),
            "UpdateAlias" => self.update_alias(&call, function()?, required(&call.input, "Name")?),
            "DeleteAlias" => self.delete_alias(&call, function()?, required(&call.input, "Name")?),
            "AddPermission" => self.add_permission(&call, function()?),
            "GetPolicy" => self.get_policy(&call, function()?),
            "RemovePermission" => {
                self.remove_permission(&call, function()?, required(&call.input, "StatementId")?)
            }
            "PutFunctionConcurrency" => self.put_concurrency(&call, function()?),
            "GetFunctionConcurrency" => self.get_concurrency(&call, function()?),
            "DeleteFunctionConcurrency" => self.delete_concurrency(&call, function()?),
            "PutFunctionEventInvokeConfig" => self.put_event_settings(&call, function()?),
            "UpdateFunctionEventInvokeConfig" => self.update_event_settings(&call, function()?),
            "GetFunctionEventInvokeConfig" => self.get_event_settings(&call, function()?),
            "DeleteFunctionEventInvokeConfig" => self.delete_event_settings(&call, function()?),
            "ListFunctionEventInvokeConfigs" => self.list_event_settings(&call, function()?),
            "PutFunctionRecursionConfig" => self.put_recursion(&call, function()?),
            "GetFunctionRecursionConfig" => self.get_recursion(&call, function()?),
            "PutProvisionedConcurrencyConfig" => self.put_provisioned(&call, function()?),
            "GetProvisionedConcurrencyConfig" => self.get_provisioned(&call, function()?),
            "DeleteProvisionedConcurrencyConfig" => self.delete_provisioned(&call, function()?),
            "ListProvisionedConcurrencyConfigs" => self.list_provisioned(&call, function()?),
            "PublishLayerVersion" => self.publish_layer(&call).await,
            "GetLayerVersion" => self.get_layer(&call),
            "GetLayerVersionByArn" => self.get_layer_by_arn(&call),
            "DeleteLayerVersion" => self.delete_layer(&call),
            "ListLayers" => self.list_layers(&call),
            "ListLayerVersions" => self.list_layer_versions(&call),
            "CreateFunctionUrlConfig" => self.create_url(&call, function()?),
            "GetFunctionUrlConfig" => self.get_url(&call, function()?),
            "UpdateFunctionUrlConfig" => self.update_url(&call, function()?),
            "DeleteFunctionUrlConfig" => self.delete_url(&call, function()?),
            "ListFunctionUrlConfigs" => self.list_urls(&call, function()?),
            "ListTags" => self.list_tags(&call, required(&call.input, "Resource")?),
            "TagResource" => self.tag(&call, required(&call.input, "Resource")?),
            "UntagResource" => self.untag(&call, required(&call.input, "Resource")?),
            "GetAccountSettings" => Ok(self.account_settings(&call)),
            _ => Err(ApiError::unknown_operation("lambda", operation)),
        }
    }
}

/// One call of an operation.
struct Call<'r> {
    cx: &'r Context,
    input: Value,
    qualifier: Option<String>,
}

impl Call<'_> {
    /// The operation's input, an object.
    fn input(&self) -> &Value {
        &self.input
    }

    /// A text member of the input.
    fn text(&self, name: &str) -> Option<String> {
        member(&self.input, name)
    }

    /// A page of `items`: `Marker` is the number of the first one, `MaxItems` at most 50.
    fn page(&self, mut items: Vec<Value>) -> (Vec<Value>, Option<String>) {
        let start: usize = self.text("Marker").and_then(|marker| marker.parse().ok()).unwrap_or(0);
        let most = self.text("MaxItems").and_then(|most| most.parse().ok()).unwrap_or(50).clamp(1, 50);
        let more = items.len() > start + most;
        let page = items.drain(start.min(items.len())..).take(most).collect();
        (page, more.then(|| (start + most).to_string()))
    }
}

fn member(input: &Value, name: &str) -> Option<String> {
    match input.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A required text member of an input.
fn required<'i>(input: &'i Value, name: &str) -> Result<&'i str, ApiError> {
    input
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| ApiError::missing_member(&(name[..1].to_lowercase() + &name[1..])))
}
