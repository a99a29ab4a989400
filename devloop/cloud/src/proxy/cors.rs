//! CORS: which web pages of other sites may read the answers of an HTTP API or a function URL, whose settings are the same
//! [Configure CORS for HTTP APIs in API Gateway; Creating and managing Lambda function URLs].

use hyper::{HeaderMap, Method, header::HeaderValue};
use serde::{Deserialize, Serialize};

use crate::http::{Reply, Request};

const PREFIX: &str = "access-control-";

/// The settings. Their names are those of HTTP APIs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Cors {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) allow_credentials: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) allow_headers: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) allow_methods: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) allow_origins: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) expose_headers: Vec<String>,
    /// How long a browser may remember the answer to a preflight request, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_age: Option<i64>,
}

impl Cors {
    /// The answer to a preflight request, which no function sees; `None` for every other request.
    pub(crate) fn preflight(&self, request: &Request) -> Option<Reply> {
        let asks = request.method == Method::OPTIONS
            && request.header("origin").is_some()
            && request.header("access-control-request-method").is_some();
        if !asks {
            return None;
        }
        let mut reply = Reply::empty(204);
        let Some(origin) = self.allowed(request) else { return Some(reply) };
        self.mark(&mut reply.headers, &origin);
        for (name, values) in [
            ("access-control-allow-methods", &self.allow_methods),
            ("access-control-allow-headers", &self.allow_headers),
        ] {
            if !values.is_empty() {
                reply = reply.header(name, &values.join(","));
            }
        }
        if let Some(seconds) = self.max_age {
            reply = reply.header("access-control-max-age", &seconds.to_string());
        }
        Some(reply)
    }

    /// Replaces the CORS headers of a function's answer by these, as HTTP APIs do.
    pub(crate) fn replace(&self, request: &Request, mut reply: Reply) -> Reply {
        let given: Vec<_> =
            reply.headers.keys().filter(|name| name.as_str().starts_with(PREFIX)).cloned().collect();
        for name in given {
            reply.headers.remove(name);
        }
        self.add(request, reply)
    }

    /// Adds these CORS headers to a function's answer. Its own stay beside them, even those of the same name: only the answer to a
    /// preflight request has the settings' headers alone [Creating and managing Lambda function URLs: cross-origin resource
    /// sharing].
    pub(crate) fn add(&self, request: &Request, mut reply: Reply) -> Reply {
        if let Some(origin) = self.allowed(request) {
            self.mark(&mut reply.headers, &origin);
        }
        reply
    }

    /// Adds the headers that every answer to a page of the allowed `origin` has.
    fn mark(&self, headers: &mut HeaderMap, origin: &str) {
        let mut append = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.append(name, value);
            }
        };
        append("access-control-allow-origin", origin);
        if !self.expose_headers.is_empty() {
            append("access-control-expose-headers", &self.expose_headers.join(","));
        }
        if self.allow_credentials == Some(true) {
            append("access-control-allow-credentials", "true");
        }
        // The answer differs for each origin, so it must not be cached for another page.
        if origin != "*" {
            append("vary", "origin");
        }
    }

    /// The origin for the answer's headers: `*`, or the request's own origin if it is allowed.
    fn allowed(&self, request: &Request) -> Option<String> {
        let origin = request.header("origin")?;
        let fits = |allowed: &String| {
            allowed == origin
                || matches!(allowed.as_str(), "http://*" | "https://*")
                    && origin.starts_with(allowed.trim_end_matches('*'))
        };
        if self.allow_origins.iter().any(|allowed| allowed == "*") {
            return Some("*".to_owned());
        }
        self.allow_origins.iter().any(fits).then(|| origin.to_owned())
    }
}
