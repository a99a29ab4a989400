//! Connections: accepted on loopback, read with limits, answered, and drained when the cloud stops.

use std::{convert::Infallible, future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::{Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{dispatch, pages::Pages};
use crate::http::{Arriving, Reply, Request, Streamed};

/// How long answers in progress may take once the cloud is told to stop.
const DRAIN: Duration = Duration::from_millis(500);

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
                // Out of descriptors, or a client that is gone already: the next accept may work.
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
    // Long polls do not end by themselves; what is still open after the drain is dropped with its connection.
    let _ = tokio::time::timeout(DRAIN, tracker.wait()).await;
    Ok(())
}

/// Whether this process, or the machine, may have no more descriptors open.
fn is_shortage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE].map(|errno| Some(errno.raw_os_error())).contains(&error.raw_os_error())
}

async fn connection(pages: Arc<Pages>, stream: TcpStream, peer: SocketAddr, stop: CancellationToken) {
    // Answers are written whole; waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let pages = Arc::clone(&pages);
        async move { Ok::<_, Infallible>(respond(&pages, request, peer).await) }
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

async fn respond(pages: &Pages, request: hyper::Request<Incoming>, peer: SocketAddr) -> Response<Sent> {
    let head = request.method() == hyper::Method::HEAD;
    let (parts, body) = request.into_parts();
    let request = Request {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or("").to_owned(),
        headers: parts.headers,
        body: Bytes::new(),
        peer: peer.ip(),
    };
    let reply = dispatch::answer(pages, request, Arriving::new(body).among(&pages.bodies)).await;
    let mut response = Response::from(reply);
    if head {
        *response.body_mut() = Either::Left(Full::default());
    }
    response
}

/// The body of a response: in memory, or written while it is made.
type Sent = Either<Full<Bytes>, Streamed>;

/// So that `Reply` stays free of the HTTP library's body types.
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
