//! The API's routes: which method and path calls which operation [API Gateway V1 API reference].

use crate::rest::Route;

/// The path of a method.
macro_rules! method {
    ($rest:literal) => {
        concat!("/restapis/{restApiId}/resources/{resourceId}/methods/{httpMethod}", $rest)
    };
}

/// The path of a request validator.
macro_rules! validator {
    () => {
        "/restapis/{restApiId}/requestvalidators/{requestValidatorId}"
    };
}

/// The path of a gateway response.
macro_rules! gateway_response {
    () => {
        "/restapis/{restApiId}/gatewayresponses/{responseType}"
    };
}

/// The control plane's operations by method and path.
pub(in crate::services::apigateway) const ROUTES: &[Route] = &[
    Route::new("POST", "/restapis", "CreateRestApi", 201),
    Route::new("GET", "/restapis", "GetRestApis", 200),
    Route::new("GET", "/restapis/{restApiId}", "GetRestApi", 200),
    Route::new("PUT", "/restapis/{restApiId}", "PutRestApi", 200),
    Route::new("PATCH", "/restapis/{restApiId}", "UpdateRestApi", 200),
    Route::new("DELETE", "/restapis/{restApiId}", "DeleteRestApi", 202),
    Route::new("GET", "/account", "GetAccount", 200),
    Route::new("PATCH", "/account", "UpdateAccount", 200),
    Route::new("GET", "/tags/{resourceArn+}", "GetTags", 200),
    Route::new("PUT", "/tags/{resourceArn+}", "TagResource", 204),
    Route::new("DELETE", "/tags/{resourceArn+}", "UntagResource", 204),
    Route::new("GET", "/restapis/{restApiId}/resources", "GetResources", 200),
    Route::new("POST", "/restapis/{restApiId}/resources/{parentId}", "CreateResource", 201),
    Route::new("GET", "/restapis/{restApiId}/resources/{resourceId}", "GetResource", 200),
    Route::new("DELETE", "/restapis/{restApiId}/resources/{resourceId}", "DeleteResource", 202),
    Route::new("PUT", method!(""), "PutMethod", 201),
    Route::new("GET", method!(""), "GetMethod", 200),
    Route::new("DELETE", method!(""), "DeleteMethod", 204),
    Route::new("PUT", method!("/responses/{statusCode}"), "PutMethodResponse", 201),
    Route::new("GET", method!("/responses/{statusCode}"), "GetMethodResponse", 200),
    Route::new("DELETE", method!("/responses/{statusCode}"), "DeleteMethodResponse", 204),
    Route::new("PUT", method!("/integration"), "PutIntegration", 201)
        // The path has the API's method, and the body that of the integration.
        .renaming(&[("httpMethod", "integrationHttpMethod")]),
    Route::new("GET", method!("/integration"), "GetIntegration", 200),
    Route::new("PATCH", method!("/integration"), "UpdateIntegration", 200),
    Route::new("DELETE", method!("/integration"), "DeleteIntegration", 204),
    Route::new("PUT", method!("/integration/responses/{statusCode}"), "PutIntegrationResponse", 201),
    Route::new("GET", method!("/integration/responses/{statusCode}"), "GetIntegrationResponse", 200),
    Route::new("DELETE", method!("/integration/responses/{statusCode}"), "DeleteIntegrationResponse", 204),
    Route::new("POST", "/restapis/{restApiId}/deployments", "CreateDeployment", 201),
    Route::new("GET", "/restapis/{restApiId}/deployments", "GetDeployments", 200),
    Route::new("GET", "/restapis/{restApiId}/deployments/{deploymentId}", "GetDeployment", 200),
    Route::new("DELETE", "/restapis/{restApiId}/deployments/{deploymentId}", "DeleteDeployment", 202),
    Route::new("POST", "/restapis/{restApiId}/stages", "CreateStage", 201),
    Route::new("GET", "/restapis/{restApiId}/stages", "GetStages", 200),
    Route::new("GET", "/restapis/{restApiId}/stages/{stageName}", "GetStage", 200),
    Route::new("PATCH", "/restapis/{restApiId}/stages/{stageName}", "UpdateStage", 200),
    Route::new("DELETE", "/restapis/{restApiId}/stages/{stageName}", "DeleteStage", 202),
    Route::new("POST", "/apikeys", "CreateApiKey", 201),
    Route::new("GET", "/apikeys", "GetApiKeys", 200),
    Route::new("GET", "/apikeys/{apiKey}", "GetApiKey", 200),
    Route::new("PATCH", "/apikeys/{apiKey}", "UpdateApiKey", 200),
    Route::new("DELETE", "/apikeys/{apiKey}", "DeleteApiKey", 202),
    Route::new("POST", "/usageplans", "CreateUsagePlan", 201),
    Route::new("GET", "/usageplans", "GetUsagePlans", 200),
    Route::new("GET", "/usageplans/{usagePlanId}", "GetUsagePlan", 200),
    Route::new("PATCH", "/usageplans/{usagePlanId}", "UpdateUsagePlan", 200),
    Route::new("DELETE", "/usageplans/{usagePlanId}", "DeleteUsagePlan", 202),
    Route::new("GET", "/usageplans/{usagePlanId}/usage", "GetUsage", 200),
    Route::new("POST", "/usageplans/{usagePlanId}/keys", "CreateUsagePlanKey", 201),
    Route::new("GET", "/usageplans/{usagePlanId}/keys", "GetUsagePlanKeys", 200),
    Route::new("GET", "/usageplans/{usagePlanId}/keys/{keyId}", "GetUsagePlanKey", 200),
    Route::new("DELETE", "/usageplans/{usagePlanId}/keys/{keyId}", "DeleteUsagePlanKey", 202),
    Route::new("PATCH", "/usageplans/{usagePlanId}/keys/{keyId}/usage", "UpdateUsage", 200),
    Route::new("POST", "/restapis/{restApiId}/authorizers", "CreateAuthorizer", 201),
    Route::new("GET", "/restapis/{restApiId}/authorizers", "GetAuthorizers", 200),
    Route::new("GET", "/restapis/{restApiId}/authorizers/{authorizerId}", "GetAuthorizer", 200),
    Route::new("PATCH", "/restapis/{restApiId}/authorizers/{authorizerId}", "UpdateAuthorizer", 200),
    Route::new("DELETE", "/restapis/{restApiId}/authorizers/{authorizerId}", "DeleteAuthorizer", 202),
    Route::new("POST", "/restapis/{restApiId}/requestvalidators", "CreateRequestValidator", 201),
    Route::new("GET", "/restapis/{restApiId}/requestvalidators", "GetRequestValidators", 200),
    Route::new("GET", validator!(), "GetRequestValidator", 200),
    Route::new("PATCH", validator!(), "UpdateRequestValidator", 200),
    Route::new("DELETE", validator!(), "DeleteRequestValidator", 202),
    Route::new("POST", "/restapis/{restApiId}/models", "CreateModel", 201),
    Route::new("GET", "/restapis/{restApiId}/models", "GetModels", 200),
    Route::new("GET", "/restapis/{restApiId}/models/{modelName}", "GetModel", 200),
    Route::new("DELETE", "/restapis/{restApiId}/models/{modelName}", "DeleteModel", 202),
    Route::new("GET", "/restapis/{restApiId}/gatewayresponses", "GetGatewayResponses", 200),
    Route::new("PUT", gateway_response!(), "PutGatewayResponse", 201),
    Route::new("GET", gateway_response!(), "GetGatewayResponse", 200),
    Route::new("DELETE", gateway_response!(), "DeleteGatewayResponse", 202),
];
