//! Cross-origin requests of browsers, checked with a bucket's CORS rules [Using cross-origin resource sharing].

use hyper::Method;
use serde_json::Value;

use super::{
    address::Address,
    document::items,
    error::{self, refused},
    service::S3,
};
use crate::http::{Reply, Request};

impl S3 {
    /// The bucket's rule for an origin, a method and the headers that a page wants to send.
    fn cors_rule(&self, address: &Address, origin: &str, method: &str, headers: &[String]) -> Option<Value> {
        let bucket = self.bucket(address.bucket.as_deref()?).ok()?;
        let settings = bucket.settings.read();
        let rules = items(settings.get("cors")?, "CORSRule");
        let fits = |rule: &&&Value| {
            let any = |name: &str, wanted: &str| {
                items(rule, name)
                    .iter()
                    .filter_map(|value| value.as_str())
                    .any(|value| matches(value, wanted))
            };
            let allows_header = |wanted: &String| {
                let allowed = items(rule, "AllowedHeader");
                allowed
                    .iter()
                    .filter_map(|one| one.as_str())
                    .any(|one| matches(&one.to_ascii_lowercase(), wanted))
            };
            any("AllowedOrigin", origin) && any("AllowedMethod", method) && headers.iter().all(allows_header)
        };
        rules.iter().find(fits).map(|rule| Value::clone(rule))
    }

    /// The answer to a preflight request; `None` for every other request.
    pub(super) fn preflight(&self, request: &Request, address: &Address) -> Option<Reply> {
        if request.method != Method::OPTIONS {
            return None;
        }
        let origin = request.header("origin").unwrap_or_default();
        let method = request.header("access-control-request-method").unwrap_or_default();
        let headers = request.header("access-control-request-headers").unwrap_or_default();
        let headers: Vec<String> = headers
            .split(',')
            .map(|name| name.trim().to_ascii_lowercase())
            .filter(|name| !name.is_empty())
            .collect();
        let Some(rule) = self.cors_rule(address, origin, method, &headers) else {
            let error = refused(
                403,
                "AccessForbidden",
                "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
            );
            return Some(Reply::new(403, "application/xml", error::body(&error)));
        };
        let mut reply = allowed(Reply::empty(200), &rule, origin);
        if !headers.is_empty() {
            reply = reply.header("access-control-allow-headers", &headers.join(", "));
        }
        if let Some(seconds) = rule["MaxAgeSeconds"].as_str() {
            reply = reply.header("access-control-max-age", seconds);
        }
        Some(reply)
    }

    /// Adds the CORS headers that a page of another origin needs to read the answer.
    pub(super) fn with_cors(&self, reply: Reply, request: &Request, address: &Address) -> Reply {
        let Some(origin) = request.header("origin").filter(|_| request.method != Method::OPTIONS) else {
            return reply;
        };
        match self.cors_rule(address, origin, request.method.as_str(), &[]) {
            Some(rule) => allowed(reply, &rule, origin),
            None => reply,
        }
    }
}

fn allowed(reply: Reply, rule: &Value, origin: &str) -> Reply {
    let list = |name: &str| {
        let texts: Vec<&str> = items(rule, name).iter().filter_map(|value| value.as_str()).collect();
        texts.join(", ")
    };
    let everybody = items(rule, "AllowedOrigin").iter().any(|value| *value == "*");
    let mut reply = reply
        .header("access-control-allow-origin", if everybody { "*" } else { origin })
        .header("access-control-allow-methods", &list("AllowedMethod"))
        .header("vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
    let exposed = list("ExposeHeader");
    if !exposed.is_empty() {
        reply = reply.header("access-control-expose-headers", &exposed);
    }
    if everybody { reply } else { reply.header("access-control-allow-credentials", "true") }
}

/// Whether a text matches a pattern with at most one `*`.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}
