//! The operations that clients call [AWS CloudFormation API Reference].

mod change_sets;
mod changes;
mod describe;
mod errors;
mod exports;
mod input;
mod operate;
mod templates;
mod wanted;

pub(super) use changes::of as changes_of;
use serde_json::Value;

use super::service::CloudFormation;
use crate::{context::Context, error::ApiError};

/// Runs one operation by its name.
pub(super) async fn call(
    service: &CloudFormation,
    cx: &Context,
    operation: &str,
    input: &Value,
) -> Result<Value, ApiError> {
    match operation {
        "CreateStack" => operate::create(service, cx, input).await,
        "UpdateStack" => operate::update(service, cx, input).await,
        "DeleteStack" => operate::delete(service, cx, input).await,
        "CancelUpdateStack" => operate::cancel(service, cx, input),
        "ContinueUpdateRollback" => operate::roll_back(service, cx, input, &["UPDATE_ROLLBACK_FAILED"]).await,
        "RollbackStack" => {
            operate::roll_back(service, cx, input, &["CREATE_FAILED", "UPDATE_FAILED", "ROLLBACK_FAILED"])
                .await
        }
        "UpdateTerminationProtection" => operate::protect(service, cx, input),
        "CreateChangeSet" => change_sets::create(service, cx, input).await,
        "DescribeChangeSet" => change_sets::describe(service, cx, input),
        "ExecuteChangeSet" => change_sets::execute(service, cx, input).await,
        "DeleteChangeSet" => change_sets::delete(service, cx, input),
        "ListChangeSets" => change_sets::list(service, cx, input),
        "DescribeStacks" => describe::stacks(service, cx, input),
        "ListStacks" => describe::list(service, cx, input),
        "DescribeStackEvents" => describe::events(service, cx, input),
        "DescribeEvents" => Ok(serde_json::json!({ "OperationEvents": [] })),
        "DescribeStackResource" => describe::resource(service, cx, input),
        "DescribeStackResources" => describe::resources(service, cx, input),
        "ListStackResources" => describe::list_resources(service, cx, input),
        "DescribeAccountLimits" => Ok(describe::limits()),
        "GetTemplate" => templates::get(service, cx, input),
        "GetTemplateSummary" => templates::summary(service, cx, input).await,
        "ValidateTemplate" => templates::validate(service, cx, input).await,
        "ListExports" => exports::list(service, cx, input),
        "ListImports" => exports::importers(service, cx, input),
        _ => Err(ApiError::unknown_operation("cloudformation", operation)),
    }
}

#[cfg(test)]
mod tests;
