//! Bodies of requests while they arrive: their limits of time and of memory, and how they are unpacked.

use std::{
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
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::unpack::unpack;
use crate::{clock::Clock, error::ApiError};

/// A body that is read or written in pieces.
pub(crate) type Streamed = UnsyncBoxBody<Bytes, io::Error>;

/// The most bytes that the bodies of all requests may hold together, packed and unpacked: about three of the largest. Small ones are
/// counted apart, so that they find room however many large ones are on their way.
const LARGE_LIMIT: usize = 256 << 20;
const SMALL_LIMIT: usize = 32 << 20;

/// The most bytes of a small body.
const SMALL: usize = 64 << 10;

/// How long a body may stall, and how long it may take in all.
const STALLED: Duration = Duration::from_secs(20);
const LONGEST: Duration = Duration::from_mins(2);

/// The bodies that are arriving.
#[derive(Debug)]
pub(crate) struct Bodies {
    /// How many bytes of large ones and of small ones are in memory.
    large: AtomicUsize,
    small: AtomicUsize,
    /// Bodies come from clients on this machine, so its real time counts, not the cloud's clock.
    clock: Clock,
    gate: Gate,
}

impl Default for Bodies {
    fn default() -> Self {
        Self::new(Clock::real())
    }
}

impl Bodies {
    fn new(clock: Clock) -> Self {
        Self { large: AtomicUsize::new(0), small: AtomicUsize::new(0), clock, gate: Gate::default() }
    }

    /// Where a body of this size is counted, and the limit there.
    fn count(&self, bytes: usize) -> (&AtomicUsize, usize) {
        if bytes <= SMALL { (&self.small, SMALL_LIMIT) } else { (&self.large, LARGE_LIMIT) }
    }

    /// Lets few bodies be unpacked or parsed at a time.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }
}

/// Admits as many large bodies at a time to unpacking and parsing as leave a processor to everybody else. It also bounds the
/// memory for what they become, which is a multiple of their size.
#[derive(Debug)]
pub(crate) struct Gate(Arc<Semaphore>);

impl Default for Gate {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new((processors / 2).max(1))))
    }
}

impl Gate {
    /// Waits for a turn, which ends when the permit is dropped. `None` never happens: nobody closes the gate.
    pub(crate) async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0).acquire_owned().await.ok()
    }
}

/// The bytes of one body, which count among those of all bodies until this is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    pub(super) bodies: Arc<Bodies>,
    bytes: usize,
}

impl Share {
    fn of(bodies: &Arc<Bodies>) -> Self {
        Self { bodies: Arc::clone(bodies), bytes: 0 }
    }

