//! Runs the operations of the control plane by their API names.

use serde_json::Value;

use super::{
    account, apis, authorizers, deployments, errors::bad_request, gateway_responses, import, integrations,
    members::Input, methods, models, resources, stages, tags, validators,
};
use crate::{
    context::Context,
    error::ApiError,
    http::Request,
    services::apigateway::{ApiGateway, model::Api, plans},
};

/// The operations that [`call`] runs.
pub(in crate::services::apigateway) const OPERATIONS: &[&str] = &[
    "CreateApiKey",
    "CreateAuthorizer",
    "CreateDeployment",
    "CreateModel",
    "CreateRequestValidator",
    "CreateResource",
    "CreateRestApi",
    "CreateStage",
    "CreateUsagePlan",
    "CreateUsagePlanKey",
    "DeleteApiKey",
    "DeleteAuthorizer",
    "DeleteDeployment",
    "DeleteGatewayResponse",
    "DeleteIntegration",
    "DeleteIntegrationResponse",
    "DeleteMethod",
    "DeleteMethodResponse",
    "DeleteModel",
    "DeleteRequestValidator",
    "DeleteResource",
    "DeleteRestApi",
    "DeleteStage",
    "DeleteUsagePlan",
    "DeleteUsagePlanKey",
    "GetAccount",
    "GetApiKey",
    "GetApiKeys",
    "GetAuthorizer",
    "GetAuthorizers",
    "GetDeployment",
    "GetDeployments",
    "GetGatewayResponse",
    "GetGatewayResponses",
    "GetIntegration",
    "GetIntegrationResponse",
    "GetMethod",
    "GetMethodResponse",
    "GetModel",
    "GetModels",
    "GetRequestValidator",
    "GetRequestValidators",
    "GetResource",
    "GetResources",
    "GetRestApi",
    "GetRestApis",
    "GetStage",
    "GetStages",
    "GetTags",
    "GetUsage",
    "GetUsagePlan",
    "GetUsagePlanKey",
    "GetUsagePlanKeys",
    "GetUsagePlans",
    "ImportRestApi",
    "PutGatewayResponse",
    "PutIntegration",
    "PutIntegrationResponse",
    "PutMethod",
    "PutMethodResponse",
    "PutRestApi",
    "TagResource",
    "UntagResource",
    "UpdateAccount",
    "UpdateApiKey",
    "UpdateAuthorizer",
    "UpdateIntegration",
    "UpdateRequestValidator",
    "UpdateRestApi",
    "UpdateStage",
    "UpdateUsage",
    "UpdateUsagePlan",
];

/// Parts of AWS's API that this service lacks, by the first or third segment of a path.
const ABSENT: [(&str, &str); 8] = [
    ("domainnames", "custom domain names"),
    ("domainnameaccessassociations", "domain name access associations"),
    ("vpclinks", "VPC links"),
    ("clientcertificates", "client certificates"),
    ("sdktypes", "SDK generation"),
    ("documentation", "documentation parts"),
    ("policy", "resource policies"),
    ("sdks", "SDK generation"),
];

/// Runs one operation.
pub(in crate::services::apigateway) fn call(
    service: &ApiGateway,
    cx: &Context,
    operation: &str,
    input: Value,
) -> Result<Value, ApiError> {
    let Value::Object(mut input) = input else { return Err(bad_request("the input must be an object")) };
    match operation {
        // Both are a POST of /restapis; the query distinguishes them.
        "CreateRestApi" if input.get("mode").is_some_and(|mode| mode == "import") => {
            import::import(service, cx, input)
        }
        "ImportRestApi" => import::import(service, cx, input),
        "CreateRestApi" => apis::create(service, cx, input),
        "GetRestApis" => apis::list(service, cx, &input),
        "GetAccount" => Ok(account::get(service, cx)),
        "UpdateAccount" => account::update(service, cx, input),
        "GetTags" => Ok(target(service, cx, &mut input)?.list()),
        "TagResource" => target(service, cx, &mut input)?.add(input),
        "UntagResource" => Ok(target(service, cx, &mut input)?.remove(input)),
        _ if plans::OPERATIONS.contains(&operation) => {
            plans::call(&service.plans.of(&cx.region), service.clock.now_ms(), operation, input)
        }
        _ => on_api(service, cx, operation, input),
    }
}

