//! One request after the other over kept connections.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client as HttpClient, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

use crate::http::cause;

/// Which servers are believed to be who they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// Those that the machine's certificates vouch for.
    Machine,
    /// None: an endpoint in plain text needs no certificates, and reading them takes longer than asking it.
    Nobody,
}

impl Trust {
    /// What the URLs need.
    pub(crate) fn for_urls<'a>(urls: impl IntoIterator<Item = &'a str>) -> Self {
        if urls.into_iter().all(|url| url.starts_with("http://")) { Self::Nobody } else { Self::Machine }
    }
}

/// What an answer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// How long it may be waited for.
    pub(crate) time: Duration,
    /// How large it may be, in bytes.
    pub(crate) bytes: usize,
}

/// A client that keeps its connections.
pub(crate) struct Client {
    http: HttpClient<HttpsConnector<HttpConnector>, Full<Bytes>>,
    bounds: Bounds,
}

impl Client {
    /// A client with these bounds.
    pub(crate) fn new(trust: Trust, bounds: Bounds) -> Self {
        // Without certificates on this machine every https:// fails by name, and plain endpoints still answer.
        let trusting =
            (trust == Trust::Machine).then(|| HttpsConnectorBuilder::new().with_native_roots().ok());
        let builder = trusting
            .flatten()
            .unwrap_or_else(|| HttpsConnectorBuilder::new().with_tls_config(without_roots()));
        let connector = builder.https_or_http().enable_http1().build();
        Self { http: HttpClient::builder(TokioExecutor::new()).build(connector), bounds }
    }

    /// The whole answer. The error is a fragment that says why there is none.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let answer = async {
            let response = self.http.request(request.map(Full::new)).await.map_err(|error| cause(&error))?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, self.bounds.bytes).collect().await;
            let body = body.map_err(|error| format!("the answer broke off: {error}"))?;
            Ok(Response::from_parts(parts, body.to_bytes()))
        };
        tokio::time::timeout(self.bounds.time, answer)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {} s", self.bounds.time.as_secs())))
    }
}

/// TLS that believes nobody, for endpoints in plain text.
pub(crate) fn without_roots() -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use hyper::Request;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::{Bounds, Client, Trust};

    /// What becomes of a request to a server that answers with these bytes and keeps the connection.
    async fn check(answer: &'static [u8], seconds: u64, expected: Result<&str, &str>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(answer).await;
            std::future::pending::<()>().await;
        });
        let bounds = Bounds { time: Duration::from_secs(seconds), bytes: 10 };
        let client = Client::new(Trust::Nobody, bounds);
        let result = client.send(Request::get(url).body(Bytes::new()).unwrap()).await;
        let result = result.map(|response| String::from_utf8(response.into_body().to_vec()).unwrap());
        assert_eq!(result.as_deref().map_err(String::as_str), expected);
    }

    #[tokio::test]
    async fn answers_are_bounded_in_bytes_and_time() {
        check(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", 30, Ok("ok")).await;
        let long = b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\nok ok ok ok";
        check(long, 30, Err("the answer broke off: length limit exceeded")).await;
        check(b"HTTP/1.1 200 OK\r\n", 1, Err("no answer within 1 s")).await;
    }

    #[test]
    fn certificates_are_read_for_https_alone() {
        assert_eq!(Trust::for_urls(["http://127.0.0.1:1", "http://h"]), Trust::Nobody);
        assert_eq!(Trust::for_urls(["http://127.0.0.1:1", "https://h"]), Trust::Machine);
    }
}
