//! Tests every way in which a request can name a service, with the registry of a whole cloud.

use super::*;
use crate::cloud::{Cloud, Options};

/// The headers of a request.
type Headers<'h> = &'h [(&'static str, &'h str)];

/// A route as one line of text.
fn shown(cloud: &Cloud, method: &str, path: &str, query: &str, headers: Headers<'_>) -> String {
    let request = Request {
        method: method.parse().unwrap(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect(),
        body: bytes::Bytes::new(),
        peer: [127, 0, 0, 1].into(),
    };
    match route(&cloud.0.registry, cloud.0.registry.addressed(&request), &request) {
        Route::Pages => "pages".to_owned(),
        Route::Raw(service) => format!("raw {}", service.about().name),
        Route::Named { about, operation, protocol } => format!("{protocol:?} {}:{operation}", about.name),
        Route::Rest { about, route, labels } => {
            let labels: Vec<String> = labels.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            format!("rest {}:{}{}", about.name, route.operation, labels.concat())
        }
        Route::Query { about } => format!("query {}", about.map_or("?", |about| about.name)),
        Route::Refused(error) => format!("{} {}", error.status, error.code),
    }
}

fn scoped(service: &str) -> String {
    format!("AWS4-HMAC-SHA256 Credential=test/20261120/eu-west-1/{service}/aws4_request, SignedHeaders=host")
}

#[test]
fn every_way_to_name_a_service_is_understood() {
    let cloud = Cloud::new(Options::default());
    let check = |path: &str, query: &str, headers: Headers<'_>, expected: &str| {
        assert_eq!(shown(&cloud, "GET", path, query, headers), expected, "{path}?{query} {headers:?}");
    };
    check("/_localstack/health", "", &[], "pages");
    let api = "a1.execute-api.localhost.localstack.cloud:4566";
    check("/prod/x/y", "", &[("host", api)], "raw apigateway");
    check("/prod", "", &[("host", "A1.execute-api.localhost:4566")], "raw apigateway");
    check("/_aws/execute-api/a1/prod/x", "", &[], "raw apigateway");
    check("/restapis/a1/prod/_user_request_/", "", &[], "raw apigateway");
    check("/restapis/a1/prod/_user_request_", "", &[], "raw apigateway");
    check(
        "/restapis/a1/stages",
        "",
        &[("authorization", &scoped("apigateway"))],
        "rest apigateway:GetStages restApiId=\"a1\"",
    );
    check("/", "", &[("host", "u1.lambda-url.us-east-1.localhost.localstack.cloud:1")], "raw lambda");
    check("/_aws/lambda-url/u1/a/b", "", &[], "raw lambda");
    check("/2015-03-31/functions", "", &[], "rest lambda:ListFunctions");
    let lambda = scoped("lambda");
    check("/2015-03-31/functions/", "", &[("authorization", &lambda)], "rest lambda:ListFunctions");
    check("/2015-03-31/event-source-mappings/u", "", &[], "rest lambda:GetEventSourceMapping UUID=\"u\"");
    check("/2015-03-31/nothing", "", &[("authorization", &lambda)], "400 UnknownOperationException");
    let metrics = "GraniteServiceVersion20100801.PutMetricData";
    check("/", "", &[("x-amz-target", metrics)], "Json10 monitoring:PutMetricData");
    check(
        "/service/GraniteServiceVersion20100801/operation/PutMetricData",
        "",
        &[],
        "Cbor monitoring:PutMetricData",
    );
    check("/", "", &[("authorization", &scoped("monitoring"))], "query monitoring");
    check("/", "Action=GetCallerIdentity", &[], "query ?");
    check("/", "", &[("x-amz-target", "Nobody.Does")], "404 UnknownOperationException");
    check("/", "", &[], "404 UnknownOperationException");
    check("/", "", &[("authorization", &scoped("kafka"))], "404 UnknownOperationException");
}

#[test]
fn a_raw_operation_is_the_services_own() {
    let cloud = Cloud::new(Options::default());
    assert_eq!(shown(&cloud, "POST", "/2015-03-31/functions/f/invocations", "", &[]), "raw lambda");
}

#[test]
fn the_scope_of_a_signature_contains_region_and_service() {
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, scoped("sqs").parse().unwrap())]);
    assert_eq!(scope(&headers), Some(("eu-west-1", "sqs")));
}
