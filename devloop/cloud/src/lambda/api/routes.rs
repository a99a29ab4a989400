//! The API's routes: which method and path calls which operation [Lambda API reference].

use crate::rest::Route;

const EVENT_CONFIG: &str = "/2019-09-25/functions/{FunctionName}/event-invoke-config";
const RECURSION_CONFIG: &str = "/2024-08-31/functions/{FunctionName}/recursion-config";

const PROVISIONED: &str = "/2019-09-30/functions/{FunctionName}/provisioned-concurrency";
const LAYER_VERSIONS: &str = "/2018-10-31/layers/{LayerName}/versions";
const LAYER_VERSION: &str = "/2018-10-31/layers/{LayerName}/versions/{VersionNumber}";

/// The API's operations by method and path.
pub(crate) const ROUTES: &[Route] = &[
    Route::raw("POST", "/2015-03-31/functions/{FunctionName}/invocations", "Invoke"),
    Route::new("POST", "/2015-03-31/functions", "CreateFunction", 201),
    Route::new("GET", "/2015-03-31/functions", "ListFunctions", 200),
    Route::new("GET", "/2015-03-31/functions/{FunctionName}", "GetFunction", 200),
    Route::new("DELETE", "/2015-03-31/functions/{FunctionName}", "DeleteFunction", 204),
    Route::new("GET", "/2015-03-31/functions/{FunctionName}/configuration", "GetFunctionConfiguration", 200),
    Route::new(
        "PUT",
        "/2015-03-31/functions/{FunctionName}/configuration",
        "UpdateFunctionConfiguration",
        200,
    ),
    Route::new("PUT", "/2015-03-31/functions/{FunctionName}/code", "UpdateFunctionCode", 200),
    Route::new("POST", "/2015-03-31/functions/{FunctionName}/versions", "PublishVersion", 201),
    Route::new("GET", "/2015-03-31/functions/{FunctionName}/versions", "ListVersionsByFunction", 200),
    Route::new("POST", "/2015-03-31/functions/{FunctionName}/aliases", "CreateAlias", 201),
    Route::new("GET", "/2015-03-31/functions/{FunctionName}/aliases", "ListAliases", 200),
    Route::new("GET", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", "GetAlias", 200),
    Route::new("PUT", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", "UpdateAlias", 200),
    Route::new("DELETE", "/2015-03-31/functions/{FunctionName}/aliases/{Name}", "DeleteAlias", 204),
    Route::new("POST", "/2015-03-31/functions/{FunctionName}/policy", "AddPermission", 201),
    Route::new("GET", "/2015-03-31/functions/{FunctionName}/policy", "GetPolicy", 200),
    Route::new(
        "DELETE",
        "/2015-03-31/functions/{FunctionName}/policy/{StatementId}",
        "RemovePermission",
        204,
    ),
    Route::new("PUT", "/2017-10-31/functions/{FunctionName}/concurrency", "PutFunctionConcurrency", 200),
    Route::new("GET", "/2019-09-30/functions/{FunctionName}/concurrency", "GetFunctionConcurrency", 200),
    Route::new(
        "DELETE",
        "/2017-10-31/functions/{FunctionName}/concurrency",
        "DeleteFunctionConcurrency",
        204,
    ),
    Route::new("POST", "/2021-10-31/functions/{FunctionName}/url", "CreateFunctionUrlConfig", 201),
    Route::new("GET", "/2021-10-31/functions/{FunctionName}/url", "GetFunctionUrlConfig", 200),
    Route::new("PUT", "/2021-10-31/functions/{FunctionName}/url", "UpdateFunctionUrlConfig", 200),
    Route::new("DELETE", "/2021-10-31/functions/{FunctionName}/url", "DeleteFunctionUrlConfig", 204),
    Route::new("GET", "/2021-10-31/functions/{FunctionName}/urls", "ListFunctionUrlConfigs", 200),
    Route::new("PUT", EVENT_CONFIG, "PutFunctionEventInvokeConfig", 200),
    Route::new("POST", EVENT_CONFIG, "UpdateFunctionEventInvokeConfig", 200),
    Route::new("GET", EVENT_CONFIG, "GetFunctionEventInvokeConfig", 200),
    Route::new("DELETE", EVENT_CONFIG, "DeleteFunctionEventInvokeConfig", 204),
    Route::new(
        "GET",
        "/2019-09-25/functions/{FunctionName}/event-invoke-config/list",
        "ListFunctionEventInvokeConfigs",
        200,
    ),
    Route::new("PUT", RECURSION_CONFIG, "PutFunctionRecursionConfig", 200),
    Route::new("GET", RECURSION_CONFIG, "GetFunctionRecursionConfig", 200),
    Route::new("PUT", PROVISIONED, "PutProvisionedConcurrencyConfig", 202),
    Route::new("GET", PROVISIONED, "GetProvisionedConcurrencyConfig", 200),
    Route::new("DELETE", PROVISIONED, "DeleteProvisionedConcurrencyConfig", 204),
    Route::new("GET", "/2018-10-31/layers", "ListLayers", 200),
    Route::new("POST", LAYER_VERSIONS, "PublishLayerVersion", 201),
    Route::new("GET", LAYER_VERSIONS, "ListLayerVersions", 200),
    Route::new("GET", LAYER_VERSION, "GetLayerVersion", 200),
    Route::new("DELETE", LAYER_VERSION, "DeleteLayerVersion", 204),
    Route::new("GET", "/2017-03-31/tags/{Resource}", "ListTags", 200),
    Route::new("POST", "/2017-03-31/tags/{Resource}", "TagResource", 204),
    Route::new("DELETE", "/2017-03-31/tags/{Resource}", "UntagResource", 204),
    Route::new("GET", "/2016-08-19/account-settings", "GetAccountSettings", 200),
];
