//! Connections: accepted on loopback, read with limits, answered, and drained when the cloud stops.

use std::{convert::Infallible, future::Future, io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{Response, body::Incoming, header, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::dispatch;
use crate::{
    cloud::Cloud,
    error::ApiError,
    http::{Reply, Request},
};

/// A function's zip may be 50 MB and travels as base64 [Lambda quotas]; no other request is larger.
const BODY_LIMIT: usize = 70 << 20;

/// How long answers in progress may take once the cloud is told to stop.
const DRAIN: Duration = Duration::from_millis(500);

/// Serves `cloud` until `shutdown` completes.
pub(crate) async fn serve(
    cloud: Cloud,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    if !listener.local_addr()?.ip().is_loopback() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the cloud listens on loopback addresses only",
        ));
    }
    let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    tracker.spawn(connection(cloud.clone(), stream, peer, stop.clone()));
                }
                // Out of descriptors, or a client that is gone already: the next accept may work.
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    cloud.0.options.clock.sleep(Duration::from_millis(10)).await;
                }
            },
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    stop.cancel();
    tracker.close();
    // Long polls do not end by themselves; what is still open after the drain is dropped with its connection.
    let _ = tokio::time::timeout(DRAIN, tracker.wait()).await;
    Ok(())
}

async fn connection(cloud: Cloud, stream: TcpStream, peer: SocketAddr, stop: CancellationToken) {
    // Answers are written whole; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let cloud = cloud.clone();
        async move { Ok::<_, Infallible>(respond(&cloud, request, peer).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_mins(1))
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        outcome = &mut connection => if let Err(error) = outcome {
            tracing::debug!(%error, %peer, "connection ended");
        },
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(DRAIN, connection).await;
        }
    }
}

async fn respond(
    cloud: &Cloud,
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
) -> Response<Full<Bytes>> {
    let head = request.method() == hyper::Method::HEAD;
    let reply = match receive(request, peer).await {
        Ok(request) => dispatch::answer(cloud, request).await,
        Err(error) => dispatch::rest_error(&error),
    };
    let mut response = Response::from(reply);
    if head {
        *response.body_mut() = Full::default();
    }
    response
}

/// Reads a request whole, unpacked when it came gzipped.
async fn receive(request: hyper::Request<Incoming>, peer: SocketAddr) -> Result<Request, ApiError> {
    let (parts, body) = request.into_parts();
    let too_large = || {
        ApiError::with_status(
            413,
            "RequestEntityTooLargeException",
            format!("the request is larger than {} MB", BODY_LIMIT >> 20),
        )
    };
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_large()),
        Err(error) => {
            return Err(ApiError::client("IncompleteBody", format!("the body could not be read: {error}")));
        }
    };
    let body = match parts.headers.get(header::CONTENT_ENCODING).map(header::HeaderValue::as_bytes) {
        Some(b"gzip") => unpack(&body, too_large)?,
        _ => body,
    };
    Ok(Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or("").to_owned(),
        headers: parts.headers,
        body,
        peer: peer.ip(),
    })
}

fn unpack(body: &[u8], too_large: impl Fn() -> ApiError) -> Result<Bytes, ApiError> {
    use std::io::Read as _;
    let mut out = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(body).take(BODY_LIMIT as u64 + 1);
    reader.read_to_end(&mut out).map_err(|error| {
        ApiError::client("SerializationException", format!("the body is not valid gzip: {error}"))
    })?;
    if out.len() > BODY_LIMIT { Err(too_large()) } else { Ok(out.into()) }
}

/// So that `Reply` stays free of the HTTP library's body types.
impl From<Reply> for Response<Full<Bytes>> {
    fn from(reply: Reply) -> Self {
        let mut response = Response::new(Full::new(reply.body));
        *response.status_mut() = hyper::StatusCode::from_u16(reply.status).unwrap_or_default();
        *response.headers_mut() = reply.headers;
        response
    }
}
