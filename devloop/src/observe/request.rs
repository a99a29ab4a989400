//! Sends one request to an API.

use crate::aws::{Call, Client, Endpoints, Keys, Trust};
use crate::observe::BOUNDS;

/// Posts a JSON body to the URL; without a body, gets it. Returns the status and the answer's JSON; the error says why there was
/// no answer.
pub(crate) async fn request(url: &str, body: Option<String>, trust: Trust) -> Result<(u16, String), String> {
    let (endpoint, path) = match url.match_indices('/').nth(2) {
        Some((at, _)) => url.split_at(at),
        None => (url, "/"),
    };
    let client = Client::new(Endpoints::one(endpoint), Keys::default(), trust, BOUNDS);
    let call = body.map_or_else(|| Call::page(path), |body| Call::post(path, body));
    // The region is empty, because the request is not signed.
    let answer = client.send("", &call).await?;
    Ok((answer.status, answer.json().map_or_else(|_| String::new(), |body| body.to_string())))
}
