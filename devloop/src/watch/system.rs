//! What tells us of changed files: the operating system, or where its limits are reached, a look at all of them again and again.

use std::sync::Arc;
use std::time::Duration;

use notify::{Config, PollWatcher, RecommendedWatcher, Watcher};

/// How often files are looked at where the system does not tell.
pub(super) const POLL: Duration = Duration::from_millis(500);

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The system's events.
    Events,
    /// Looking again.
    Polling,
}

/// Takes what a watcher saw; must not wait.
pub(super) type Handler = Arc<dyn Fn(notify::Result<notify::Event>) + Send + Sync>;

/// Makes a watcher that watches nothing yet.
pub(super) type Make = Box<dyn Fn(Kind, Handler) -> notify::Result<Box<dyn Watcher + Send>> + Send>;

/// The real ones.
pub(super) fn make(kind: Kind, handler: Handler) -> notify::Result<Box<dyn Watcher + Send>> {
    let take = move |event| handler(event);
    Ok(match kind {
        Kind::Events => Box::new(RecommendedWatcher::new(take, Config::default())?),
        // Times of files are known to the second here, which hides a save; contents are not.
        Kind::Polling => {
            let config = Config::default().with_poll_interval(POLL).with_compare_contents(true);
            Box::new(PollWatcher::new(take, config)?)
        }
    })
}
