//! The Runtime API of one environment (version 2018-06-01) [Using the Lambda runtime API for custom runtimes], and the
//! `Desk`, which holds an event until the process fetches it and passes the answer back. Each environment has a port of its
//! own, because a request to the API does not say which environment it comes from.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use devloop_system::sockets::Owner;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode, body::Incoming, server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Notify, oneshot},
};
use tokio_util::sync::CancellationToken;

use super::process::Answer;
use crate::aside;

/// The largest result that Lambda returns, in bytes [Lambda quotas: 6 MB plus its envelope].
pub(crate) const RESPONSE_LIMIT: usize = 6_291_556;

/// The pause after a failed accept: its cause does not go away within microseconds.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Headers that browsers add and functions do not. They show a request of a web page, which must not take a function's
/// event.
const OF_PAGES: [&str; 4] = ["origin", "referer", "sec-fetch-site", "sec-fetch-mode"];

/// One event on its way to a process.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) request_id: Arc<str>,
    pub(crate) payload: Bytes,
    /// When the process will be killed, in ms since the epoch.
    pub(crate) deadline_ms: i64,
    pub(crate) function_arn: Arc<str>,
    pub(crate) trace_id: String,
    /// The caller's client context, as JSON text.
    pub(crate) client_context: Option<String>,
}

/// The error that a runtime reported in the place of its first request for an event.
#[derive(Debug)]
pub(super) struct InitError {
    pub(super) error_type: String,
    pub(super) message: String,
    /// The whole document.
    pub(super) document: Bytes,
}

/// What a process does first.
pub(super) type First = Result<(), InitError>;

/// Where one environment's event and answer change hands.
#[derive(Debug)]
pub(super) struct Desk {
    state: Mutex<State>,
    /// Notifies when an event is handed in.
    handed_in: Notify,
    closed: CancellationToken,
}

#[derive(Debug)]
struct State {
    /// Sent once: the first request for an event, or the error reported instead.
    first: Option<oneshot::Sender<First>>,
    waiting: Option<Event>,
    /// The request id of the event that was handed in last, and the channel for its answer.
    current: Option<(Arc<str>, oneshot::Sender<Answer>)>,
    taken: Option<Arc<str>>,
}

impl Desk {
    pub(super) fn new(first: oneshot::Sender<First>) -> Self {
        let state = State { first: Some(first), waiting: None, current: None, taken: None };
        Self { state: Mutex::new(state), handed_in: Notify::new(), closed: CancellationToken::new() }
    }

    /// Hands in an event; its answer arrives through the receiver.
    pub(super) fn hand_in(&self, event: Event) -> oneshot::Receiver<Answer> {
        let (answer, receiver) = oneshot::channel();
        {
            let mut state = self.state.lock();
            state.current = Some((Arc::clone(&event.request_id), answer));
            state.waiting = Some(event);
        }
        self.handed_in.notify_one();
        receiver
    }

    /// Whether the process has fetched the event.
    pub(super) fn was_taken(&self, request_id: &str) -> bool {
        self.state.lock().taken.as_deref() == Some(request_id)
    }

    /// Closes the API after the process has ended.
    pub(super) fn close(&self) {
        self.closed.cancel();
        self.state.lock().current = None;
    }

    async fn next(&self) -> Event {
        if let Some(first) = self.state.lock().first.take() {
            let _ = first.send(Ok(()));
        }
        loop {
            let handed_in = self.handed_in.notified();
            {
                let mut state = self.state.lock();
                if let Some(event) = state.waiting.take() {
                    state.taken = Some(Arc::clone(&event.request_id));
                    return event;
                }
            }
            handed_in.await;
        }
    }

    /// Passes an answer on; false when no answer is awaited for this request id.
    fn answer(&self, request_id: &str, answer: Answer) -> bool {
        let mut state = self.state.lock();
        match state.current.take() {
            Some((current, waiting)) if *current == *request_id => {
                let _ = waiting.send(answer);
                true
            }
            other => {
                state.current = other;
                false
            }
        }
    }

    fn init_error(&self, headers: &HeaderMap, body: Bytes) {
        let document: Value = aside::from_json(&body).unwrap_or_default();
        let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
        let error_type = text("errorType")
            .or_else(|| header(headers, "lambda-runtime-function-error-type"))
            .unwrap_or_else(|| "Runtime.Unknown".to_owned());
        let message = text("errorMessage").unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned());
        if let Some(first) = self.state.lock().first.take() {
            let _ = first.send(Err(InitError { error_type, message, document: body }));
        }
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Serves the API to the processes of `owner` until they have ended.
pub(super) async fn serve(listener: TcpListener, desk: Arc<Desk>, owner: Option<Owner>) {
    let Ok(address) = listener.local_addr() else { return };
    let own: Arc<str> = address.to_string().into();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                // The process is out of descriptors, or the client is gone already. Real time counts, because this is about
                // the machine.
                Err(error) => {
                    tracing::warn!(%error, "a connection to a Runtime API could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = desk.closed.cancelled() => return,
        };
        let _ = stream.set_nodelay(true);
        let (desk, own, owner) = (Arc::clone(&desk), Arc::clone(&own), owner.clone());
        tokio::spawn(async move {
            let Some(owner) = owner else { return };
            let is_own = tokio::task::spawn_blocking(move || owner.is_behind(peer, address)).await;
            let is_own = is_own.unwrap_or(false);
            let service = service_fn(|request| respond(Arc::clone(&desk), Arc::clone(&own), is_own, request));
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                _ = connection => {}
                () = desk.closed.cancelled() => {}
            }
        });
    }
}

