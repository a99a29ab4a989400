//! What the generator saw of one request.

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
    /// When it was due and its user was free; anything later is the generator's own delay.
    pub(crate) free: u64,
    /// When it was sent.
    pub(crate) sent: u64,
    /// When the whole answer was there.
    pub(crate) ended: u64,
    /// The answer's status; 0 where there was no answer.
    pub(crate) status: u16,
}

impl Sample {
    /// The answer says that the request was taken: the pipeline answers 200, other functions with any status of success.
    pub(crate) fn accepted(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// From when it was to be sent to the whole answer, in microseconds. Counted from when it was due, because a slow
    /// answer delays the sending of the next requests (coordinated omission).
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
