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
    /// Makes the queue. The main loop gets the receiving end.
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Event>) {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        (Self { sender }, receiver)
    }

    /// Stamps the fact with the time and sends it; waits while the queue is full. After the main loop has ended, the fact is
    /// dropped, which is not an error.
    pub(crate) async fn send(&self, fact: Fact) {
        let _ = self.sender.send(Event { at: now(), fact }).await;
    }

    /// Sends from a thread outside of the runtime.
    pub(crate) fn send_blocking(&self, fact: Fact) {
        let _ = self.sender.blocking_send(Event { at: now(), fact });
    }
}

/// The current time, for events and for durations. It starts as the wall clock of the program's start and goes on steadily from
/// there, so that setting the machine's clock changes no duration.
pub(crate) fn now() -> Millis {
    static START: LazyLock<(Instant, Millis)> = LazyLock::new(|| (Instant::now(), wall()));
    let (start, at_start) = *START;
    at_start + start.elapsed().as_millis() as Millis
}

/// The current time by the machine's clock, for people.
pub(crate) fn wall() -> Millis {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as Millis)
}

/// What the machine's clock showed, or would have shown, at a time of [`now`].
pub(crate) fn wall_at(at: Millis) -> Millis {
    shown(at, now(), wall())
}

/// Takes into account that the machine's clock may have been set forward or back since the program's start.
fn shown(at: Millis, now: Millis, wall: Millis) -> Millis {
    wall.saturating_sub(now.saturating_sub(at))
}

#[cfg(test)]
mod tests {
    use super::{now, shown};

    #[test]
    fn a_clock_that_is_set_changes_what_is_shown_and_no_duration() {
        // An event of 40 ms ago, by a clock that agrees, one that was set an hour back, and one that was set an hour forward.
        assert_eq!(shown(1_000_000, 1_000_040, 1_000_040), 1_000_000);
        assert_eq!(shown(9_000_000, 9_000_040, 9_000_040 - 3_600_000), 9_000_000 - 3_600_000);
        assert_eq!(shown(9_000_000, 9_000_040, 9_000_040 + 3_600_000), 9_000_000 + 3_600_000);
        let first = now();
        assert!(now() >= first);
    }
}
