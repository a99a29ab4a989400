//! The queue of events to the main loop, and the clock that stamps them. Every task that reports events holds an [`Events`].

use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;

use crate::engine::{Event, Fact, Millis};

/// How many events may wait for the main loop before their senders wait too.
const CAPACITY: usize = 1024;

/// The sending end; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    sender: mpsc::Sender<Event>,
}

impl Events {
    /// A fresh channel, with its receiving end for the main loop.
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Event>) {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        (Self { sender }, receiver)
    }

    /// Stamps and sends; waits while the queue is full. After the main loop's end it is dropped, which is not an error.
    pub(crate) async fn send(&self, fact: Fact) {
        let _ = self.sender.send(Event { at: now(), fact }).await;
    }

    /// The same from a thread outside of the runtime.
    pub(crate) fn send_blocking(&self, fact: Fact) {
        let _ = self.sender.blocking_send(Event { at: now(), fact });
    }
}

/// The time of this moment, for events and for whatever is measured between two of them. It is the wall clock of the program's
/// start and goes on steadily from there: whoever sets the clock of the machine changes no duration.
pub(crate) fn now() -> Millis {
    static START: LazyLock<(Instant, Millis)> = LazyLock::new(|| (Instant::now(), wall()));
    let (start, at_start) = *START;
    at_start + start.elapsed().as_millis() as Millis
}

/// The time of this moment by the machine's clock, for people.
pub(crate) fn wall() -> Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as Millis)
}

/// What the machine's clock showed, or would have shown, at a time of [`now`].
pub(crate) fn wall_at(at: Millis) -> Millis {
    shown(at, now(), wall())
}

/// The clock may have been set in either direction since the program's start.
fn shown(at: Millis, now: Millis, wall: Millis) -> Millis {
    wall.saturating_sub(now.saturating_sub(at))
}

#[cfg(test)]
mod tests {
    use super::{now, shown};

    #[test]
    fn a_clock_that_is_set_changes_what_is_shown_and_no_duration() {
        // An event of 40 ms ago, seen by a clock that agrees, one that was put an hour back, and one put an hour forward.
        assert_eq!(shown(1_000_000, 1_000_040, 1_000_040), 1_000_000);
        assert_eq!(shown(9_000_000, 9_000_040, 9_000_040 - 3_600_000), 9_000_000 - 3_600_000);
        assert_eq!(shown(9_000_000, 9_000_040, 9_000_040 + 3_600_000), 9_000_000 + 3_600_000);
        let first = now();
        assert!(now() >= first);
    }
}
