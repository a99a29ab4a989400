//! A request as an event in payload format 2.0 [Create AWS Lambda proxy integrations for HTTP APIs in API Gateway].

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

use crate::http::Request;

/// Whether a body of this type is text in the event. Every other body is base64, even a form [Working with binary media
/// types for HTTP APIs, whose payload format function URLs share].
fn is_text(content_type: Option<&str>) -> bool {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    kind.starts_with("text/")
        || matches!(kind.as_str(), "application/json" | "application/xml" | "application/javascript")
}

/// The client's headers in lower case, with the values of one name joined and the headers that AWS adds; and the cookies.
pub(super) fn headers(request: &Request, trace_id: &str) -> (Map<String, Value>, Vec<Value>) {
    let mut headers: Map<String, Value> = Map::new();
    let mut cookies = Vec::new();
    for (name, value) in &request.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        // The gateway has already unpacked the body.
        let is_unpacked = name == "content-encoding" && value.eq_ignore_ascii_case("gzip");
        if name == "connection" || is_unpacked {
            continue;
        }
        if name == "cookie" {
            cookies.extend(value.split("; ").map(|cookie| Value::String(cookie.to_owned())));
            continue;
        }
        match headers.get_mut(name.as_str()) {
            Some(Value::String(joined)) => {
                joined.push(',');
                joined.push_str(&value);
            }
            _ => {
                headers.insert(name.as_str().to_owned(), value.into());
            }
        }
    }
    let port = request.header("host").and_then(|host| host.rsplit_once(':')).map_or("80", |(_, port)| port);
    let forwarded_for = match request.header("x-forwarded-for") {
        Some(before) => format!("{before}, {}", request.peer),
        None => request.peer.to_string(),
    };
    headers.insert("x-amzn-trace-id".to_owned(), trace_id.into());
    headers.insert("x-forwarded-for".to_owned(), forwarded_for.into());
    headers.entry("x-forwarded-port").or_insert_with(|| port.into());
    headers.entry("x-forwarded-proto").or_insert_with(|| "http".into());
    (headers, cookies)
}

/// The front is what receives the request on AWS: an HTTP API or a function URL. This is what it adds to a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Front<'a> {
    /// The API's or URL's id, which is in the host name.
    pub(crate) api: &'a str,
    /// The account id in the event.
    pub(crate) account: &'a str,
    /// The matched route, such as `GET /pets/{id}`.
    pub(crate) route_key: &'a str,
    /// The stage's name.
    pub(crate) stage: &'a str,
    /// The path as it was sent. It includes the stage if the client's path does.
    pub(crate) path: &'a str,
    /// The request's id.
    pub(crate) request_id: &'a str,
    /// The value of `X-Amzn-Trace-Id`.
    pub(crate) trace_id: &'a str,
    /// When the request arrived, in ms since the epoch.
    pub(crate) at_ms: i64,
}

/// The event in payload format 2.0.
pub(crate) fn event(request: &Request, front: &Front<'_>) -> Value {
    let (headers, cookies) = headers(request, front.trace_id);
    let mut parameters: Map<String, Value> = Map::new();
    for (name, value) in request.parameters() {
        match parameters.get_mut(&name) {
            Some(Value::String(joined)) => {
                joined.push(',');
                joined.push_str(&value);
            }
            _ => {
                parameters.insert(name, value.into());
            }
        }
    }
    let (body, is_base64) = body(request);
    // Still percent-encoded, because a decoded `%3F` would look like the start of the query.
    let path = front.path;
    let host = request.header("host").unwrap_or("").to_owned();
    let mut event = json!({
        "version": "2.0",
        "routeKey": front.route_key,
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": front.account,
            "apiId": front.api,
            "domainName": host,
            "domainPrefix": front.api,
            "http": {
                "method": request.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.peer.to_string(),
                "userAgent": request.header("user-agent").unwrap_or(""),
            },
            "requestId": front.request_id,
            "routeKey": front.route_key,
            "stage": front.stage,
            "time": log_time(front.at_ms),
            "timeEpoch": front.at_ms,
        },
        "isBase64Encoded": is_base64,
    });
    if !cookies.is_empty() {
        event["cookies"] = cookies.into();
    }
    if !parameters.is_empty() {
        event["queryStringParameters"] = parameters.into();
    }
    if let Some(body) = body {
        event["body"] = body.into();
    }
    event
}

