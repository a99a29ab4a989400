//! The way of every event to the main loop, and the clock that stamps it. Whoever sees something holds an [`Events`].

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;

use crate::engine::{Event, Fact, Millis};

/// How many events may wait for the main loop before their senders wait too.
const CAPACITY: usize = 1024;

/// The sending end; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Events(mpsc::Sender<Event>);

impl Events {
    /// A fresh channel, with its receiving end for the main loop.
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Event>) {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        (Self(sender), receiver)
    }

    /// Stamps and sends; waits while the queue is full. After the main loop's end nobody listens, which is not an error.
    pub(crate) async fn send(&self, fact: Fact) {
        let _ = self.0.send(Event { at: now(), fact }).await;
    }

    /// The same from a thread outside of the runtime.
    pub(crate) fn send_blocking(&self, fact: Fact) {
        let _ = self.0.blocking_send(Event { at: now(), fact });
    }
}

/// The time of this moment.
pub(crate) fn now() -> Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as Millis)
}
