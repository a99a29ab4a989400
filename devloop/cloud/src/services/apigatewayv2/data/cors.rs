//! CORS: what web pages of other sites may do [Configure CORS for HTTP APIs in API Gateway].

use hyper::{HeaderMap, Method, header::HeaderValue};

use crate::{
    http::{Reply, Request},
    services::apigatewayv2::settings::Cors,
};

const PREFIX: &str = "access-control-";

/// The gateway's own answer to a preflight request; `None` for every other request.
pub(super) fn preflight(cors: &Cors, request: &Request) -> Option<Reply> {
    let asks = request.method == Method::OPTIONS
        && request.header("origin").is_some()
        && request.header("access-control-request-method").is_some();
    if !asks {
        return None;
    }
    let mut reply = Reply::empty(204);
    let Some(origin) = allowed(cors, request) else { return Some(reply) };
    reply = reply.header("access-control-allow-origin", &origin);
    for (name, values) in [
        ("access-control-allow-methods", &cors.allow_methods),
        ("access-control-allow-headers", &cors.allow_headers),
        ("access-control-expose-headers", &cors.expose_headers),
    ] {
        if !values.is_empty() {
            reply = reply.header(name, &values.join(","));
        }
    }
    if let Some(seconds) = cors.max_age {
        reply = reply.header("access-control-max-age", &seconds.to_string());
    }
    Some(credentials(cors, reply))
}

/// Replaces the CORS headers of a function's answer by the API's own.
pub(super) fn mark(cors: &Cors, request: &Request, mut reply: Reply) -> Reply {
    let given: Vec<_> =
        reply.headers.keys().filter(|name| name.as_str().starts_with(PREFIX)).cloned().collect();
    for name in given {
        reply.headers.remove(name);
    }
    let Some(origin) = allowed(cors, request) else { return reply };
    reply = reply.header("access-control-allow-origin", &origin);
    if !cors.expose_headers.is_empty() {
        reply = reply.header("access-control-expose-headers", &cors.expose_headers.join(","));
    }
    if origin != "*" {
        vary(&mut reply.headers);
    }
    credentials(cors, reply)
}

fn credentials(cors: &Cors, reply: Reply) -> Reply {
    if cors.allow_credentials == Some(true) {
        reply.header("access-control-allow-credentials", "true")
    } else {
        reply
    }
}

/// Marks the answer as different for each origin, so that it is not cached for another page.
fn vary(headers: &mut HeaderMap) {
    headers.append("vary", HeaderValue::from_static("origin"));
}

/// The origin for the answer's headers: `*`, or the request's own origin if the API allows it.
fn allowed(cors: &Cors, request: &Request) -> Option<String> {
    let origin = request.header("origin")?;
    let fits = |allowed: &String| {
        allowed == origin
            || matches!(allowed.as_str(), "http://*" | "https://*")
                && origin.starts_with(allowed.trim_end_matches('*'))
    };
    if cors.allow_origins.iter().any(|allowed| allowed == "*") {
        return Some("*".to_owned());
    }
    cors.allow_origins.iter().any(fits).then(|| origin.to_owned())
}
