//! What is built after the running build, and how often in a row a build is given up for newer saves.

use crate::engine::plan::Request;

/// How many builds one after the other may be cancelled. The next one runs to its end, whatever is saved meanwhile: otherwise a
/// file that is written all the time would keep every save from going live.
const CANCELLED_IN_A_ROW: usize = 3;

/// The requests that wait for the running build.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Option<Request>,
    cancelled: usize,
}

impl Queue {
    /// Whether the running build is to be cancelled for the request. If so, the cancellation is counted.
    pub(super) fn cancels(&mut self, request: &Request) -> bool {
        let cancels = (request.alters || request.reread) && self.cancelled < CANCELLED_IN_A_ROW;
        self.cancelled += usize::from(cancels);
        cancels
    }

    /// Keeps the request until the running build has ended.
    pub(super) fn keep(&mut self, mut request: Request) {
        if let Some(earlier) = self.waiting.take() {
            request.take_over(earlier);
        }
        self.waiting = Some(request);
    }

    /// Takes the waiting request, which becomes part of a build now.
    pub(super) fn take(&mut self) -> Option<Request> {
        self.waiting.take()
    }

    /// A build ran to its end. Returns the request that waited for it.
    pub(super) fn ended(&mut self) -> Option<Request> {
        self.cancelled = 0;
        self.waiting.take()
    }
}
