//! Function URLs: HTTP in, an event in payload format 2.0 to the function, its answer back
//! [Invoking Lambda function URLs, Request and response payloads].

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

use super::{function::Function, invoke::trace_id, service::Lambda};
use crate::{
    context::Context,
    functions::Invocation,
    http::{Reply, Request},
};

/// The largest event and answer, in bytes [Lambda quotas: invocation payload].
const PAYLOAD_LIMIT: usize = 6_291_456;

/// Headers about the connection or the framing of the body: the cloud's own, whatever a function says
/// [RFC 9110, sections 7.6.1 and 8.6].
const OURS: [&str; 9] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Lambda {
    /// A request to a function's URL.
    pub(crate) async fn function_url(&self, cx: &Context, id: &str, request: Request) -> Reply {
        let Some(function) = self.by_url(id) else {
            return Reply::json(403, &json!({ "Message": null }))
                .header("x-amzn-errortype", "AccessDeniedException");
        };
        let context = Context { region: Arc::clone(&function.region), ..cx.clone() };
        let trace_id = request.header("x-amzn-trace-id").map_or_else(trace_id, str::to_owned);
        let event = event(cx, id, &request, &trace_id, self.clock.now_ms()).to_string();
        if event.len() > PAYLOAD_LIMIT {
            return Reply::json(413, &json!({ "Message": "Request Entity Too Large" }))
                .header("x-amzn-errortype", "RequestEntityTooLargeException");
        }
        let invocation = Invocation {
            payload: event.into(),
            trace_id: Some(trace_id),
            request_id: Some(cx.request_id.to_string()),
            ..Invocation::default()
        };
        let reply = match self.invoke(&context, &function.name, invocation).await {
            Ok(outcome) if outcome.function_error.is_none() => answer(&outcome.payload),
            // What the function said of its failure is for its log, not for the public.
            Ok(_) => None,
            Err(error) => return Reply::json(error.status, &json!({ "Message": error.message })),
        };
        reply.unwrap_or_else(|| Reply::json(502, &json!({ "Message": "Internal Server Error" })))
    }

    fn by_url(&self, id: &str) -> Option<Arc<Function>> {
        self.regions.all().into_iter().find_map(|(_, functions)| {
            let functions = functions.read();
            let found = functions
                .values()
                .find(|function| function.state.read().url.as_ref().is_some_and(|url| url.id == id));
            found.cloned()
        })
    }
}

/// Whether a body of this type is text in the event; every other one is base64, a form's too [Working with binary media types
/// for HTTP APIs, whose payload format function URLs share].
fn is_text(content_type: Option<&str>) -> bool {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    kind.starts_with("text/")
        || matches!(kind.as_str(), "application/json" | "application/xml" | "application/javascript")
}

/// The client's headers in lower case, values of one name joined, and what AWS's front adds to them; and the cookies.
fn headers(request: &Request, trace_id: &str) -> (Map<String, Value>, Vec<Value>) {
    let mut headers: Map<String, Value> = Map::new();
    let mut cookies = Vec::new();
    for (name, value) in &request.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        // The gateway has unpacked the body already.
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

/// The event in payload format 2.0.
fn event(cx: &Context, id: &str, request: &Request, trace_id: &str, now_ms: i64) -> Value {
    let (headers, cookies) = headers(request, trace_id);
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
    let text = std::str::from_utf8(&request.body).ok().filter(|_| is_text(request.header("content-type")));
    // As it was sent: a decoded `%3F` would look like the beginning of a query.
    let path = &request.path;
    let host = request.header("host").unwrap_or("").to_owned();
    let time = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": id,
            "domainName": host,
            "domainPrefix": id,
            "http": {
                "method": request.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.peer.to_string(),
                "userAgent": request.header("user-agent").unwrap_or(""),
            },
            "requestId": &*cx.request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now_ms,
        },
        "isBase64Encoded": !request.body.is_empty() && text.is_none(),
    });
    if !cookies.is_empty() {
        event["cookies"] = cookies.into();
    }
    if !parameters.is_empty() {
        event["queryStringParameters"] = parameters.into();
    }
    if !request.body.is_empty() {
        event["body"] = text.map_or_else(|| BASE64_STANDARD.encode(&request.body), str::to_owned).into();
    }
    event
}

