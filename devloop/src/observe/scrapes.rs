//! The page that Prometheus scrapes, on loopback. Every scrape asks the pipeline once. Who may ask is decided as by the cloud's port.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use devloop_cloud::Door;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::observe::Pipeline;
use crate::status::{StatusSource, exposition, silence};

/// The page's path.
const PATH: &str = "/metrics";

/// The format's content type
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How long a scraper may take to send a request's headers.
const HEADERS: Duration = Duration::from_secs(10);

/// The pause after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(100);

/// A server that listens, but does not answer yet.
pub(crate) struct Scrapes {
    listener: TcpListener,
    address: SocketAddr,
    door: Door,
}

impl Scrapes {
    /// Listens on this port of loopback; 0 takes a free one. With `only_me`, programs of other users of this machine are turned away.
    pub(crate) async fn listen(port: u16, only_me: bool) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, door: Door::new(only_me) })
    }

    /// The URL for Prometheus.
    pub(crate) fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Answers until `stop` is cancelled.
    pub(crate) async fn serve(self, pipeline: Pipeline, stop: CancellationToken) {
        let (pipeline, door) = (Arc::new(pipeline), Arc::new(self.door));
        let answering = async {
            loop {
                // The process may be out of descriptors; the next scrape may succeed.
                let Ok((stream, peer)) = self.listener.accept().await else {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                };
                let (pipeline, door, stop) = (Arc::clone(&pipeline), Arc::clone(&door), stop.clone());
                tokio::spawn(async move {
                    let is_let_in = door.lets_in(&stream, peer).await;
                    let service = service_fn(|request: Request<Incoming>| {
                        let pipeline = Arc::clone(&pipeline);
                        async move { Ok::<_, Infallible>(answer(request, is_let_in, &pipeline).await) }
                    });
                    let connection = http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(HEADERS)
                        .serve_connection(TokioIo::new(stream), service);
                    let _ = stop.run_until_cancelled(connection).await;
                });
            }
        };
        let _: Option<()> = stop.run_until_cancelled(answering).await;
    }
}

async fn answer(request: Request<Incoming>, is_let_in: bool, pipeline: &Pipeline) -> Response<Full<Bytes>> {
    if !is_let_in {
        return page(StatusCode::FORBIDDEN, format!("{}\n", Door::TURNED_AWAY));
    }
    let (mut parts, _body) = request.into_parts();
    if let Some((status, why)) = Door::refusal(&mut parts) {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
        return page(status, format!("{why}\n"));
    }
    if parts.uri.path() != PATH {
        return page(StatusCode::NOT_FOUND, format!("the page is {PATH}\n"));
    }
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return page(StatusCode::METHOD_NOT_ALLOWED, format!("{PATH} is read with GET\n"));
    }
    match pipeline.report().await {
        Ok(report) => page(StatusCode::OK, exposition(&report)),
        Err(_) => page(StatusCode::OK, silence()),
    }
}

fn page(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(TEXT));
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;
    use crate::observe::Metric;

    /// A page of figures about a cloud that does not answer, and its port.
    async fn scrapes(only_me: bool) -> u16 {
        let scrapes = Scrapes::listen(0, only_me).await.unwrap();
        let port = scrapes.address.port();
        let metric = Metric { namespace: "n".to_owned(), name: "m".to_owned() };
        let pipeline = Pipeline::new("http://127.0.0.1:1", metric);
        tokio::spawn(scrapes.serve(pipeline, CancellationToken::new()));
        port
    }

    #[tokio::test]
    async fn who_may_ask_is_decided_as_by_the_cloud() {
        let port = scrapes(false).await;
        let own = format!("localhost:{port}");
        for (target, headers, status) in [
            ("/metrics", format!("host: {own}"), "200"),
            ("/metrics", format!("host: 127.0.0.1:{port}"), "200"),
            ("/metrics", "host: rebound.example".to_owned(), "403"),
            ("/metrics", format!("host: localhost.example:{port}"), "403"),
            ("/metrics", format!("host: {own}\r\nhost: rebound.example"), "400"),
            ("/metrics", "accept: */*".to_owned(), "400"),
            ("http://rebound.example/metrics", format!("host: {own}"), "403"),
            ("/metrics", format!("host: {own}\r\norigin: https://evil.example"), "403"),
            ("/metrics", format!("host: {own}\r\nsec-fetch-site: cross-site"), "403"),
            ("/metrics", format!("host: {own}\r\norigin: http://localhost:3000"), "200"),
        ] {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let ask = format!("GET {target} HTTP/1.1\r\n{headers}\r\nconnection: close\r\n\r\n");
            stream.write_all(ask.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer} to {target} {headers}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn another_user_is_turned_away_when_asked_for() {
        use std::os::unix::process::CommandExt as _;
        /// `nobody`.
        const OTHER: u32 = 65_534;
        let own = rustix::process::geteuid().as_raw();
        if own != 0 {
            println!("not run: only root can ask as another user");
            return;
        }
        let asked = async |user: u32, port: u16| {
            let ask = format!(
                "exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'GET /metrics HTTP/1.0\\r\\nhost: localhost\\r\\n\\r\\n' >&3; cat <&3"
            );
            let mut command = std::process::Command::new("bash");
            command.args(["-c", &ask]).uid(user);
            let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let open = scrapes(false).await;
        assert!(asked(OTHER, open).await.contains(" 200 OK"), "everybody may ask");
        let closed = scrapes(true).await;
        let answer = asked(OTHER, closed).await;
        assert!(answer.contains(" 403 Forbidden") && answer.contains("--only-me"), "{answer}");
        assert!(asked(own, closed).await.contains(" 200 OK"), "the own user may go on");
    }
}
