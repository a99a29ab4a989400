//! Turns a function's answer into an HTTP response [Output format of a Lambda function for proxy integration].

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use hyper::{
    HeaderMap,
    header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue},
};
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use super::media::MediaTypes;
use crate::{aside, http::Reply, proxy::OURS};

/// Why an answer cannot be turned into a response. This goes to the log; the client gets a 502.
#[derive(Debug, thiserror::Error)]
#[error("malformed proxy response: {0}")]
pub(super) struct Malformed(String);

/// The members that an answer may have; any other makes it malformed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Answer {
    status_code: Option<Value>,
    headers: Option<IndexMap<String, Text>>,
    multi_value_headers: Option<IndexMap<String, Vec<Text>>>,
    body: Option<String>,
    is_base64_encoded: Option<bool>,
}

/// A header's value.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Plain(String),
    Flag(bool),
}

impl Text {
    fn as_str(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Flag(true) => "true",
            Self::Flag(false) => "false",
        }
    }
}

/// Headers that the gateway sets itself. A function's headers of these names are renamed [Amazon API Gateway important
/// notes].
const REMAPPED: [&str; 5] = ["connection", "content-length", "date", "server", "www-authenticate"];

/// Reads a function's answer to a request with these headers.
pub(super) fn read(payload: &[u8], request: &HeaderMap, binary: &MediaTypes) -> Result<Reply, Malformed> {
    // Without this check an array would be read as the list of the struct's fields.
    if payload.trim_ascii_start().first() != Some(&b'{') {
        return Err(Malformed("it is no JSON object".to_owned()));
    }
    let answer: Answer = aside::from_json(payload).map_err(|error| Malformed(error.to_string()))?;
    let status = status(answer.status_code.as_ref())?;
    let headers =
        headers(&answer.headers.unwrap_or_default(), &answer.multi_value_headers.unwrap_or_default())?;
    let text = answer.body.unwrap_or_default();
    let body = if answer.is_base64_encoded == Some(true) && is_binary(request, &headers, binary) {
        Bytes::from(
            BASE64.decode(&text).map_err(|error| Malformed(format!("the body is no base64: {error}")))?,
        )
    } else {
        Bytes::from(text)
    };
    Ok(Reply { status, headers, body, stream: None })
}

fn status(given: Option<&Value>) -> Result<u16, Malformed> {
    let number = match given {
        None => Some(200),
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) => text.parse().ok(),
        Some(_) => None,
    };
    // After an informational status (1xx) the client would wait for a final one.
    number
        .and_then(|number| u16::try_from(number).ok())
        .filter(|status| (200..=599).contains(status))
        .ok_or_else(|| Malformed(format!("{} is no HTTP status", given.unwrap_or(&Value::Null))))
}

