//! Sends the request of one line, with retries.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Uri, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::json;

use crate::{
    answer::{Answer, message},
    discover::Api,
};

/// The wait before the second try; each further one is twice as long, up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The longest that one try may take: longer than an API gateway waits for its function.
const PATIENCE: Duration = Duration::from_secs(35);

/// A client for HTTP and HTTPS.
pub(crate) type Http = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A client that trusts the machine's root certificates.
pub(crate) fn http() -> anyhow::Result<Http> {
    let connector = HttpsConnectorBuilder::new()
        .with_native_roots()
        .context("the machine's root certificates cannot be read")?
        .https_or_http()
        .enable_http1()
        .build();
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}

/// Sends lines to one API.
#[derive(Debug, Clone)]
pub(crate) struct Sender {
    client: Http,
    uri: Uri,
    key: Option<String>,
    retries: u32,
    /// Distinguishes the keys of this run from those of every other.
    run: String,
}

impl Sender {
    pub(crate) fn new(client: Http, api: Api, retries: u32) -> anyhow::Result<Self> {
        let uri: Uri = api.endpoint.parse().context("the endpoint is no URL")?;
        anyhow::ensure!(uri.host().is_some(), "the endpoint {} names no host", api.endpoint);
        let random = || RandomState::new().build_hasher().finish();
        let run = format!("{:016x}{:016x}", random(), random());
        Ok(Self { client, uri, key: api.key, retries, run })
    }

    /// Sends one line until its answer is final. All tries have the same idempotency key: one whose answer was lost, or came too late, may
    /// have been stored.
    pub(crate) async fn send(&self, line: usize, word: &str) -> Answer {
        let began = Instant::now();
        let body = Bytes::from(json!({ "data": word }).to_string());
        let once = format!("{}-{line}", self.run);
        let mut tries = 0;
        let mut wait = FIRST_WAIT;
        loop {
            tries += 1;
            let (status, message) = match tokio::time::timeout(PATIENCE, self.once(body.clone(), &once)).await
            {
                Ok(Ok((status, message))) => (Some(status), message),
                Ok(Err(error)) => (None, format!("no answer: {error:#}")),
                Err(_) => (None, format!("no answer within {} s", PATIENCE.as_secs())),
            };
            let again = status.is_none_or(|status| status == 429 || status >= 500);
            // A used-up quota does not come back within seconds.
            if !again || message == "Limit Exceeded" || tries > self.retries {
                return Answer { line, status, message, tries, took: began.elapsed() };
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    async fn once(&self, body: Bytes, idempotency_key: &str) -> anyhow::Result<(u16, String)> {
        let mut request = Request::post(self.uri.clone()).header(header::CONTENT_TYPE, "application/json");
        request = request.header("idempotency-key", idempotency_key);
        if let Some(key) = &self.key {
            request = request.header("x-api-key", key);
        }
        let answer = self.client.request(request.body(Full::from(body))?).await?;
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok((status, message(&body)))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        thread::JoinHandle,
    };

    use super::*;

    /// An API that answers each request with the next of these statuses. Gives the idempotency keys that came.
    fn api(statuses: &'static [u16]) -> (Api, JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}/process", listener.local_addr().unwrap());
        let answering = std::thread::spawn(move || {
            let answer = |status: &u16| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = Vec::new();
                while !request.ends_with(br#"{"data":"word"}"#) {
                    let mut part = [0; 1024];
                    let read = stream.read(&mut part).unwrap();
                    request.extend_from_slice(&part[..read]);
                }
                let head =
                    format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{{}}");
                stream.write_all(head.as_bytes()).unwrap();
                let text = String::from_utf8(request).unwrap();
                let key = text.lines().find_map(|line| line.strip_prefix("idempotency-key: "));
                key.unwrap().to_owned()
            };
            statuses.iter().map(answer).collect()
        });
        (Api { endpoint, key: None }, answering)
    }

    #[tokio::test]
    async fn all_tries_of_a_line_have_one_key_and_other_lines_have_others() {
        let (api, answering) = api(&[500, 200, 200]);
        let sender = Sender::new(http().unwrap(), api, 1).unwrap();
        let first = sender.send(1, "word").await;
        assert_eq!((first.status, first.tries), (Some(200), 2));
        assert_eq!(sender.send(2, "word").await.status, Some(200));
        let keys = answering.join().unwrap();
        assert_eq!(keys[0], keys[1]);
        assert_ne!(keys[1], keys[2]);
        assert!(keys.iter().all(|key| key.len() <= 128), "{keys:?}");
    }
}
