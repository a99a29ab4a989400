//! Requests and replies as the services see them, mostly free of the HTTP library's types.

use std::{
    borrow::Cow,
    error::Error,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt as _, combinators::UnsyncBoxBody};
use hyper::{
    HeaderMap, Method,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, HeaderValue},
};
use serde_json::Value;

use crate::{clock::Clock, error::ApiError};

/// A request, with its body if that was read already.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The path as it was sent, still percent-encoded.
    pub(crate) path: String,
    /// The query string as it was sent, without the question mark.
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The client's address.
    pub(crate) peer: std::net::IpAddr,
}

impl Request {
    /// The path's segments, percent-decoded.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect()
    }

    /// The query's parameters in order, decoded.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        self.query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decode_form(name), decode_form(value)))
            .collect()
    }

    /// The last value of one query parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.parameters().into_iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// A header's value when it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The name in the Host header, in lower case and without a port.
    pub(crate) fn host(&self) -> Cow<'_, str> {
        let host = self.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let name = host_name(host);
        // Several services ask for every request, and nearly every client writes lower case.
        if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            name.to_ascii_lowercase().into()
        } else {
            name.into()
        }
    }
}

/// A host without its port: `[::1]:80` and `localhost:80` lose the `:80`.
pub(crate) fn host_name(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, _)) => inside,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    }
}

/// Whether a host name or address means this machine.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let loopback = host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    loopback || host == "localhost" || host.ends_with(".localhost")
}

/// A body that is read or written in pieces.
pub(crate) type Streamed = UnsyncBoxBody<Bytes, io::Error>;

/// The most bytes that the bodies of all requests may hold together while they arrive: about three of the largest.
const BODIES_LIMIT: usize = 256 << 20;

/// How long a body may stall, and how long it may take in all.
const STALLED: Duration = Duration::from_secs(20);
const LONGEST: Duration = Duration::from_mins(2);

/// The bodies that are arriving.
#[derive(Debug)]
pub(crate) struct Bodies {
    /// How many of their bytes are in memory.
    bytes: AtomicUsize,
    /// Bodies come from clients on this machine, so its real time counts, not the cloud's clock.
    clock: Clock,
}

impl Default for Bodies {
    fn default() -> Self {
        Self { bytes: AtomicUsize::new(0), clock: Clock::real() }
    }
}

/// The bytes of one body, which count against [`BODIES_LIMIT`] until this is dropped.
struct Share {
    bodies: Arc<Bodies>,
    bytes: usize,
}

impl Share {
    /// Counts `bytes` more; false when that exceeds the limit.
    fn grow(&mut self, bytes: usize) -> bool {
        let before = self.bodies.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        before + bytes <= BODIES_LIMIT
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.bodies.bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A request's body that was not read yet. Whoever answers the request reads it whole or in pieces.
#[derive(Debug)]
pub(crate) struct Arriving {
    body: Streamed,
    bodies: Arc<Bodies>,
}

impl Arriving {
    /// A body that arrives through `body`, with a limit of its own.
    pub(crate) fn new<B>(body: B) -> Self
    where
        B: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        Self { body: body.map_err(io::Error::other).boxed_unsync(), bodies: Arc::default() }
    }

    /// The same body, counted against the limit that all of `bodies` share.
    pub(crate) fn among(self, bodies: &Arc<Bodies>) -> Self {
        Self { bodies: Arc::clone(bodies), ..self }
    }

    /// The body in pieces, as they arrive.
    pub(crate) fn into_stream(self) -> Streamed {
        self.body
    }

    /// Reads the whole body, and unpacks it when `headers` say that it is gzipped. Refuses a body of more than `limit`
    /// bytes (packed or unpacked) with status 413, one that stalls or takes too long with 408, and one that does not fit
    /// into memory beside the others with 503.
    pub(crate) async fn whole(self, headers: &HeaderMap, limit: usize) -> Result<Bytes, ApiError> {
        let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let announced = announced.unwrap_or(0);
        if announced > limit {
            return Err(too_large(limit));
        }
        let share = Share { bodies: Arc::clone(&self.bodies), bytes: 0 };
        let clock = self.bodies.clock.clone();
        let body = clock
            .timeout(LONGEST, collect(self.body, share, announced, limit))
            .await
            .map_err(|_| too_slow())??;
        match headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
            Some(b"gzip") => unpack(&body, limit),
            _ => Ok(body),
        }
    }
}