/// Joins both maps. The values of the multi-value map come first, and a pair that is in both maps counts once.
fn headers(
    single: &IndexMap<String, Text>,
    multi: &IndexMap<String, Vec<Text>>,
) -> Result<HeaderMap, Malformed> {
    let mut out = HeaderMap::with_capacity(single.len() + multi.len() + 1);
    let several = multi.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    for (name, value) in several {
        append(&mut out, name, value.as_str())?;
    }
    for (name, value) in single {
        let both = multi.iter().any(|(other, values)| {
            other.eq_ignore_ascii_case(name) && values.iter().any(|known| known.as_str() == value.as_str())
        });
        if !both {
            append(&mut out, name, value.as_str())?;
        }
    }
    if !out.contains_key(CONTENT_TYPE) {
        out.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(out)
}

fn append(out: &mut HeaderMap, name: &str, value: &str) -> Result<(), Malformed> {
    let lower = name.to_ascii_lowercase();
    let name = if REMAPPED.contains(&lower.as_str()) { format!("x-amzn-remapped-{lower}") } else { lower };
    let invalid =
        |what: &str| Malformed(format!("{what} of the header `{name}` is not one that HTTP allows"));
    let header = HeaderName::try_from(name.as_str()).map_err(|_| invalid("the name"))?;
    let value = HeaderValue::from_str(value).map_err(|_| invalid("the value"))?;
    if !OURS.contains(&header.as_str()) {
        out.append(header, value);
    }
    Ok(())
}

fn is_binary(request: &HeaderMap, response: &HeaderMap, binary: &MediaTypes) -> bool {
    let text = |headers: &HeaderMap, name| {
        headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok().map(str::to_owned))
    };
    binary.contains(text(request, ACCEPT).as_deref())
        || binary.contains(text(response, CONTENT_TYPE).as_deref())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Status, headers in their order, and body.
    type Response = (u16, Vec<(String, String)>, Bytes);

    fn read_with(answer: &Value, accept: &'static str, binary: &[&str]) -> Option<Response> {
        let mut request = HeaderMap::new();
        request.insert(ACCEPT, HeaderValue::from_static(accept));
        let binary: Vec<String> = binary.iter().map(|&kind| kind.to_owned()).collect();
        let reply = read(answer.to_string().as_bytes(), &request, &MediaTypes::new(&binary)).ok()?;
        let headers =
            reply.headers.iter().map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned())).collect();
        Some((reply.status, headers, reply.body))
    }

    #[test]
    fn answers_become_responses() {
        let check = |answer: Value, status: u16, headers: &[(&str, &str)], body: &str| {
            let expected: Vec<(String, String)> =
                headers.iter().map(|&(n, v)| (n.to_owned(), v.to_owned())).collect();
            assert_eq!(
                read_with(&answer, "*/*", &[]),
                Some((status, expected, Bytes::copy_from_slice(body.as_bytes()))),
                "{answer}"
            );
        };
        let json_type = ("content-type", "application/json");
        check(json!({}), 200, &[json_type], "");
        check(
            json!({"statusCode": 201, "body": "{\"message\":\"success\"}"}),
            201,
            &[json_type],
            "{\"message\":\"success\"}",
        );
        check(json!({"statusCode": "404", "headers": null, "body": null}), 404, &[json_type], "");
        check(
            json!({"headers": {"Content-Type": "text/plain", "X-Flag": true}}),
            200,
            &[("content-type", "text/plain"), ("x-flag", "true")],
            "",
        );
        check(
            json!({"headers": {"x-a": "1", "X-B": "2"}, "multiValueHeaders": {"X-A": ["3", "1"], "X-C": ["4"]}}),
            200,
            &[("x-a", "3"), ("x-a", "1"), ("x-c", "4"), ("x-b", "2"), json_type],
            "",
        );
        check(
            json!({"headers": {"Content-Length": "7", "Transfer-Encoding": "chunked"}, "body": "abc"}),
            200,
            &[("x-amzn-remapped-content-length", "7"), json_type],
            "abc",
        );
        check(json!({"isBase64Encoded": true, "body": "AP8="}), 200, &[json_type], "AP8=");
    }

    #[test]
    fn base64_is_decoded_when_the_response_is_of_a_binary_type() {
        let png = json!({"isBase64Encoded": true, "body": "AP8=", "headers": {"content-type": "image/png"}});
        let body = |accept, binary: &[&str]| read_with(&png, accept, binary).map(|(_, _, body)| body);
        let (raw, text) = (Bytes::from_static(b"\x00\xff"), Bytes::from_static(b"AP8="));
        assert_eq!(body("*/*", &["image/png"]), Some(raw.clone()));
        assert_eq!(body("image/webp", &["image/webp"]), Some(raw.clone()));
        assert_eq!(body("*/*", &["*/*"]), Some(raw));
        assert_eq!(body("*/*", &["image/gif"]), Some(text));
        assert_eq!(read_with(&json!({"isBase64Encoded": true, "body": "%"}), "a/b", &["*/*"]), None);
    }

    #[test]
    fn anything_else_is_malformed() {
        let check = |payload: &str| {
            let outcome = read(payload.as_bytes(), &HeaderMap::new(), &MediaTypes::new(&[]));
            assert!(outcome.is_err(), "{payload}");
        };
        check("");
        check("null");
        check("\"text\"");
        check("[200]");
        check("{\"statusCode\":200");
        check(r#"{"statusCode":200,"message":"x"}"#);
        check(r#"{"statusCode":"abc"}"#);
        check(r#"{"statusCode":true}"#);
        check(r#"{"statusCode":99}"#);
        check(r#"{"statusCode":100}"#);
        check(r#"{"statusCode":600}"#);
        check(r#"{"headers":{"a":1}}"#);
        check(r#"{"headers":{"a":["b"]}}"#);
        check(r#"{"headers":{"a":"line\nbreak"}}"#);
        check(r#"{"headers":{"a b":"c"}}"#);
        check(r#"{"multiValueHeaders":{"a":"b"}}"#);
        check(r#"{"body":{"a":1}}"#);
        check(r#"{"isBase64Encoded":"yes"}"#);
        check(r#"{"errorMessage":"boom","errorType":"Error"}"#);
    }
}
