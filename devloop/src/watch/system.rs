//! The sources of file events: the operating system, or polling where its limits are reached.

use std::sync::Arc;
use std::time::Duration;

use notify::{Config, PollWatcher, RecommendedWatcher, Watcher};

/// The interval of polling.
pub(super) const POLL: Duration = Duration::from_millis(500);

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The system's events.
    Events,
    /// Polling.
    Polling,
}

/// Takes a watcher's events; must not block.
pub(super) type Handler = Arc<dyn Fn(notify::Result<notify::Event>) + Send + Sync>;

/// Makes a watcher that watches nothing yet.
pub(super) type Make = Box<dyn Fn(Kind, Handler) -> notify::Result<Box<dyn Watcher + Send>> + Send>;

/// Makes the real watchers.
pub(super) fn make(kind: Kind, handler: Handler) -> notify::Result<Box<dyn Watcher + Send>> {
    let take = move |event| handler(event);
    Ok(match kind {
        Kind::Events => Box::new(RecommendedWatcher::new(take, Config::default())?),
        // Modification times are compared by the second, which can hide a save, so contents are compared.
        Kind::Polling => {
            let config = Config::default().with_poll_interval(POLL).with_compare_contents(true);
            Box::new(PollWatcher::new(take, config)?)
        }
    })
}
