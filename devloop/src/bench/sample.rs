//! The generator's measurement of one request.

use crate::bench::payload::id;

/// One request, in microseconds since the load began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    /// The virtual user, counted from 1.
    pub(crate) user: u32,
    /// The user's request, counted from 0.
    pub(crate) iteration: u32,
    /// When it was to be sent.
    pub(crate) due: u64,
    /// When it was due and its user was free; a later sending is the generator's own delay.
    pub(crate) free: u64,
    /// When it was sent.
    pub(crate) sent: u64,
    /// When the whole answer was there.
    pub(crate) ended: u64,
    /// The answer's status; 0 where there was no answer.
    pub(crate) status: u16,
}

impl Sample {
    /// Whether the answer accepts the request: the pipeline answers 200, other functions any success status.
    pub(crate) fn accepted(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// From the time when the request was due to the whole answer, in microseconds. A slow answer delays the sending of later
    /// requests, so counting from the sending would hide that delay (coordinated omission).
    pub(crate) fn latency(&self) -> u64 {
        self.ended.saturating_sub(self.due)
    }

    /// How late the generator itself was, in microseconds.
    pub(crate) fn delay(&self) -> u64 {
        self.sent.saturating_sub(self.free)
    }

    pub(crate) fn id(&self, run: &str) -> String {
        id(run, self.user, self.iteration)
    }
}