async fn respond(
    desk: Arc<Desk>,
    own: Arc<str>,
    is_own: bool,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let hosts = request.headers().get_all("host");
    let is_own_host = request.uri().authority().is_none_or(|target| target.as_str() == &*own)
        && hosts.iter().count() == 1
        && hosts.iter().all(|host| host.as_bytes() == own.as_bytes());
    if !is_own_host {
        return Ok(status(StatusCode::FORBIDDEN, "Forbidden", "the Host is not this environment's"));
    }
    if OF_PAGES.iter().any(|name| request.headers().contains_key(*name)) {
        return Ok(status(StatusCode::FORBIDDEN, "Forbidden", "web pages may not call a Runtime API"));
    }
    if !is_own {
        return Ok(status(
            StatusCode::FORBIDDEN,
            "Forbidden",
            "only the function's own processes may call its Runtime API",
        ));
    }
    let path = request.uri().path().to_owned();
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    Ok(match (request.method(), segments.as_slice()) {
        (&Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => delivery(desk.next().await),
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "response"]) => {
            response(&desk, id, request).await
        }
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "error"]) => match body(request).await {
            Ok((_, body)) => accept(desk.answer(id, Answer::Error(body))),
            Err(refusal) => refusal,
        },
        (&Method::POST, ["2018-06-01", "runtime", "init", "error"]) => match body(request).await {
            Ok((headers, body)) => {
                desk.init_error(&headers, body);
                accept(true)
            }
            Err(refusal) => refusal,
        },
        (&Method::POST, ["2020-01-01", "extension", "register"]) => {
            let mut reply = Response::new(Full::new(Bytes::from_static(b"{}")));
            let id = uuid::Uuid::new_v4().to_string();
            if let Ok(id) = id.parse() {
                reply.headers_mut().insert("lambda-extension-identifier", id);
            }
            reply
        }
        // Extensions get no events; they wait here until they are killed, like idle extensions on Lambda.
        (&Method::GET, ["2020-01-01", "extension", "event", "next"]) => std::future::pending().await,
        _ => status(StatusCode::NOT_FOUND, "InvalidPath", "the Runtime API has no such path"),
    })
}

fn delivery(event: Event) -> Response<Full<Bytes>> {
    let mut reply = Response::new(Full::new(event.payload));
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = value.parse() {
            reply.headers_mut().insert(name, value);
        }
    };
    put("content-type", "application/json");
    put("lambda-runtime-aws-request-id", &event.request_id);
    put("lambda-runtime-deadline-ms", &event.deadline_ms.to_string());
    put("lambda-runtime-invoked-function-arn", &event.function_arn);
    put("lambda-runtime-trace-id", &event.trace_id);
    if let Some(context) = &event.client_context {
        put("lambda-runtime-client-context", context);
    }
    reply
}

/// A buffered or streamed result. A stream may end with trailers that report an error.
async fn response(desk: &Desk, id: &str, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let collected = match Limited::new(request.into_body(), RESPONSE_LIMIT).collect().await {
        Ok(collected) => collected,
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            desk.answer(id, Answer::TooLarge(RESPONSE_LIMIT));
            return status(
                StatusCode::PAYLOAD_TOO_LARGE,
                "Function.ResponseSizeTooLarge",
                "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
            );
        }
        Err(error) => return status(StatusCode::BAD_REQUEST, "InvalidBody", &error.to_string()),
    };
    let trailer = |name: &str| collected.trailers().and_then(|trailers| header(trailers, name));
    let answer = match trailer("lambda-runtime-function-error-type") {
        Some(error_type) => {
            Answer::Error(streamed_error(&error_type, trailer("lambda-runtime-function-error-body")))
        }
        None => Answer::Response(collected.to_bytes()),
    };
    accept(desk.answer(id, answer))
}

/// The error document of a stream that failed midway; the trailer carries it as base64.
fn streamed_error(error_type: &str, body: Option<String>) -> Bytes {
    use base64::{Engine as _, prelude::BASE64_STANDARD};
    let document = body.and_then(|body| BASE64_STANDARD.decode(body).ok()).map(Bytes::from);
    document.unwrap_or_else(|| {
        serde_json::json!({ "errorType": error_type, "errorMessage": "the response stream failed" })
            .to_string()
            .into()
    })
}

async fn body(request: Request<Incoming>) -> Result<(HeaderMap, Bytes), Response<Full<Bytes>>> {
    let (parts, body) = request.into_parts();
    match Limited::new(body, RESPONSE_LIMIT).collect().await {
        Ok(collected) => Ok((parts.headers, collected.to_bytes())),
        Err(error) => Err(status(StatusCode::BAD_REQUEST, "InvalidBody", &error.to_string())),
    }
}

fn accept(known: bool) -> Response<Full<Bytes>> {
    if !known {
        return status(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID");
    }
    let mut reply = Response::new(Full::new(Bytes::from_static(b"{\"status\":\"OK\"}\n")));
    *reply.status_mut() = StatusCode::ACCEPTED;
    reply
}

fn status(status: StatusCode, error_type: &str, message: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({ "errorType": error_type, "errorMessage": message }).to_string();
    let mut reply = Response::new(Full::new(Bytes::from(body)));
    *reply.status_mut() = status;
    reply
}
