//! Requests and replies as the services see them, mostly free of the HTTP library's types.

mod body;
mod unpack;

use std::borrow::Cow;

use bytes::Bytes;
use hyper::{
    HeaderMap, Method,
    header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue},
};
use serde_json::Value;

use crate::error::ApiError;
#[cfg(test)]
pub(crate) use body::stalled_after;
pub(crate) use body::{Arriving, Bodies, Pieces, Share, Streamed};

/// A request, with its body if that was read already.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The path as it was sent, still percent-encoded.
    pub(crate) path: String,
    /// The query string as it was sent, without the question mark.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The client's address.
    pub(crate) peer: std::net::IpAddr,
}

impl Request {
    /// The path's segments, percent-decoded.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect()
    }

    /// The query's parameters in order, decoded.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        self.query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decode_form(name), decode_form(value)))
            .collect()
    }

    /// The last value of one query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.parameters().into_iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// A header's value when it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The name in the Host header, in lower case and without a port.
    pub(crate) fn host(&self) -> Cow<'_, str> {
        let host = self.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let name = host_name(host);
        // Several services ask for every request, and nearly every client writes lower case.
        if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            name.to_ascii_lowercase().into()
        } else {
            name.into()
        }
    }
}

/// A host without its port: `[::1]:80` and `localhost:80` lose the `:80`.
pub(crate) fn host_name(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, _)) => inside,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    }
}

/// Whether a host name or address means this machine.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    loopback || host == "localhost" || host.ends_with(".localhost")
}

/// Decodes `%xx`; malformed escapes stay as they are.
pub(crate) fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Encodes everything but letters, digits and `-._~` as `%xx`.
pub(crate) fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, UNRESERVED).to_string()
}

/// The characters that RFC 3986 leaves as they are.
const UNRESERVED: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Decodes `%xx` and `+`, as forms and query strings are written.
pub(crate) fn decode_form(text: &str) -> String {
    if text.contains('+') { decode(&text.replace('+', " ")) } else { decode(text) }
}

/// A reply, with its body in memory or as a stream.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Empty when the body is a stream.
    pub(crate) body: Bytes,
    /// A body that is written while it is made, or too large for memory.
    pub(crate) stream: Option<Streamed>,
}

impl Reply {
    /// A reply without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), stream: None }
    }

    /// A reply with a body of the given media type.
    pub(crate) fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers, body: body.into(), stream: None }
    }

    /// A reply with a JSON document.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// An error in the form of the REST services with JSON bodies.
    pub(crate) fn error(error: &ApiError) -> Self {
        let mut body = error.details.clone();
        body.insert("Type".to_owned(), if error.is_client_fault() { "User" } else { "Service" }.into());
        body.insert("message".to_owned(), error.message.clone().into());
        body.insert("Message".to_owned(), error.message.clone().into());
        Self::json(error.status, &Value::Object(body)).header("x-amzn-errortype", &error.code)
    }

    /// Adds a header; a value that HTTP cannot carry is left out.
    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_and_broken_ones_kept() {
        let check = |text: &str, expected: &str| assert_eq!(decode(text), expected, "{text}");
        check("a%20b", "a b");
        check("100%", "100%");
        check("%zz%4", "%zz%4");
        check("%C3%A9", "é");
        check("a+b", "a+b");
        assert_eq!(decode_form("a+b%2B"), "a b+");
    }
}
