//! The members of operations that change something. An input with another one is refused, so that an option of a newer client
//! is not ignored [Lambda API reference].

use serde_json::Value;

use crate::error::ApiError;

/// The operations and their members; `FunctionName` and `Qualifier` are members of all of them.
const KNOWN: [(&str, &[&str]); 12] = [
    (
        "AddPermission",
        &[
            "Action",
            "EventSourceToken",
            "FunctionUrlAuthType",
            "InvokedViaFunctionUrl",
            "Principal",
            "PrincipalOrgID",
            "RevisionId",
            "SourceAccount",
            "SourceArn",
            "StatementId",
        ],
    ),
    ("CreateAlias", &["Description", "FunctionVersion", "Name", "RoutingConfig"]),
    ("CreateFunctionUrlConfig", &["AuthType", "Cors", "InvokeMode"]),
    ("PublishVersion", &["CodeSha256", "Description", "RevisionId"]),
    ("PutFunctionConcurrency", &["ReservedConcurrentExecutions"]),
    (
        "PutFunctionEventInvokeConfig",
        &["DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts"],
    ),
    ("PutFunctionRecursionConfig", &["RecursiveLoop"]),
    ("PutProvisionedConcurrencyConfig", &["ProvisionedConcurrentExecutions"]),
    ("UpdateAlias", &["Description", "FunctionVersion", "Name", "RevisionId", "RoutingConfig"]),
    (
        "UpdateFunctionCode",
        &[
            "Architectures",
            "DryRun",
            "ImageUri",
            "Publish",
            "RevisionId",
            "S3Bucket",
            "S3Key",
            "S3ObjectStorageMode",
            "S3ObjectVersion",
            "SourceKMSKeyArn",
            "ZipFile",
        ],
    ),
    (
        "UpdateFunctionEventInvokeConfig",
        &["DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts"],
    ),
    ("UpdateFunctionUrlConfig", &["AuthType", "Cors", "InvokeMode"]),
];

/// Refuses an input with a member that the operation does not have here.
pub(super) fn check(operation: &str, input: &Value) -> Result<(), ApiError> {
    let Some((_, known)) = KNOWN.iter().find(|(name, _)| *name == operation) else { return Ok(()) };
    let given = input.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let is_known = |name: &str| matches!(name, "FunctionName" | "Qualifier") || known.contains(&name);
    match given.map(|(name, _)| name).find(|name| !is_known(name)) {
        Some(name) => Err(ApiError::unsupported(format_args!("the option `{name}` of {operation}"))),
        None => Ok(()),
    }
}
