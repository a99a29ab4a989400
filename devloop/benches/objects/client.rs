//! A connection that sends one request after the other.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How many bytes of a large body are sent at a time.
const PIECE: usize = 1 << 20;

type Body = BoxBody<Bytes, std::io::Error>;

/// A connection.
pub(crate) struct Client {
    address: String,
    sender: SendRequest<Body>,
}

/// An answer: its body's length, and the body itself unless it is large.
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) length: usize,
    pub(crate) text: String,
}

/// A body of this many bytes, which is made while it is sent.
pub(crate) fn body_of(length: usize) -> (Body, usize) {
    if length <= PIECE {
        let body = Full::new(Bytes::from(vec![b'x'; length])).map_err(|never| match never {});
        return (body.boxed(), length);
    }
    let piece = Bytes::from(vec![b'x'; PIECE]);
    let pieces = (0..length.div_ceil(PIECE)).map(move |at| {
        let rest = (length - at * PIECE).min(PIECE);
        Ok(Frame::data(piece.slice(..rest)))
    });
    (BodyExt::boxed(StreamBody::new(stream::iter(pieces))), length)
}

impl Client {
    /// Connects.
    pub(crate) async fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::task::spawn_local(connection);
        Ok(Self { address: address.to_owned(), sender })
    }

    /// Sends a request and reads its answer, which has to be a success.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        (body, length): (Body, usize),
    ) -> Result<Answer> {
        let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        // No server here checks the signature; it only has to look like one.
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential=S3RVER/{}/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature={}",
            &now[..8],
            "0".repeat(64)
        );
        let request = Request::builder()
            .method(&method)
            .uri(path)
            .header("host", &self.address)
            .header("authorization", signature)
            .header("x-amz-date", &now)
            .header("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
            .header("content-length", length)
            .body(body)?;
        if self.sender.ready().await.is_err() {
            // Some programs close a connection after each answer.
            *self = Self::connect(&self.address).await?;
            self.sender.ready().await?;
        }
        let answer = self.sender.send_request(request).await.with_context(|| format!("{method} {path}"))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut body = answer.into_body();
        let (mut length, mut text) = (0, Vec::new());
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            length += data.len();
            if length <= PIECE {
                text.extend_from_slice(&data);
            }
        }
        let text = String::from_utf8_lossy(&text).into_owned();
        ensure!(status.is_success(), "{method} {path}: {status}: {text}");
        Ok(Answer { headers, length, text })
    }
}

/// A document as a body.
pub(crate) fn text(document: String) -> (Body, usize) {
    let length = document.len();
    (Full::new(Bytes::from(document)).map_err(|never| match never {}).boxed(), length)
}
