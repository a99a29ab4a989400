//! From a request's method and path to the operation.

use super::{account, apis, deployments, integrations, methods, resources, stages, tags};
use crate::{
    context::Context,
    error::ApiError,
    http::{Reply, Request},
    services::apigateway::ApiGateway,
};

/// What the first or third step of a path may name and this service does not have.
const ABSENT: [(&str, &str); 14] = [
    ("apikeys", "API keys"),
    ("usageplans", "usage plans"),
    ("domainnames", "custom domain names"),
    ("domainnameaccessassociations", "domain name access associations"),
    ("vpclinks", "VPC links"),
    ("clientcertificates", "client certificates"),
    ("sdktypes", "SDK generation"),
    ("authorizers", "authorizers"),
    ("models", "models"),
    ("requestvalidators", "request validators"),
    ("gatewayresponses", "gateway responses"),
    ("documentation", "documentation parts"),
    ("policy", "resource policies"),
    ("sdks", "SDK generation"),
];

/// Runs the operation that `request` asks for.
pub(crate) fn answer(service: &ApiGateway, cx: &Context, request: &Request) -> Result<Reply, ApiError> {
    let segments = request.segments();
    let steps: Vec<&str> = segments.iter().map(String::as_str).collect();
    let body = &request.body;
    match (request.method.as_str(), steps.as_slice()) {
        ("POST", ["restapis"]) => apis::create(service, cx, request),
        ("GET", ["restapis"]) => apis::list(service, cx, request),
        ("GET", ["account"]) => Ok(account::get(service, cx)),
        ("PATCH", ["account"]) => account::update(service, cx, body),
        (verb @ ("GET" | "PUT" | "DELETE"), ["tags", arn]) => {
            let target = tags::Target::parse(service, cx, arn)?;
            match verb {
                "GET" => Ok(target.list()),
                "PUT" => target.add(body),
                _ => Ok(target.remove(request)),
            }
        }
        (verb, ["restapis", id, rest @ ..]) => {
            let api = service.api(cx, id)?;
            match (verb, rest) {
                ("GET", []) => Ok(apis::get(&api)),
                ("PATCH", []) => apis::update(&api, body),
                ("DELETE", []) => Ok(apis::delete(service, &api)),
                ("GET", ["resources"]) => resources::list(&api, request),
                ("POST", ["resources", parent]) => resources::create(&api, parent, body),
                ("GET", ["resources", resource]) => resources::get(&api, resource, request),
                ("DELETE", ["resources", resource]) => resources::delete(&api, resource),
                (verb, ["resources", resource, "methods", method, rest @ ..]) => {
                    below_method(&api, verb, &methods::At { resource, method }, rest, request)
                }
                ("POST", ["deployments"]) => deployments::create(service, &api, body),
                ("GET", ["deployments"]) => deployments::list(&api, request),
                ("GET", ["deployments", id]) => deployments::get(&api, id),
                ("DELETE", ["deployments", id]) => deployments::delete(&api, id),
                ("POST", ["stages"]) => stages::create(service, &api, body),
                ("GET", ["stages"]) => stages::list(&api, request),
                ("GET", ["stages", name]) => stages::get(&api, name),
                ("PATCH", ["stages", name]) => stages::update(service, &api, name, body),
                ("DELETE", ["stages", name]) => stages::delete(&api, name),
                _ => Err(refusal(request, &steps)),
            }
        }
        _ => Err(refusal(request, &steps)),
    }
}

fn below_method(
    api: &crate::services::apigateway::model::Api,
    verb: &str,
    at: &methods::At<'_>,
    rest: &[&str],
    request: &Request,
) -> Result<Reply, ApiError> {
    let body = &request.body;
    match (verb, rest) {
        ("PUT", []) => methods::put(api, at, body),
        ("GET", []) => methods::get(api, at),
        ("DELETE", []) => methods::delete(api, at),
        ("PUT", ["responses", status]) => methods::put_response(api, at, status, body),
        ("GET", ["responses", status]) => methods::get_response(api, at, status),
        ("DELETE", ["responses", status]) => methods::delete_response(api, at, status),
        ("PUT", ["integration"]) => integrations::put(api, at, body),
        ("GET", ["integration"]) => integrations::get(api, at),
        ("PATCH", ["integration"]) => integrations::update(api, at, body),
        ("DELETE", ["integration"]) => integrations::delete(api, at),
        ("PUT", ["integration", "responses", status]) => integrations::put_response(api, at, status, body),
        ("GET", ["integration", "responses", status]) => integrations::get_response(api, at, status),
        ("DELETE", ["integration", "responses", status]) => integrations::delete_response(api, at, status),
        _ => Err(refusal(request, &["restapis"])),
    }
}

fn refusal(request: &Request, steps: &[&str]) -> ApiError {
    let absent =
        |step: Option<&&str>| ABSENT.iter().find(|(name, _)| Some(name) == step).map(|(_, what)| *what);
    match absent(steps.first()).or_else(|| absent(steps.get(2))) {
        Some(what) => ApiError::unsupported(format_args!("{what} of API Gateway")),
        None => ApiError::unknown_operation("apigateway", &format!("{} {}", request.method, request.path)),
    }
}
