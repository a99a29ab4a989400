//! HTTP requests over connections that are kept, with a bound on each answer's time and size.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;

use crate::aws::cause::cause;
use crate::aws::trust::{Trust, explained, without_roots};

/// The limits of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// How long it may be waited for.
    pub(crate) time: Duration,
    /// How large it may be, in bytes.
    pub(crate) bytes: usize,
}

/// Connections that are kept; or the reason why there can be none, which is then the error of every request.
pub(super) struct Http {
    client: Result<Client<HttpsConnector<HttpConnector>, Full<Bytes>>, String>,
    bounds: Bounds,
}

impl Http {
    /// Connections with these bounds. Without trusted authorities only `http://` is spoken, and no certificates are read.
    pub(super) fn new(trust: Option<&Trust>, bounds: Bounds) -> Self {
        let tls = trust.map_or_else(|| Ok(without_roots()), |trust| trust.tls().map(|tls| (*tls).clone()));
        let client = tls.map(|tls| {
            let connector = HttpsConnectorBuilder::new().with_tls_config(tls);
            Client::builder(TokioExecutor::new()).build(connector.https_or_http().enable_http1().build())
        });
        Self { client, bounds }
    }

    /// Waits for the whole answer. The error is a fragment that says why there is none.
    pub(super) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let client = self.client.as_ref().map_err(Clone::clone)?;
        let answer = async {
            let response = client.request(request.map(Full::new)).await;
            let response = response.map_err(|error| explained(cause(&error)))?;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use hyper::Request;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::{Bounds, Http};

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
        let result = Http::new(None, bounds).send(Request::get(url).body(Bytes::new()).unwrap()).await;
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
}
