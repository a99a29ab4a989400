//! Turns a function's answer into an HTTP response.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::{aside, http::Reply};

/// Headers about the connection or the framing of the body. The cloud sets them itself and ignores a function's values [RFC
/// 9110, sections 7.6.1 and 8.6].
pub(crate) const OURS: [&str; 9] = [
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

/// The reply of a function that answers in payload format 2.0. An object with a `statusCode` describes the reply, a text is
/// its body, anything else is its JSON body. `None` when the described reply cannot be sent.
pub(crate) fn answer(payload: &[u8]) -> Option<Reply> {
    let members = match aside::from_json::<Value>(payload) {
        Ok(Value::Object(members)) if members.contains_key("statusCode") => members,
        Ok(Value::String(text)) => return Some(Reply::new(200, "application/json", text)),
        _ => return Some(Reply::new(200, "application/json", payload.to_vec())),
    };
    described(&members)
}

/// The reply of a function that answers in payload format 1.0, which always describes a reply and may give a header several
/// values. `None` when the described reply cannot be sent.
pub(crate) fn first_answer(payload: &[u8]) -> Option<Reply> {
    let Ok(Value::Object(members)) = aside::from_json::<Value>(payload) else { return None };
    let mut reply = described(&members)?;
    for (name, values) in members.get("multiValueHeaders").and_then(Value::as_object).into_iter().flatten() {
        if OURS.contains(&name.to_ascii_lowercase().as_str()) {
            continue;
        }
        let name = name.parse::<HeaderName>().ok()?;
        reply.headers.remove(&name);
        for value in values.as_array()? {
            reply.headers.append(&name, HeaderValue::from_str(value.as_str()?).ok()?);
        }
    }
    Some(reply)
}

fn described(members: &Map<String, Value>) -> Option<Reply> {
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
    use serde_json::json;

    use super::*;

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
    fn format_1_allows_several_values_for_a_header_and_needs_a_status() {
        let described = json!({
            "statusCode": 200, "body": "x", "headers": {"x-a": "1", "x-b": "1"}, "multiValueHeaders": {"X-B": ["2", "3"]},
        });
        let reply = first_answer(described.to_string().as_bytes()).unwrap();
        let values: Vec<_> =
            reply.headers.get_all("x-b").iter().map(|value| value.to_str().unwrap()).collect();
        assert_eq!((values, &reply.headers["x-a"]), (vec!["2", "3"], &HeaderValue::from_static("1")));
        for payload in ["{}", "\"text\"", "null"] {
            assert!(first_answer(payload.as_bytes()).is_none(), "{payload}");
        }
    }

    #[test]
    fn invalid_replies_are_refused_and_framing_headers_are_ignored() {
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
}
