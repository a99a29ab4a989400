//! Who is asked: from path, host, `X-Amz-Target`, `Action` and the signature's scope to a service and an operation.

use hyper::{HeaderMap, header};

use super::{host::host_name, protocol::Protocol};

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/_localstack/...` and `/_devloop/...`.
    Internal,
    /// A deployed REST API; `path` is what follows the stage, with its slash.
    Execute { api: String, stage: String, path: String },
    /// A function URL by its id; `path` is what the function sees, when it differs from the request's.
    FunctionUrl { id: String, path: Option<String> },
    /// One operation of a service whose operations have names on the wire.
    Operation { service: &'static str, operation: String, protocol: Protocol },
    /// An operation whose name and input are in a form body or query string.
    Query { service: Option<&'static str> },
    /// The Lambda API.
    Lambda,
    /// The API Gateway control plane.
    ApiGateway,
    /// Nobody that the cloud knows.
    Unknown,
}

/// The prefix of `X-Amz-Target`, the service's endpoint prefix, and its JSON protocol.
const TARGETS: [(&str, &str, Protocol); 7] = [
    ("Kinesis_20131202", "kinesis", Protocol::Json11),
    ("DynamoDB_20120810", "dynamodb", Protocol::Json10),
    ("DynamoDBStreams_20120810", "streams.dynamodb", Protocol::Json10),
    ("AmazonSQS", "sqs", Protocol::Json10),
    ("GraniteServiceVersion20100801", "monitoring", Protocol::Json10),
    ("Logs_20140328", "logs", Protocol::Json11),
    ("AmazonSSM", "ssm", Protocol::Json11),
];

/// Services that speak the query protocol, by the name in the signature's scope.
const QUERY: [&str; 5] = ["monitoring", "sqs", "sts", "iam", "cloudformation"];

/// Finds the route of a request.
pub(crate) fn route(path: &str, query: &str, headers: &HeaderMap) -> Route {
    if path.starts_with("/_localstack/") || path.starts_with("/_devloop/") {
        return Route::Internal;
    }
    if let Some(route) = by_host(path, headers).or_else(|| by_api_path(path)) {
        return route;
    }
    if let Some(target) = text(headers, "x-amz-target") {
        return by_target(target);
    }
    if let Some(rest) = path.strip_prefix("/service/") {
        return by_rpc_path(rest);
    }
    let scope = scope(headers);
    let dated =
        path.len() > 11 && path.as_bytes()[1].is_ascii_digit() && path[1..].splitn(4, '-').count() >= 3;
    match scope.map(|(_, service)| service) {
        Some("lambda") => return Route::Lambda,
        Some("apigateway") => return Route::ApiGateway,
        Some(service) => {
            if let Some(known) = QUERY.iter().find(|known| **known == service) {
                return Route::Query { service: Some(known) };
            }
        }
        None if dated => return Route::Lambda,
        None if path.starts_with("/restapis") => return Route::ApiGateway,
        None => {}
    }
    let form = text(headers, header::CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if form || query.contains("Action=") { Route::Query { service: None } } else { Route::Unknown }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// `<id>.execute-api.<anything>` and `<id>.lambda-url.<region>.<anything>`.
fn by_host(path: &str, headers: &HeaderMap) -> Option<Route> {
    let host = host_name(text(headers, "host")?).to_ascii_lowercase();
    let mut labels = host.split('.');
    let id = labels.next()?.to_owned();
    match labels.next()? {
        "execute-api" => {
            let rest = path.strip_prefix('/').unwrap_or(path);
            let (stage, path) = rest.split_once('/').unwrap_or((rest, ""));
            Some(Route::Execute { api: id, stage: crate::http::decode(stage), path: format!("/{path}") })
        }
        "lambda-url" => Some(Route::FunctionUrl { id, path: None }),
        _ => None,
    }
}

/// `/_aws/execute-api/<id>/<stage>/<path>`, `/restapis/<id>/<stage>/_user_request_/<path>`, and for function URLs, whose own
/// form needs name resolution, `/_aws/lambda-url/<id>/<path>`.
fn by_api_path(path: &str) -> Option<Route> {
    let execute = |api: &str, stage: &str, rest: &str| Route::Execute {
        api: api.to_owned(),
        stage: crate::http::decode(stage),
        path: format!("/{rest}"),
    };
    if let Some(rest) = path.strip_prefix("/_aws/execute-api/") {
        let mut parts = rest.splitn(3, '/');
        return Some(execute(parts.next()?, parts.next().unwrap_or(""), parts.next().unwrap_or("")));
    }
    if let Some(rest) = path.strip_prefix("/_aws/lambda-url/") {
        let (id, path) = rest.split_once('/').unwrap_or((rest, ""));
        return Some(Route::FunctionUrl { id: id.to_owned(), path: Some(format!("/{path}")) });
    }
    let rest = path.strip_prefix("/restapis/")?;
    let mut parts = rest.splitn(4, '/');
    let (api, stage, marker) = (parts.next()?, parts.next()?, parts.next()?);
    (marker == "_user_request_").then(|| execute(api, stage, parts.next().unwrap_or("")))
}

fn by_target(target: &str) -> Route {
    let (prefix, operation) = target.split_once('.').unwrap_or((target, ""));
    match TARGETS.iter().find(|(known, ..)| *known == prefix) {
        Some((_, service, protocol)) => {
            Route::Operation { service, operation: operation.to_owned(), protocol: *protocol }
        }
        None => Route::Unknown,
    }
}

/// `/service/<Service>/operation/<Operation>`, the path of the rpc-v2-cbor protocol.
fn by_rpc_path(rest: &str) -> Route {
    let mut parts = rest.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(service), Some("operation"), Some(operation), None) => {
            match TARGETS.iter().find(|(known, ..)| *known == service) {
                Some((_, service, _)) => {
                    Route::Operation { service, operation: operation.to_owned(), protocol: Protocol::Cbor }
                }
                None => Route::Unknown,
            }
        }
        _ => Route::Unknown,
    }
}

/// Region and service of the signature's credential scope: `Credential=<key>/<date>/<region>/<service>/aws4_request`.
pub(crate) fn scope(headers: &HeaderMap) -> Option<(&str, &str)> {
    let credential = text(headers, "authorization")?.split("Credential=").nth(1)?;
    let mut parts = credential.split([',', ' ']).next()?.rsplit('/');
    let (_terminator, service, region) = (parts.next()?, parts.next()?, parts.next()?);
    Some((region, service))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn every_way_to_name_a_service_is_understood() {
        let check = |path: &str, query: &str, pairs: &[(&'static str, &str)], expected: Route| {
            assert_eq!(route(path, query, &headers(pairs)), expected, "{path}?{query} {pairs:?}");
        };
        let execute =
            |path: &str| Route::Execute { api: "a1".into(), stage: "prod".into(), path: path.into() };
        let scoped = |service: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential=test/20261120/eu-west-1/{service}/aws4_request, SignedHeaders=host"
            )
        };
        check("/_localstack/health", "", &[], Route::Internal);
        check(
            "/prod/x/y",
            "",
            &[("host", "a1.execute-api.localhost.localstack.cloud:4566")],
            execute("/x/y"),
        );
        check("/prod", "", &[("host", "A1.execute-api.localhost:4566")], execute("/"));
        check("/_aws/execute-api/a1/prod/x", "", &[], execute("/x"));
        check("/restapis/a1/prod/_user_request_/", "", &[], execute("/"));
        check("/restapis/a1/prod/_user_request_", "", &[], execute("/"));
        check("/restapis/a1/stages", "", &[("authorization", &scoped("apigateway"))], Route::ApiGateway);
        check(
            "/",
            "",
            &[("host", "u1.lambda-url.us-east-1.localhost.localstack.cloud:1")],
            Route::FunctionUrl { id: "u1".into(), path: None },
        );
        check(
            "/_aws/lambda-url/u1/a/b",
            "",
            &[],
            Route::FunctionUrl { id: "u1".into(), path: Some("/a/b".into()) },
        );
        check("/2015-03-31/functions", "", &[], Route::Lambda);
        check("/2015-03-31/functions", "", &[("authorization", &scoped("lambda"))], Route::Lambda);
        let put = |protocol| Route::Operation {
            service: "monitoring",
            operation: "PutMetricData".into(),
            protocol,
        };
        check(
            "/",
            "",
            &[("x-amz-target", "GraniteServiceVersion20100801.PutMetricData")],
            put(Protocol::Json10),
        );
        check("/service/GraniteServiceVersion20100801/operation/PutMetricData", "", &[], put(Protocol::Cbor));
        check(
            "/",
            "",
            &[("authorization", &scoped("monitoring"))],
            Route::Query { service: Some("monitoring") },
        );
        check("/", "Action=GetCallerIdentity", &[], Route::Query { service: None });
        check("/", "", &[("x-amz-target", "Nobody.Does")], Route::Unknown);
        check("/", "", &[], Route::Unknown);
        assert_eq!(scope(&headers(&[("authorization", &scoped("sqs"))])), Some(("eu-west-1", "sqs")));
    }
}
