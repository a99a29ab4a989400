//! The API's routes: which method and path calls which operation.

use crate::rest::Route;

macro_rules! of_api {
    ($rest:literal) => {
        concat!("/v2/apis/{apiId}/", $rest)
    };
}

/// Every operation's method, path and status.
pub(in crate::services::apigatewayv2) const ROUTES: &[Route] = &[
    Route::new("POST", "/v2/apis", "CreateApi", 201),
    Route::new("PUT", "/v2/apis", "ImportApi", 201),
    Route::new("GET", "/v2/apis", "GetApis", 200),
    Route::new("GET", "/v2/apis/{apiId}", "GetApi", 200),
    Route::new("PUT", "/v2/apis/{apiId}", "ReimportApi", 201),
    Route::new("PATCH", "/v2/apis/{apiId}", "UpdateApi", 200),
    Route::new("DELETE", "/v2/apis/{apiId}", "DeleteApi", 204),
    Route::new("DELETE", of_api!("cors"), "DeleteCorsConfiguration", 204),
    Route::new("POST", of_api!("routes"), "CreateRoute", 201),
    Route::new("GET", of_api!("routes"), "GetRoutes", 200),
    Route::new("GET", of_api!("routes/{routeId}"), "GetRoute", 200),
    Route::new("PATCH", of_api!("routes/{routeId}"), "UpdateRoute", 200),
    Route::new("DELETE", of_api!("routes/{routeId}"), "DeleteRoute", 204),
    Route::new("POST", of_api!("integrations"), "CreateIntegration", 201),
    Route::new("GET", of_api!("integrations"), "GetIntegrations", 200),
    Route::new("GET", of_api!("integrations/{integrationId}"), "GetIntegration", 200),
    Route::new("PATCH", of_api!("integrations/{integrationId}"), "UpdateIntegration", 200),
    Route::new("DELETE", of_api!("integrations/{integrationId}"), "DeleteIntegration", 204),
    Route::new("POST", of_api!("authorizers"), "CreateAuthorizer", 201),
    Route::new("GET", of_api!("authorizers"), "GetAuthorizers", 200),
    Route::new("GET", of_api!("authorizers/{authorizerId}"), "GetAuthorizer", 200),
    Route::new("PATCH", of_api!("authorizers/{authorizerId}"), "UpdateAuthorizer", 200),
    Route::new("DELETE", of_api!("authorizers/{authorizerId}"), "DeleteAuthorizer", 204),
    Route::new("POST", of_api!("deployments"), "CreateDeployment", 201),
    Route::new("GET", of_api!("deployments"), "GetDeployments", 200),
    Route::new("GET", of_api!("deployments/{deploymentId}"), "GetDeployment", 200),
    Route::new("PATCH", of_api!("deployments/{deploymentId}"), "UpdateDeployment", 200),
    Route::new("DELETE", of_api!("deployments/{deploymentId}"), "DeleteDeployment", 204),
    Route::new("POST", of_api!("stages"), "CreateStage", 201),
    Route::new("GET", of_api!("stages"), "GetStages", 200),
    Route::new("GET", of_api!("stages/{stageName}"), "GetStage", 200),
    Route::new("PATCH", of_api!("stages/{stageName}"), "UpdateStage", 200),
    Route::new("DELETE", of_api!("stages/{stageName}"), "DeleteStage", 204),
    Route::new("POST", "/v2/tags/{resourceArn+}", "TagResource", 201),
    Route::new("GET", "/v2/tags/{resourceArn+}", "GetTags", 200),
    Route::new("DELETE", "/v2/tags/{resourceArn+}", "UntagResource", 204),
];
