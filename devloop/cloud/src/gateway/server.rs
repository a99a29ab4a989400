//! Connections: accepted on loopback, read with limits, answered, and drained when the cloud stops.

use std::{convert::Infallible, future::Future, io, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::{
    Response,
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Door, dispatch, host, pages::Pages};
use crate::{
    error::ApiError,
    http::{Arriving, Reply, Request, Streamed},
};

/// How long answers in progress may take after the cloud is told to stop.
const DRAIN: Duration = Duration::from_millis(500);
/// How long a client may take to send a request's headers.
const HEADERS: Duration = Duration::from_mins(1);

/// Serves the services and pages of `pages` until `shutdown` completes.
pub(crate) async fn serve(
    pages: Arc<Pages>,
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
                    tracker.spawn(connection(Arc::clone(&pages), stream, peer, stop.clone()));
                }
                // The process is out of descriptors, or the client is gone already: the next accept may work.
                Err(error) => {
                    tracing::warn!(%error, "accept failed");
                    if is_shortage(&error) {
                        pages.short.send_modify(|count| *count += 1);
                    }
                    pages.clock.sleep(Duration::from_millis(10)).await;
                }
            },
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    stop.cancel();
    tracker.close();
    // Long polls do not end by themselves; after this time their connections are dropped.
    let _ = tokio::time::timeout(DRAIN, tracker.wait()).await;
    Ok(())
}

/// Whether this process, or the machine, has no more file descriptors.
fn is_shortage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE].map(|errno| Some(errno.raw_os_error())).contains(&error.raw_os_error())
}

async fn connection(pages: Arc<Pages>, stream: TcpStream, peer: SocketAddr, stop: CancellationToken) {
    // Answers are written whole; waiting for more data (Nagle's algorithm) would only delay them.
    let _ = stream.set_nodelay(true);
    let is_let_in = pages.door.lets_in(&stream, peer).await;
    let service = service_fn(move |request| {
        let pages = Arc::clone(&pages);
        async move {
            Ok::<_, Infallible>(if is_let_in { respond(&pages, request, peer).await } else { turned_away() })
        }
    });
    let begun = tokio::select! {
        begun = tokio::time::timeout(HEADERS, speaks_http2(&stream)) => begun,
        () = stop.cancelled() => return,
    };
    match begun {
        Ok(Ok(false)) => {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADERS)
                .serve_connection(TokioIo::new(stream), service);
            drive(connection, http1::Connection::graceful_shutdown, peer, &stop).await;
        }
        Ok(Ok(true)) => {
            let connection = http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            drive(connection, http2::Connection::graceful_shutdown, peer, &stop).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, %peer, "connection ended"),
        Err(_) => tracing::debug!(%peer, "a connection without a request ended"),
    }
}

fn turned_away() -> Response<Sent> {
    Reply::error(&ApiError::with_status(403, "AccessDeniedException", Door::TURNED_AWAY)).into()
}

/// Whether a client begins with HTTP/2 without asking first (prior knowledge [RFC 9113 §3.3]), as clients of event streams may. A
/// client writes the preface at once, so its first bytes tell; no method of HTTP/1.1 begins with them.
async fn speaks_http2(stream: &TcpStream) -> io::Result<bool> {
    let mut start = [0; 3];
    Ok(stream.peek(&mut start).await? == start.len() && start == *b"PRI")
}

/// Serves a connection until it ends, or closes it when the cloud stops.
async fn drive<C: Future<Output = hyper::Result<()>>>(
    connection: C,
    close: fn(Pin<&mut C>),
    peer: SocketAddr,
    stop: &CancellationToken,
) {
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        outcome = &mut connection => if let Err(error) = outcome {
            tracing::debug!(%error, %peer, "connection ended");
        },
        () = stop.cancelled() => {
            close(connection.as_mut());
            let _ = tokio::time::timeout(DRAIN, connection).await;
        }
    }
}

async fn respond(pages: &Pages, request: hyper::Request<Incoming>, peer: SocketAddr) -> Response<Sent> {
    let head = request.method() == hyper::Method::HEAD;
    let (mut parts, body) = request.into_parts();
    if let Err(why) = host::settle(&mut parts) {
        return Reply::error(&ApiError::client("BadRequest", why)).into();
    }
    let request = Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or("").to_owned(),
        headers: parts.headers,
        body: Bytes::new(),
        peer: peer.ip(),
    };
    let reply = dispatch::answer(pages, request, Arriving::among(&pages.bodies, body)).await;
    let mut response = Response::from(reply);
    if head {
        *response.body_mut() = Either::Left(Full::default());
    }
    response
}

/// The body of a response: whole in memory, or streamed.
type Sent = Either<Full<Bytes>, Streamed>;

/// Keeps `Reply` free of the HTTP library's body types.
impl From<Reply> for Response<Sent> {
    fn from(reply: Reply) -> Self {
        let body = match reply.stream {
            None => Either::Left(Full::new(reply.body)),
            Some(stream) => Either::Right(stream),
        };
        let mut response = Response::new(body);
        *response.status_mut() = hyper::StatusCode::from_u16(reply.status).unwrap_or_default();
        *response.headers_mut() = reply.headers;
        response
    }
}