    /// Counts `bytes` more, or refuses them with status 503.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), ApiError> {
        let all = self.set(self.bytes + bytes);
        let (_, most) = self.bodies.count(self.bytes);
        if all <= most {
            return Ok(());
        }
        Err(ApiError::with_status(
            503,
            "ServiceUnavailable",
            format!("the requests that are arriving already hold more than {} MB; try again", most >> 20),
        ))
    }

    /// Counts `bytes` fewer.
    pub(super) fn shrink(&mut self, bytes: usize) {
        self.set(self.bytes.saturating_sub(bytes));
    }

    /// Changes the number of bytes; returns that of all bodies that are counted in the same place.
    fn set(&mut self, bytes: usize) -> usize {
        let before = std::mem::replace(&mut self.bytes, bytes);
        let [(from, _), (to, _)] = [before, bytes].map(|bytes| self.bodies.count(bytes));
        if std::ptr::eq(from, to) {
            // Wraps when there are fewer, and then comes out right.
            let change = bytes.wrapping_sub(before);
            return to.fetch_add(change, Ordering::Relaxed).wrapping_add(change);
        }
        from.fetch_sub(before, Ordering::Relaxed);
        to.fetch_add(bytes, Ordering::Relaxed) + bytes
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// A request's body that was not read yet. Whoever answers the request reads it whole or in pieces.
#[derive(Debug)]
pub(crate) struct Arriving {
    body: Streamed,
    bodies: Arc<Bodies>,
}

impl Arriving {
    /// A body that arrives through `body`, with a limit of its own. For bodies that the cloud itself makes.
    pub(crate) fn new<B>(body: B) -> Self
    where
        B: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        Self::among(&Arc::default(), body)
    }

    /// A body that arrives through `body`, counted against the limit that all of `bodies` share.
    pub(crate) fn among<B>(bodies: &Arc<Bodies>, body: B) -> Self
    where
        B: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        Self { body: body.map_err(io::Error::other).boxed_unsync(), bodies: Arc::clone(bodies) }
    }

    /// The body in pieces, as they arrive. Only the time that it may stall is limited.
    pub(crate) fn into_pieces(self) -> Pieces {
        Pieces { body: self.body, bodies: self.bodies }
    }

    /// Reads the whole body, and unpacks it when `headers` say that it is gzipped. Refuses a body of more than `limit`
    /// bytes (packed or unpacked) with status 413, one that stalls or takes too long with 408, and one that does not fit
    /// into memory beside the others with 503.
    pub(crate) async fn whole(self, headers: &HeaderMap, limit: usize) -> Result<Bytes, ApiError> {
        self.counted(headers, limit).await.map(|(body, _)| body)
    }

    /// Does what [`Arriving::whole`] does. The body counts against the limit of all bodies until its share is dropped.
    pub(crate) async fn counted(self, headers: &HeaderMap, limit: usize) -> Result<(Bytes, Share), ApiError> {
        let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let announced = announced.unwrap_or(0);
        if announced > limit {
            return Err(too_large(limit));
        }
        let mut share = Share::of(&self.bodies);
        let clock = self.bodies.clock.clone();
        let collecting = collect(self.into_pieces(), &mut share, announced, limit);
        let body = clock.timeout(LONGEST, collecting).await.map_err(|_| too_slow())??;
        match headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
            Some(b"gzip") => unpack(body, share, limit).await,
            _ => Ok((body, share)),
        }
    }
}

/// The pieces of a body.
#[derive(Debug)]
pub(crate) struct Pieces {
    body: Streamed,
    bodies: Arc<Bodies>,
}

impl Pieces {
    /// The next piece; `None` at the body's end. Fails with [`io::ErrorKind::TimedOut`] when nothing arrives for 20 s.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let frame = self.bodies.clock.timeout(STALLED, self.body.frame()).await;
            let Some(frame) = frame.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))? else {
                return Ok(None);
            };
            // Trailers are of no use to anybody.
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
    }

    /// The bodies among which these pieces arrive.
    pub(crate) fn bodies(&self) -> &Arc<Bodies> {
        &self.bodies
    }
}

async fn collect(
    mut body: Pieces,
    share: &mut Share,
    announced: usize,
    limit: usize,
) -> Result<Bytes, ApiError> {
    // Most bodies arrive in one piece, which is not copied.
    let (mut first, mut rest) = (Bytes::new(), Vec::new());
    loop {
        let piece = body.next().await.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => too_slow(),
            _ => ApiError::client("IncompleteBody", format!("the body could not be read: {error}")),
        })?;
        let Some(data) = piece else { break };
        if first.len() + rest.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        share.grow(data.len())?;
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

pub(super) fn too_large(limit: usize) -> ApiError {
    let message = format!("the request is larger than {} MB", limit >> 20);
    ApiError::with_status(413, "RequestEntityTooLargeException", message)
}

/// The body on a manual clock, and how long it may stall.
#[cfg(test)]
pub(crate) fn stalled_after(body: Arriving) -> (Arriving, Clock, Duration) {
    let clock = Clock::manual(0);
    let bodies = Arc::new(Bodies::new(clock.clone()));
    (Arriving { bodies, ..body }, clock, STALLED)
}

#[cfg(test)]
mod tests;
