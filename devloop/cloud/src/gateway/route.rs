//! Finds the service of a request and the client's protocol, from the request's path, host and headers.

use std::sync::Arc;

use hyper::{HeaderMap, header};
use serde_json::{Map, Value};

use super::protocol::Protocol;
use crate::{
    error::ApiError,
    http::Request,
    registry::Registry,
    rest,
    service::{About, JsonVersion, Service},
};

/// Where a request leads.
#[derive(Debug)]
pub(super) enum Route<'r> {
    /// The cloud's own pages, below `/_localstack/` and `/_devloop/`.
    Pages,
    /// The service reads the request and writes the answer itself.
    Raw(&'r Arc<dyn Service>),
    /// One operation of a service whose operations have names on the wire.
    Named { about: &'static About, operation: String, protocol: Protocol },
    /// One operation of a REST service, with the members of its path.
    Rest { about: &'static About, route: &'static rest::Route, labels: Map<String, Value> },
    /// An operation whose name and input are in a form body or query string. Without a signature, the API's version names
    /// the service.
    Query { about: Option<&'static About> },
    /// No service of the cloud takes the request.
    Refused(ApiError),
}

/// Finds the route of a request before its body is read. `addressed` is the service that claims its host or path.
pub(super) fn route<'r>(
    registry: &'r Registry,
    addressed: Option<&'r Arc<dyn Service>>,
    request: &Request,
) -> Route<'r> {
    if is_page(request) {
        return Route::Pages;
    }
    if let Some(service) = addressed {
        return Route::Raw(service);
    }
    if let Some(target) = request.header("x-amz-target") {
        let (target, operation) = target.split_once('.').unwrap_or((target, ""));
        return named(registry, target, operation, None).unwrap_or_else(|| Route::Refused(unknown(request)));
    }
    if let Some(rest) = request.path.strip_prefix("/service/") {
        return by_rpc_path(registry, rest).unwrap_or_else(|| Route::Refused(unknown(request)));
    }
    let signed = scope(&request.headers).map(|(_, service)| service);
    if let Some((service, route, labels)) = registry.route(request, signed) {
        return if route.is_raw {
            Route::Raw(service)
        } else {
            Route::Rest { about: service.about(), route, labels }
        };
    }
    let form = request
        .header(header::CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let is_query = form || request.query.contains("Action=");
    match signed.and_then(|name| registry.by_signing(name).next()) {
        Some(service) if service.about().query.is_some() => Route::Query { about: Some(service.about()) },
        Some(service) if !service.about().routes.is_empty() => Route::Refused(service.unknown_route(request)),
        _ if is_query => Route::Query { about: None },
        _ => Route::Refused(unknown(request)),
    }
}

/// Whether the request is for one of the cloud's own pages, whatever its host.
pub(super) fn is_page(request: &Request) -> bool {
    request.path.starts_with("/_localstack/") || request.path.starts_with("/_devloop/")
}

fn unknown(request: &Request) -> ApiError {
    let what = match request.header("x-amz-target") {
        Some(target) => format!("the operation `{target}`"),
        None => format!("{} {}", request.method, request.path),
    };
    let message = match scope(&request.headers) {
        Some((_, service)) => format!(
            "the embedded cloud has no service `{service}` ({what}); devloop's option `--fallback URL` passes its requests to another \
             local AWS"
        ),
        None => format!(
            "no service of the embedded cloud answers {what}; sign the request or use a supported service"
        ),
    };
    ApiError::with_status(404, "UnknownOperationException", message)
}

/// The operation of the service whose target prefix is in `target`, in JSON unless another protocol is given.
fn named<'r>(
    registry: &'r Registry,
    target: &str,
    operation: &str,
    protocol: Option<Protocol>,
) -> Option<Route<'r>> {
    let about = registry.by_target(target)?.about();
    let json = about.json.as_ref()?;
    let protocol = protocol.unwrap_or(match json.version {
        JsonVersion::V10 => Protocol::Json10,
        JsonVersion::V11 => Protocol::Json11,
    });
    if protocol == Protocol::Cbor && json.cbor.is_none() {
        return None;
    }
    Some(Route::Named { about, operation: operation.to_owned(), protocol })
}

/// `/service/<Service>/operation/<Operation>`, the path of the rpc-v2-cbor protocol.
fn by_rpc_path<'r>(registry: &'r Registry, rest: &str) -> Option<Route<'r>> {
    let mut parts = rest.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(target), Some("operation"), Some(operation), None) => {
            named(registry, target, operation, Some(Protocol::Cbor))
        }
        _ => None,
    }
}

/// Region and service of the signature's credential scope: `Credential=<key>/<date>/<region>/<service>/aws4_request`.
pub(super) fn scope(headers: &HeaderMap) -> Option<(&str, &str)> {
    let mut parts = credential(headers)?.rsplit('/');
    let (_terminator, service, region) = (parts.next()?, parts.next()?, parts.next()?);
    Some((region, service))
}

/// The access key of the signature.
pub(super) fn access_key(headers: &HeaderMap) -> Option<&str> {
    credential(headers)?.split('/').next()
}

fn credential(headers: &HeaderMap) -> Option<&str> {
    let authorization = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    authorization.split("Credential=").nth(1)?.split([',', ' ']).next()
}

#[cfg(test)]
mod tests;
