//! Sends one request to an API.

use hyper::Method;

use crate::aws::{Call, Client, Endpoints, Keys, Trust};
use crate::observe::BOUNDS;

/// Sends a request to the URL. Returns the status and the answer's JSON; the error says why there was no answer.
pub(crate) async fn request(
    (method, url): (&str, &str),
    headers: &[(String, String)],
    body: String,
    trust: Trust,
) -> Result<(u16, String), String> {
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| format!("{method} is no method"))?;
    let (endpoint, path) = match url.match_indices('/').nth(2) {
        Some((at, _)) => url.split_at(at),
        None => (url, "/"),
    };
    let client = Client::new(Endpoints::one(endpoint), Keys::default(), trust, BOUNDS);
    let call = Call::request(method, path, body);
    let call = headers.iter().fold(call, |call, (name, value)| call.with_header(name, value));
    // The region is empty, because the request is not signed.
    let answer = client.send("", &call).await?;
    Ok((answer.status, answer.json().map_or_else(|_| String::new(), |body| body.to_string())))
}
