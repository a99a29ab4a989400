//! A request to a service, whichever of AWS's protocols it speaks, and the answer.

use std::borrow::Cow;

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use serde_json::Value;

use crate::aws::{ApiError, encoded};

/// A request that has no signature yet.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    /// The service, named as in AWS's URLs. `None` asks a page of the endpoint itself, which is not signed.
    pub(super) service: Option<&'a str>,
    pub(super) method: Method,
    /// The path with its query, encoded.
    pub(super) path: Cow<'a, str>,
    /// The headers that do not belong to the signature.
    pub(super) headers: Vec<(&'a str, Cow<'a, str>)>,
    pub(super) body: Bytes,
}

impl<'a> Call<'a> {
    /// A page of the endpoint itself, which belongs to no service.
    pub(crate) fn page(path: &'a str) -> Self {
        let (headers, body) = (Vec::new(), Bytes::new());
        Self { service: None, method: Method::GET, path: Cow::Borrowed(path), headers, body }
    }

    /// A JSON document posted to a page of the endpoint.
    pub(crate) fn post(path: &'a str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type", Cow::Borrowed("application/json"))];
        Self { method: Method::POST, headers, body: body.into(), ..Self::page(path) }
    }

    /// A request with this method and body to a page of the endpoint.
    pub(crate) fn request(method: Method, path: &'a str, body: String) -> Self {
        Self { method, body: body.into(), ..Self::page(path) }
    }

    /// A page of a service with a REST API.
    pub(crate) fn rest(service: &'a str, path: &'a str) -> Self {
        Self { service: Some(service), ..Self::page(path) }
    }

    /// A document put to a service with a REST API.
    pub(crate) fn put(service: &'a str, path: &'a str, input: &Value) -> Self {
        Self { service: Some(service), method: Method::PUT, ..Self::post(path, input.to_string()) }
    }

    /// A body for a page of a service with a REST API, such as a function's event.
    pub(crate) fn body(service: &'a str, method: Method, path: &'a str, body: String) -> Self {
        Self { service: Some(service), method, ..Self::post(path, body) }
    }

    /// Asks whether a page of a service with a REST API is there.
    pub(crate) fn head(service: &'a str, path: &'a str) -> Self {
        Self { service: Some(service), method: Method::HEAD, ..Self::page(path) }
    }

    /// Stores an object of S3 at `/BUCKET/KEY`; `kind` is its content type.
    pub(crate) fn object(path: &'a str, kind: &'a str, body: Bytes) -> Self {
        let headers = vec![("content-type", Cow::Borrowed(kind))];
        Self { service: Some("s3"), method: Method::PUT, headers, body, ..Self::page(path) }
    }

    /// Adds a header.
    pub(crate) fn with_header(mut self, name: &'a str, value: impl Into<Cow<'a, str>>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// An operation of a service that speaks AWS's JSON protocol, named as in `Logs_20140328.FilterLogEvents`.
    pub(crate) fn json(service: &'a str, target: &'a str, input: &Value) -> Self {
        let version = if ["logs", "kinesis"].contains(&service) { "1.1" } else { "1.0" };
        let kind = Cow::Owned(format!("application/x-amz-json-{version}"));
        let headers = vec![("content-type", kind), ("x-amz-target", Cow::Borrowed(target))];
        Self { service: Some(service), headers, ..Self::post("/", input.to_string()) }
    }

    /// An operation of a service that speaks AWS's query protocol.
    pub(crate) fn query(service: &'a str, version: &str, action: &str, parameters: &[(&str, &str)]) -> Self {
        let parameters = parameters.iter().map(|(name, value)| format!("&{name}={}", encoded(value)));
        let body = format!("Action={action}&Version={version}{}", parameters.collect::<String>());
        let headers = vec![("content-type", Cow::Borrowed("application/x-www-form-urlencoded"))];
        Self { service: Some(service), headers, ..Self::post("/", body) }
    }
}

/// An answer, which may be a refusal.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Result<Value, ApiError> {
        serde_json::from_slice(&self.body).map_err(|error| ApiError::Unreadable(error.to_string()))
    }

    /// The JSON of a successful answer; otherwise an error sentence that begins with `what`.
    pub(crate) fn document(&self, what: &str) -> Result<Value, String> {
        let body = self.json().unwrap_or_default();
        if self.status == 200 {
            return Ok(body);
        }
        let reason = ["message", "Message", "__type"].iter().find_map(|name| body[*name].as_str());
        Err(format!("{what} answers {}: {}", self.status, reason.unwrap_or("no reason given")))
    }

    /// Whether the answer has `LocalStack`'s header.
    pub(crate) fn is_localstack(&self) -> bool {
        self.headers.get("x-localstack").is_some_and(|value| value == "true")
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::HeaderMap;

    use super::{Answer, Call};

    #[test]
    fn a_query_encodes_its_values() {
        let call = Call::query("cloudformation", "2010-05-15", "DescribeStacks", &[("StackName", "a&b")]);
        assert_eq!(call.body, "Action=DescribeStacks&Version=2010-05-15&StackName=a%26b");
    }

    #[test]
    fn a_refusal_is_a_sentence_about_what_was_asked() {
        let check = |status, body: &'static str, expected: Result<&str, &str>| {
            let answer =
                Answer { status, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()) };
            let read = answer.document("SQS").map(|body| body.to_string());
            assert_eq!(read.as_deref().map_err(String::as_str), expected);
        };
        check(200, r#"{"a":1}"#, Ok(r#"{"a":1}"#));
        check(400, r#"{"Message":"no"}"#, Err("SQS answers 400: no"));
        check(502, "<html>", Err("SQS answers 502: no reason given"));
    }
}
