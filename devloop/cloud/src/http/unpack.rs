//! Unpacks gzipped bodies. A few kilobytes may become many megabytes, so whatever is large is unpacked on a thread where
//! blocking is allowed, and counted while it grows.

use std::{io::Read as _, sync::Arc};

use bytes::{Buf as _, Bytes, buf::Reader};
use flate2::bufread::GzDecoder;
use tokio::runtime::Handle;

use super::body::{Share, too_large};
use crate::error::ApiError;

/// Bodies up to this size, packed and unpacked, are unpacked at once: that takes less than a millisecond, and a change of the
/// thread would take longer for most of them.
const SMALL: usize = 128 << 10;

/// How many bytes are unpacked before they are counted.
const STEP: usize = 64 << 10;

/// Unpacks `body`, whose bytes are counted in `share`. Refuses more than `limit` bytes with status 413, and those that do not
/// fit into memory beside other requests with 503.
pub(super) async fn unpack(body: Bytes, share: Share, limit: usize) -> Result<(Bytes, Share), ApiError> {
    let is_small = body.len() <= SMALL;
    let packed = body.len();
    let mut work = Unpacking { packed, reader: GzDecoder::new(body.reader()), out: Vec::new(), share, limit };
    if is_small && work.run(SMALL)? {
        return Ok(work.done());
    }
    let Ok(runtime) = Handle::try_current() else {
        work.run(usize::MAX)?;
        return Ok(work.done());
    };
    let bodies = Arc::clone(&work.share.bodies);
    // The turn lasts until the work has ended, even when the client has gone by then.
    let turn = bodies.gate().enter().await;
    let unpacking = runtime.spawn_blocking(move || {
        let _turn = turn;
        work.run(usize::MAX).map(|_| work.done())
    });
    unpacking.await.unwrap_or_else(|_| Err(ApiError::internal("the body could not be unpacked")))
}

/// A body that is partly unpacked.
struct Unpacking {
    /// How many bytes the packed body has.
    packed: usize,
    reader: GzDecoder<Reader<Bytes>>,
    out: Vec<u8>,
    share: Share,
    limit: usize,
}

impl Unpacking {
    /// Goes on until the end, and then returns true, or until there are `enough` bytes.
    fn run(&mut self, enough: usize) -> Result<bool, ApiError> {
        while self.out.len() < enough {
            let read = self.reader.by_ref().take(STEP as u64).read_to_end(&mut self.out);
            let read = read.map_err(|error| {
                ApiError::client("SerializationException", format!("the body is not valid gzip: {error}"))
            })?;
            if read == 0 {
                return Ok(true);
            }
            if self.out.len() > self.limit {
                return Err(too_large(self.limit));
            }
            self.share.grow(read)?;
        }
        Ok(false)
    }

    fn done(mut self) -> (Bytes, Share) {
        self.share.shrink(self.packed);
        (self.out.into(), self.share)
    }
}