/// An operation on one API.
fn on_api(service: &ApiGateway, cx: &Context, operation: &str, mut input: Input) -> Result<Value, ApiError> {
    if !OPERATIONS.contains(&operation) {
        return Err(ApiError::unknown_operation("apigateway", operation));
    }
    let api = service.api(cx, &taken(&mut input, "restApiId")?)?;
    match operation {
        "GetRestApi" => Ok(apis::get(&api)),
        "PutRestApi" => import::put(&api, input),
        "UpdateRestApi" => apis::update(&api, input),
        "DeleteRestApi" => Ok(apis::delete(service, &api)),
        "GetResources" => resources::list(&api, &input),
        "CreateResource" => resources::create(&api, &taken(&mut input, "parentId")?, input),
        "CreateDeployment" => deployments::create(service, &api, input),
        "GetDeployments" => deployments::list(&api, &input),
        "GetDeployment" => deployments::get(&api, &taken(&mut input, "deploymentId")?),
        "DeleteDeployment" => deployments::delete(&api, &taken(&mut input, "deploymentId")?),
        "CreateStage" => stages::create(service, &api, input),
        "GetStages" => stages::list(&api, &input),
        "GetStage" => stages::get(&api, &taken(&mut input, "stageName")?),
        "UpdateStage" => stages::update(service, &api, &taken(&mut input, "stageName")?, input),
        "DeleteStage" => stages::delete(&api, &taken(&mut input, "stageName")?),
        "CreateRequestValidator" => validators::create(&api, input),
        "GetRequestValidators" => validators::list(&api, &input),
        "GetRequestValidator" => validators::get(&api, &taken(&mut input, "requestValidatorId")?),
        "UpdateRequestValidator" => {
            validators::update(&api, &taken(&mut input, "requestValidatorId")?, input)
        }
        "DeleteRequestValidator" => validators::delete(&api, &taken(&mut input, "requestValidatorId")?),
        "CreateAuthorizer" => authorizers::create(&api, input),
        "GetAuthorizers" => authorizers::list(&api, &input),
        "GetAuthorizer" => authorizers::get(&api, &taken(&mut input, "authorizerId")?),
        "UpdateAuthorizer" => authorizers::update(&api, &taken(&mut input, "authorizerId")?, input),
        "DeleteAuthorizer" => authorizers::delete(&api, &taken(&mut input, "authorizerId")?),
        "CreateModel" => models::create(&api, input),
        "GetModels" => models::list(&api, &input),
        "GetModel" => models::get(&api, &taken(&mut input, "modelName")?),
        "DeleteModel" => models::delete(&api, &taken(&mut input, "modelName")?),
        "PutGatewayResponse" => gateway_responses::put(&api, &taken(&mut input, "responseType")?, input),
        "GetGatewayResponses" => gateway_responses::list(&api, &input),
        "GetGatewayResponse" => gateway_responses::get(&api, &taken(&mut input, "responseType")?),
        "DeleteGatewayResponse" => gateway_responses::delete(&api, &taken(&mut input, "responseType")?),
        _ => on_resource(&api, operation, input),
    }
}

/// An operation on a resource, or on a method of it.
fn on_resource(api: &Api, operation: &str, mut input: Input) -> Result<Value, ApiError> {
    let resource = taken(&mut input, "resourceId")?;
    match operation {
        "GetResource" => return resources::get(api, &resource, &input),
        "DeleteResource" => return resources::delete(api, &resource),
        _ => {}
    }
    let method = taken(&mut input, "httpMethod")?;
    let at = &methods::At { resource: &resource, method: &method };
    match operation {
        "PutMethod" => methods::put(api, at, input),
        "GetMethod" => methods::get(api, at),
        "DeleteMethod" => methods::delete(api, at),
        "PutMethodResponse" => methods::put_response(api, at, &taken(&mut input, "statusCode")?, input),
        "GetMethodResponse" => methods::get_response(api, at, &taken(&mut input, "statusCode")?),
        "DeleteMethodResponse" => methods::delete_response(api, at, &taken(&mut input, "statusCode")?),
        "PutIntegration" => integrations::put(api, at, input),
        "GetIntegration" => integrations::get(api, at),
        "UpdateIntegration" => integrations::update(api, at, input),
        "DeleteIntegration" => integrations::delete(api, at),
        "PutIntegrationResponse" => {
            integrations::put_response(api, at, &taken(&mut input, "statusCode")?, input)
        }
        "GetIntegrationResponse" => integrations::get_response(api, at, &taken(&mut input, "statusCode")?),
        "DeleteIntegrationResponse" => {
            integrations::delete_response(api, at, &taken(&mut input, "statusCode")?)
        }
        _ => Err(ApiError::unknown_operation("apigateway", operation)),
    }
}

/// Takes a member that names the operation's target.
pub(in crate::services::apigateway) fn taken(input: &mut Input, name: &str) -> Result<String, ApiError> {
    match input.remove(name) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(bad_request(format!("{name} must be specified"))),
    }
}

fn target(service: &ApiGateway, cx: &Context, input: &mut Input) -> Result<tags::Target, ApiError> {
    tags::Target::parse(service, cx, &taken(input, "resourceArn")?)
}

/// The error for a path without an operation; it names the part of the API that this service lacks.
pub(crate) fn unknown_route(request: &Request) -> ApiError {
    let steps = request.segments();
    let absent = |step: Option<&String>| {
        ABSENT.iter().find(|(name, _)| step.is_some_and(|step| step == name)).map(|(_, what)| *what)
    };
    match absent(steps.first()).or_else(|| absent(steps.get(2))) {
        Some(what) => ApiError::unsupported(format_args!("{what} of API Gateway")),
        None => ApiError::unknown_operation("apigateway", &format!("{} {}", request.method, request.path)),
    }
}