/// The body as text for the event, and whether it is base64.
pub(super) fn body(request: &Request) -> (Option<String>, bool) {
    if request.body.is_empty() {
        return (None, false);
    }
    match std::str::from_utf8(&request.body).ok().filter(|_| is_text(request.header("content-type"))) {
        Some(text) => (Some(text.to_owned()), false),
        None => (Some(BASE64_STANDARD.encode(&request.body)), true),
    }
}

/// A time as in access logs: `12/Mar/2020:19:03:58 +0000`.
pub(crate) fn log_time(ms: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::{HeaderMap, Method};

    use super::*;

    #[test]
    fn the_event_is_the_documented_one() {
        let mut headers = HeaderMap::new();
        let given = [
            ("host", "id.lambda-url.us-east-1.localhost.localstack.cloud:4566"),
            ("content-type", "application/json"),
            ("accept", "a"),
            ("accept", "b"),
            ("cookie", "one=1; two=2"),
            ("connection", "keep-alive"),
            ("user-agent", "curl/8"),
        ];
        for (name, value) in given {
            headers.append(name, value.parse().unwrap());
        }
        let mut request = Request {
            method: Method::POST,
            path: "/users/me%3Fadmin=true".to_owned(),
            query: "p=1&p=2&q=a%20b".to_owned(),
            headers,
            body: Bytes::from_static(b"{}"),
            peer: [127, 0, 0, 1].into(),
        };
        let front = Front {
            api: "id",
            account: "000000000000",
            route_key: "$default",
            stage: "$default",
            path: "/users/me%3Fadmin=true",
            request_id: "the-request",
            trace_id: "Root=1-x",
            at_ms: 1_700_000_000_000,
        };
        let seen = event(&request, &front);
        let host = "id.lambda-url.us-east-1.localhost.localstack.cloud:4566";
        assert_eq!(
            seen,
            json!({
                "version": "2.0", "routeKey": "$default", "rawPath": "/users/me%3Fadmin=true",
                "rawQueryString": "p=1&p=2&q=a%20b", "cookies": ["one=1", "two=2"],
                "headers": {
                    "host": host, "content-type": "application/json", "accept": "a,b", "user-agent": "curl/8",
                    "x-amzn-trace-id": "Root=1-x", "x-forwarded-for": "127.0.0.1", "x-forwarded-port": "4566",
                    "x-forwarded-proto": "http",
                },
                "queryStringParameters": {"p": "1,2", "q": "a b"},
                "requestContext": {
                    "accountId": "000000000000", "apiId": "id", "domainName": host, "domainPrefix": "id",
                    "http": {"method": "POST", "path": "/users/me%3Fadmin=true", "protocol": "HTTP/1.1",
                        "sourceIp": "127.0.0.1", "userAgent": "curl/8"},
                    "requestId": "the-request", "routeKey": "$default", "stage": "$default",
                    "time": "14/Nov/2023:22:13:20 +0000", "timeEpoch": 1_700_000_000_000_i64,
                },
                "body": "{}", "isBase64Encoded": false,
            })
        );
        request.headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        let form = event(&request, &front);
        assert_eq!((&form["body"], &form["isBase64Encoded"]), (&json!("e30="), &json!(true)));
    }

    #[test]
    fn bodies_of_other_types_than_awss_text_types_are_base64() {
        let check = |kind: Option<&str>, expected: bool| assert_eq!(is_text(kind), expected, "{kind:?}");
        check(Some("text/html; charset=utf-8"), true);
        check(Some("Application/JSON"), true);
        check(Some("application/xml"), true);
        check(Some("multipart/form-data; boundary=x"), false);
        check(Some("application/x-www-form-urlencoded"), false);
        check(Some("application/octet-stream"), false);
        check(None, false);
    }
}
