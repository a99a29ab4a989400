//! The live feed: sends every event to followers as it is logged. Without followers it allocates nothing.

use std::sync::{Arc, OnceLock};

use tokio::sync::broadcast::{self, Receiver, Sender};

/// How many events a follower may lag behind before it misses some.
const BACKLOG: usize = 4_096;

/// One event as it was logged.
#[derive(Debug, Clone)]
pub struct LogEvent {
    /// The region of the log group.
    pub region: Arc<str>,
    /// The log group, such as `/aws/lambda/upstream`.
    pub group: Arc<str>,
    /// The log stream.
    pub stream: Arc<str>,
    /// When the event happened, in ms since the epoch.
    pub at_ms: i64,
    /// The line.
    pub message: Arc<str>,
}

/// The sender of the feed.
#[derive(Debug, Default)]
pub(crate) struct Live(OnceLock<Sender<LogEvent>>);

impl Live {
    /// Follows all events from now on. A follower that is too slow gets `Lagged` with the number of missed events.
    pub(crate) fn subscribe(&self) -> Receiver<LogEvent> {
        self.0.get_or_init(|| broadcast::channel(BACKLOG).0).subscribe()
    }

    /// Sends the events of one stream. They are created only if there is a follower.
    pub(crate) fn send<'a>(
        &self,
        region: &str,
        group: &Arc<str>,
        stream: &Arc<str>,
        events: impl Iterator<Item = (i64, &'a Arc<str>)>,
    ) {
        let Some(sender) = self.0.get().filter(|sender| sender.receiver_count() > 0) else { return };
        let region: Arc<str> = region.into();
        for (at_ms, message) in events {
            // An error means that the last follower has just left.
            let _ = sender.send(LogEvent {
                region: Arc::clone(&region),
                group: Arc::clone(group),
                stream: Arc::clone(stream),
                at_ms,
                message: Arc::clone(message),
            });
        }
    }
}
