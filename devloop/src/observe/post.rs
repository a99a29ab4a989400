//! One message to an API.

use crate::observe::client::Client;

/// Posts a JSON body to the URL. The status and the answer's JSON; the error says why nobody answered.
pub(crate) async fn post(url: &str, body: String) -> Result<(u16, String), String> {
    let (endpoint, path) = match url.match_indices('/').nth(2) {
        Some((at, _)) => url.split_at(at),
        None => (url, "/"),
    };
    let answer = Client::new(endpoint).post(path, body).await?;
    Ok((answer.status, answer.body.map_or_else(String::new, |body| body.to_string())))
}