/// The function's answer: an object with a `statusCode` is a description of the reply, a text is its body, anything else is its
/// JSON body. `None` when it describes no reply that could be sent.
fn answer(payload: &[u8]) -> Option<Reply> {
    let members = match serde_json::from_slice::<Value>(payload) {
        Ok(Value::Object(members)) if members.contains_key("statusCode") => members,
        Ok(Value::String(text)) => return Some(Reply::new(200, "application/json", text)),
        _ => return Some(Reply::new(200, "application/json", payload.to_vec())),
    };
    let status = match members.get("statusCode")? {
        Value::String(text) => text.parse().ok()?,
        number => number.as_u64()?,
    };
    let status = u16::try_from(status).ok().filter(|status| (200..600).contains(status))?;
    let body = match members.get("body") {
        Some(Value::String(text)) if members.get("isBase64Encoded") == Some(&Value::Bool(true)) => {
            BASE64_STANDARD.decode(text).ok()?
        }
        Some(Value::String(text)) => text.clone().into_bytes(),
        Some(Value::Null) | None => Vec::new(),
        Some(other) => other.to_string().into_bytes(),
    };
    let mut reply = Reply::new(status, "application/json", body);
    for (name, value) in members.get("headers").and_then(Value::as_object).into_iter().flatten() {
        if OURS.contains(&name.to_ascii_lowercase().as_str()) {
            continue;
        }
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        reply.headers.insert(name.parse::<HeaderName>().ok()?, HeaderValue::from_str(&value).ok()?);
    }
    for cookie in members.get("cookies").and_then(Value::as_array).into_iter().flatten() {
        reply.headers.append("set-cookie", HeaderValue::from_str(cookie.as_str()?).ok()?);
    }
    Some(reply)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::{HeaderMap, Method};

    use super::*;
    use crate::context::Home;

    #[test]
    fn answers_with_a_status_describe_the_reply_and_others_are_the_body() {
        let check = |payload: Value, status: u16, kind: &str, body: &str| {
            let reply = answer(payload.to_string().as_bytes()).unwrap();
            let content_type = reply.headers["content-type"].to_str().unwrap();
            assert_eq!(
                (reply.status, content_type, &reply.body[..]),
                (status, kind, body.as_bytes()),
                "{payload}"
            );
        };
        check(
            json!({"statusCode": 201, "headers": {"Content-Type": "text/plain"}, "body": "x"}),
            201,
            "text/plain",
            "x",
        );
        check(
            json!({"statusCode": 200, "body": "aGk=", "isBase64Encoded": true}),
            200,
            "application/json",
            "hi",
        );
        check(json!({"statusCode": "404"}), 404, "application/json", "");
        check(json!({"a": 1}), 200, "application/json", "{\"a\":1}");
        check(json!("text"), 200, "application/json", "text");
    }

    #[test]
    fn what_is_no_reply_is_refused_and_framing_is_ours() {
        for payload in [
            json!({"statusCode": 42}),
            json!({"statusCode": 101}),
            json!({"statusCode": 1000}),
            json!({"statusCode": "many"}),
            json!({"statusCode": null}),
            json!({"statusCode": 200, "headers": {"a b": "x"}}),
            json!({"statusCode": 200, "headers": {"x": "a\r\nb: c"}}),
            json!({"statusCode": 200, "body": "?", "isBase64Encoded": true}),
        ] {
            assert!(answer(payload.to_string().as_bytes()).is_none(), "{payload}");
        }
        let framed = json!({
            "statusCode": 200, "body": "x",
            "headers": {"Content-Length": "0", "Transfer-Encoding": "chunked", "Connection": "close", "x-own": "kept"},
        });
        let reply = answer(framed.to_string().as_bytes()).unwrap();
        let names: Vec<_> = reply.headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["content-type", "x-own"]);
    }

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
        let cx = Home::new("000000000000", "us-east-1").context("us-east-1");
        let seen = event(&cx, "id", &request, "Root=1-x", 1_700_000_000_000);
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
                    "accountId": "anonymous", "apiId": "id", "domainName": host, "domainPrefix": "id",
                    "http": {"method": "POST", "path": "/users/me%3Fadmin=true", "protocol": "HTTP/1.1",
                        "sourceIp": "127.0.0.1", "userAgent": "curl/8"},
                    "requestId": &*cx.request_id, "routeKey": "$default", "stage": "$default",
                    "time": "14/Nov/2023:22:13:20 +0000", "timeEpoch": 1_700_000_000_000_i64,
                },
                "body": "{}", "isBase64Encoded": false,
            })
        );
        request.headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
        let form = event(&cx, "id", &request, "Root=1-x", 0);
        assert_eq!((&form["body"], &form["isBase64Encoded"]), (&json!("e30="), &json!(true)));
    }

    #[test]
    fn only_awss_text_types_are_text() {
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