async fn collect(
    mut body: Streamed,
    mut share: Share,
    announced: usize,
    limit: usize,
) -> Result<Bytes, ApiError> {
    // Most bodies arrive in one piece, which is not copied.
    let (mut first, mut rest) = (Bytes::new(), Vec::new());
    loop {
        let frame = share.bodies.clock.timeout(STALLED, body.frame()).await.map_err(|_| too_slow())?;
        let Some(frame) = frame else { break };
        let frame = frame.map_err(|error| {
            ApiError::client("IncompleteBody", format!("the body could not be read: {error}"))
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if first.len() + rest.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        if !share.grow(data.len()) {
            return Err(ApiError::with_status(
                503,
                "ServiceUnavailable",
                format!(
                    "the requests that are arriving already hold more than {} MB; try again",
                    BODIES_LIMIT >> 20
                ),
            ));
        }
        if first.is_empty() && rest.is_empty() {
            first = data;
        } else {
            if rest.is_empty() {
                // A vector that grows copies everything that it has, and nobody is answered meanwhile. Memory that is never written to
                // costs nothing.
                rest.reserve(announced);
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&data);
        }
    }
    Ok(if rest.is_empty() { first } else { rest.into() })
}

fn too_slow() -> ApiError {
    ApiError::with_status(408, "RequestTimeout", "the request's body did not arrive in time")
}

fn too_large(limit: usize) -> ApiError {
    let message = format!("the request is larger than {} MB", limit >> 20);
    ApiError::with_status(413, "RequestEntityTooLargeException", message)
}

fn unpack(body: &[u8], limit: usize) -> Result<Bytes, ApiError> {
    use std::io::Read as _;
    let mut out = Vec::new();
    let mut reader = flate2::read::GzDecoder::new(body).take(limit as u64 + 1);
    reader.read_to_end(&mut out).map_err(|error| {
        ApiError::client("SerializationException", format!("the body is not valid gzip: {error}"))
    })?;
    if out.len() > limit { Err(too_large(limit)) } else { Ok(out.into()) }
}

/// Decodes `%xx`; malformed escapes stay as they are.
pub(crate) fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Encodes everything but letters, digits and `-._~` as `%xx`.
pub(crate) fn encode(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, UNRESERVED).to_string()
}

/// The characters that RFC 3986 leaves as they are.
const UNRESERVED: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Decodes `%xx` and `+`, as forms and query strings are written.
pub(crate) fn decode_form(text: &str) -> String {
    if text.contains('+') { decode(&text.replace('+', " ")) } else { decode(text) }
}

/// A reply, with its body in memory or as a stream.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Empty when the body is a stream.
    pub(crate) body: Bytes,
    /// A body that is written while it is made, or too large for memory.
    pub(crate) stream: Option<Streamed>,
}

impl Reply {
    /// A reply without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new(), stream: None }
    }

    /// A reply with a body of the given media type.
    pub(crate) fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers, body: body.into(), stream: None }
    }

    /// A reply with a JSON document.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// An error in the form of the REST services with JSON bodies.
    pub(crate) fn error(error: &ApiError) -> Self {
        let mut body = error.details.clone();
        body.insert("Type".to_owned(), if error.is_client_fault() { "User" } else { "Service" }.into());
        body.insert("message".to_owned(), error.message.clone().into());
        body.insert("Message".to_owned(), error.message.clone().into());
        Self::json(error.status, &Value::Object(body)).header("x-amzn-errortype", &error.code)
    }

    /// Adds a header; a value that HTTP cannot carry is left out.
    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{FutureExt as _, stream};
    use http_body_util::StreamBody;
    use hyper::body::Frame;
    use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

    use super::*;

    /// A body whose pieces the test sends, on a manual clock.
    fn body_by_hand() -> (Clock, Arriving, UnboundedSender<Bytes>) {
        let clock = Clock::manual(0);
        let bodies = Bodies { bytes: AtomicUsize::new(0), clock: clock.clone() };
        let (pieces, received) = unbounded_channel();
        let frames = stream::unfold(received, |mut received| async {
            let piece = received.recv().await?;
            Some((Ok::<_, Infallible>(Frame::data(piece)), received))
        });
        (clock, Arriving::new(StreamBody::new(frames)).among(&Arc::new(bodies)), pieces)
    }

    #[test]
    fn a_stalled_body_is_refused() {
        let (clock, body, pieces) = body_by_hand();
        let headers = HeaderMap::new();
        let mut reading = std::pin::pin!(body.whole(&headers, 100));
        pieces.send(Bytes::from_static(b"piece")).unwrap();
        assert!(reading.as_mut().now_or_never().is_none());
        clock.advance(STALLED / 2);
        assert!(reading.as_mut().now_or_never().is_none());
        clock.advance(STALLED / 2);
        let refused = reading.as_mut().now_or_never().expect("an answer").unwrap_err();
        assert_eq!(refused.status, 408, "{refused}");
    }

    #[test]
    fn a_body_that_keeps_arriving_has_a_time_limit_too() {
        let (clock, body, pieces) = body_by_hand();
        let headers = HeaderMap::new();
        let mut reading = std::pin::pin!(body.whole(&headers, 100));
        let step = STALLED / 2;
        for _ in 1..LONGEST.as_millis() / step.as_millis() {
            pieces.send(Bytes::from_static(b"p")).unwrap();
            assert!(reading.as_mut().now_or_never().is_none());
            clock.advance(step);
        }
        pieces.send(Bytes::from_static(b"p")).unwrap();
        assert!(reading.as_mut().now_or_never().is_none());
        clock.advance(step);
        let refused = reading.as_mut().now_or_never().expect("an answer").unwrap_err();
        assert_eq!(refused.status, 408, "{refused}");
    }

    #[test]
    fn escapes_are_decoded_and_broken_ones_kept() {
        let check = |text: &str, expected: &str| assert_eq!(decode(text), expected, "{text}");
        check("a%20b", "a b");
        check("100%", "100%");
        check("%zz%4", "%zz%4");
        check("%C3%A9", "é");
        check("a+b", "a+b");
        assert_eq!(decode_form("a+b%2B"), "a b+");
    }
}
