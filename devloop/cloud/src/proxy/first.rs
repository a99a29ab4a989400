//! A request as an event in payload format 1.0, as HTTP APIs write it [Create AWS Lambda proxy integrations for HTTP APIs in API
//! Gateway].

use serde_json::{Map, Value, json};

use super::event::{Front, body, headers, log_time};
use crate::http::Request;

/// The event in payload format 1.0 for the resource `resource`, such as `/pets/{id}`.
pub(crate) fn first_event(request: &Request, front: &Front<'_>, resource: &str) -> Value {
    let (mut single, cookies) = headers(request, front.trace_id);
    if !cookies.is_empty() {
        let cookies: Vec<&str> = cookies.iter().filter_map(Value::as_str).collect();
        single.insert("cookie".to_owned(), cookies.join("; ").into());
    }
    let mut several: Map<String, Value> = Map::new();
    for (name, value) in &mut single {
        let values: Vec<String> = request
            .headers
            .get_all(name.as_str())
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        // The front adds or completes these headers, so the joined value is the right one.
        let is_ours = values.is_empty() || name.starts_with("x-forwarded-") || name == "x-amzn-trace-id";
        if !is_ours {
            *value = values.last().cloned().into();
        }
        several.insert(name.clone(), if is_ours { json!([value]) } else { json!(values) });
    }
    let mut query: Map<String, Value> = Map::new();
    let mut queries: Map<String, Value> = Map::new();
    for (name, value) in request.parameters() {
        if let Value::Array(values) = queries.entry(name.clone()).or_insert_with(|| json!([])) {
            values.push(value.clone().into());
        }
        query.insert(name, value.into());
    }
    let method = request.method.as_str();
    let (body, is_base64) = body(request);
    let or_null = |map: Map<String, Value>| if map.is_empty() { Value::Null } else { map.into() };
    json!({
        "version": "1.0",
        "resource": resource,
        "path": front.path,
        "httpMethod": method,
        "headers": single,
        "multiValueHeaders": several,
        "queryStringParameters": or_null(query),
        "multiValueQueryStringParameters": or_null(queries),
        "requestContext": {
            "accountId": front.account,
            "apiId": front.api,
            "domainName": request.header("host").unwrap_or(""),
            "domainPrefix": front.api,
            "extendedRequestId": front.request_id,
            "httpMethod": method,
            "identity": {
                "accessKey": null,
                "accountId": null,
                "caller": null,
                "cognitoAmr": null,
                "cognitoAuthenticationProvider": null,
                "cognitoAuthenticationType": null,
                "cognitoIdentityId": null,
                "cognitoIdentityPoolId": null,
                "principalOrgId": null,
                "sourceIp": request.peer.to_string(),
                "user": null,
                "userAgent": request.header("user-agent").unwrap_or(""),
                "userArn": null,
            },
            "path": front.path,
            "protocol": "HTTP/1.1",
            "requestId": front.request_id,
            "requestTime": log_time(front.at_ms),
            "requestTimeEpoch": front.at_ms,
            "resourceId": null,
            "resourcePath": resource,
            "stage": front.stage,
        },
        "pathParameters": null,
        "stageVariables": null,
        "body": body,
        "isBase64Encoded": is_base64,
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::{HeaderMap, Method};

    use super::*;

    #[test]
    fn the_event_is_the_documented_one() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("host", "a1.execute-api.localhost:4566"),
            ("accept", "a"),
            ("accept", "b"),
            ("cookie", "one=1; two=2"),
        ] {
            headers.append(name, value.parse().unwrap());
        }
        let request = Request {
            method: Method::GET,
            path: "/pets/7".to_owned(),
            query: "p=1&p=2&q=3".to_owned(),
            headers,
            body: Bytes::new(),
            peer: [127, 0, 0, 1].into(),
        };
        let front = Front {
            api: "a1",
            account: "000000000000",
            route_key: "GET /pets/{id}",
            stage: "$default",
            path: "/pets/7",
            request_id: "the-request",
            trace_id: "Root=1-x",
            at_ms: 1_700_000_000_000,
        };
        let host = "a1.execute-api.localhost:4566";
        assert_eq!(
            first_event(&request, &front, "/pets/{id}"),
            json!({
                "version": "1.0", "resource": "/pets/{id}", "path": "/pets/7", "httpMethod": "GET",
                "headers": {"host": host, "accept": "b", "cookie": "one=1; two=2", "x-amzn-trace-id": "Root=1-x",
                    "x-forwarded-for": "127.0.0.1", "x-forwarded-port": "4566", "x-forwarded-proto": "http"},
                "multiValueHeaders": {"host": [host], "accept": ["a", "b"], "cookie": ["one=1; two=2"],
                    "x-amzn-trace-id": ["Root=1-x"], "x-forwarded-for": ["127.0.0.1"], "x-forwarded-port": ["4566"],
                    "x-forwarded-proto": ["http"]},
                "queryStringParameters": {"p": "2", "q": "3"},
                "multiValueQueryStringParameters": {"p": ["1", "2"], "q": ["3"]},
                "requestContext": {
                    "accountId": "000000000000", "apiId": "a1", "domainName": host, "domainPrefix": "a1",
                    "extendedRequestId": "the-request", "httpMethod": "GET",
                    "identity": {"accessKey": null, "accountId": null, "caller": null, "cognitoAmr": null,
                        "cognitoAuthenticationProvider": null, "cognitoAuthenticationType": null,
                        "cognitoIdentityId": null, "cognitoIdentityPoolId": null, "principalOrgId": null,
                        "sourceIp": "127.0.0.1", "user": null, "userAgent": "", "userArn": null},
                    "path": "/pets/7", "protocol": "HTTP/1.1", "requestId": "the-request",
                    "requestTime": "14/Nov/2023:22:13:20 +0000", "requestTimeEpoch": 1_700_000_000_000_i64,
                    "resourceId": null, "resourcePath": "/pets/{id}", "stage": "$default",
                },
                "pathParameters": null, "stageVariables": null, "body": null, "isBase64Encoded": false,
            })
        );
    }
}
