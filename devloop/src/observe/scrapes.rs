//! The page that Prometheus scrapes, on loopback. Every scrape asks the pipeline once.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::observe::Pipeline;
use crate::status::{StatusSource, exposition, silence};

/// The page's path.
const PATH: &str = "/metrics";

/// The format's content type
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The pause after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// A server that listens, but does not answer yet.
pub(crate) struct Scrapes {
    listener: TcpListener,
    address: SocketAddr,
}

impl Scrapes {
    /// Listens on this port of loopback; 0 takes a free one.
    pub(crate) async fn listen(port: u16) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// The URL for Prometheus.
    pub(crate) fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Answers until `stop` is cancelled.
    pub(crate) async fn serve(self, pipeline: Pipeline, stop: CancellationToken) {
        let pipeline = Arc::new(pipeline);
        let port = self.address.port();
        let answering = async {
            loop {
                // The process may be out of descriptors; the next scrape may succeed.
                let Ok((stream, _)) = self.listener.accept().await else {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                };
                let (pipeline, stop) = (Arc::clone(&pipeline), stop.clone());
                tokio::spawn(async move {
                    let service = service_fn(|request: Request<Incoming>| {
                        let pipeline = Arc::clone(&pipeline);
                        async move { Ok::<_, Infallible>(answer(&request, port, &pipeline).await) }
                    });
                    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                    let _ = stop.run_until_cancelled(connection).await;
                });
            }
        };
        let _: Option<()> = stop.run_until_cancelled(answering).await;
    }
}

async fn answer(request: &Request<Incoming>, port: u16, pipeline: &Pipeline) -> Response<Full<Bytes>> {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if !is_here(host, port) {
        return page(StatusCode::FORBIDDEN, format!("the host {host} is not this server\n"));
    }
    if request.uri().path() != PATH {
        return page(StatusCode::NOT_FOUND, format!("the page is {PATH}\n"));
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return page(StatusCode::METHOD_NOT_ALLOWED, format!("{PATH} is read with GET\n"));
    }
    match pipeline.report().await {
        Ok(report) => page(StatusCode::OK, exposition(&report)),
        Err(_) => page(StatusCode::OK, silence()),
    }
}

/// Checks the Host header: a web page whose host name resolves to this address (DNS rebinding) must not read the figures.
fn is_here(host: &str, port: u16) -> bool {
    let own = |name: &str| host == format!("{name}:{port}") || (port == 80 && host == name);
    ["127.0.0.1", "localhost", "[::1]"].into_iter().any(own)
}

fn page(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(TEXT));
    response
}

#[cfg(test)]
mod tests {
    use super::is_here;

    #[test]
    fn only_names_of_this_machine_are_answered() {
        for host in ["127.0.0.1:9464", "localhost:9464", "[::1]:9464"] {
            assert!(is_here(host, 9464), "{host}");
        }
        for host in ["", "127.0.0.1", "rebound.example:9464", "localhost:80", "localhost.example:9464"] {
            assert!(!is_here(host, 9464), "{host}");
        }
    }
}
