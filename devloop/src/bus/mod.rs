//! The queue of events to the main loop, and the clock that stamps them. Every task that reports events holds an [`Events`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;

use crate::engine::{Event, Fact, Millis};

/// How many events may wait for the main loop before their senders wait too.
const CAPACITY: usize = 1024;

/// The sending end; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    sender: mpsc::Sender<Event>,
    /// Functions' lines that were dropped since the last one that was queued, because the queue was full.
    dropped: Arc<AtomicU64>,
}

impl Events {
    /// A fresh channel, with its receiving end for the main loop.
    pub(crate) fn channel() -> (Self, mpsc::Receiver<Event>) {
        let (sender, receiver) = mpsc::channel(CAPACITY);
        (Self { sender, dropped: Arc::default() }, receiver)
    }

    /// Stamps and sends; waits while the queue is full. After the main loop's end it is dropped, which is not an error.
    pub(crate) async fn send(&self, fact: Fact) {
        let _ = self.sender.send(Event { at: now(), fact }).await;
    }

    /// The same from a thread outside of the runtime.
    pub(crate) fn send_blocking(&self, fact: Fact) {
        let _ = self.sender.blocking_send(Event { at: now(), fact });
    }

    /// A line that a function wrote. It never waits: an output that nobody reads must not stop the functions. Lines that find the queue
    /// full are dropped and counted, and the count is told before the next line.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "`session::cloud::start_cloud` hands functions' lines to it")
    )]
    pub(crate) fn log(&self, function: &str, line: String) {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        let gap = (dropped > 0)
            .then(|| format!("[{dropped} lines left out: they came faster than they were read]"));
        if !gap.is_none_or(|gap| self.offer(function, gap)) {
            self.dropped.fetch_add(dropped + 1, Ordering::Relaxed);
        } else if !self.offer(function, line) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn offer(&self, function: &str, line: String) -> bool {
        let fact = Fact::Log { function: function.to_owned(), line };
        !matches!(self.sender.try_send(Event { at: now(), fact }), Err(mpsc::error::TrySendError::Full(_)))
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
    use super::{CAPACITY, Events, now, shown};
    use crate::engine::Fact;

    #[test]
    fn a_clock_that_is_set_changes_what_is_shown_and_no_duration() {
        // An event of 40 ms ago, seen by a clock that agrees, one that was put an hour back, and one put an hour forward.
        assert_eq!(shown(1_000_000, 1_000_040, 1_000_040), 1_000_000);
        assert_eq!(shown(9_000_000, 9_000_040, 9_000_040 - 3_600_000), 9_000_000 - 3_600_000);
        assert_eq!(shown(9_000_000, 9_000_040, 9_000_040 + 3_600_000), 9_000_000 + 3_600_000);
        let first = now();
        assert!(now() >= first);
    }

    #[test]
    fn lines_that_find_no_room_are_counted_and_told() {
        let (events, mut inbox) = Events::channel();
        for number in 0..CAPACITY + 3 {
            events.log("up", number.to_string());
        }
        let mut check = |expected: &str| match inbox.try_recv().unwrap().fact {
            Fact::Log { line, .. } => assert_eq!(line, expected),
            other => panic!("{other:?}"),
        };
        for number in 0..CAPACITY {
            check(&number.to_string());
        }
        events.log("up", "after".to_owned());
        check("[3 lines left out: they came faster than they were read]");
        check("after");
    }
}
