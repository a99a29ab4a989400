//! Why files cannot be watched, each with what to do about it.

use std::path::PathBuf;

use crate::engine::Problem;
use crate::watch::system::POLL;

/// A failure of the operating system's file events.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WatchError {
    /// inotify's limit of watched directories is reached.
    #[error("watch the sources: the limit of watched directories is reached")]
    TooManyWatches,
    /// inotify's limit of watchers, or the process's limit of open files, is reached.
    #[error("watch the sources: the limit of file watchers or open files is reached")]
    TooManyWatchers,
    /// One of the two limits is reached, and the sources are polled instead.
    #[error("{limit}; they are polled every {every} ms instead", every = POLL.as_millis())]
    Polled { limit: Box<WatchError> },
    /// Any other error, with the paths that it is about.
    #[error("watch {}: {message}", listed(.paths))]
    Other {
        /// The paths that are not watched.
        paths: Vec<PathBuf>,
        /// The system's error message.
        message: String,
    },
}

fn listed(paths: &[PathBuf]) -> String {
    match paths {
        [] => "the sources".to_owned(),
        some => some.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "),
    }
}

/// ENOSPC, by which inotify means that no watches are left.
const NO_WATCHES_LEFT: i32 = 28;

/// EMFILE, by which inotify may also mean that no instances are left.
const NO_WATCHERS_LEFT: i32 = 24;

impl From<notify::Error> for WatchError {
    fn from(error: notify::Error) -> Self {
        match &error.kind {
            notify::ErrorKind::MaxFilesWatch => Self::TooManyWatches,
            notify::ErrorKind::Io(io) if io.raw_os_error() == Some(NO_WATCHES_LEFT) => Self::TooManyWatches,
            notify::ErrorKind::Io(io) if io.raw_os_error() == Some(NO_WATCHERS_LEFT) => Self::TooManyWatchers,
            notify::ErrorKind::Io(io) => Self::Other { message: io.to_string(), paths: error.paths },
            kind => Self::Other { message: format!("{kind:?}"), paths: error.paths },
        }
    }
}

impl WatchError {
    /// Whether a limit of the operating system is reached.
    pub(super) fn is_limit(&self) -> bool {
        matches!(self, Self::TooManyWatches | Self::TooManyWatchers)
    }

    /// The error after the sources are polled instead.
    pub(super) fn polled(self) -> Self {
        Self::Polled { limit: Box::new(self) }
    }

    /// The error with its stable code and the next step.
    pub(crate) fn problem(&self) -> Problem {
        let message = self.to_string();
        match self {
            Self::Polled { limit } => Problem { message, ..limit.problem() },
            Self::TooManyWatches => Problem::new("watch_limit", message)
                .with_hint("raise it: sudo sysctl fs.inotify.max_user_watches=524288"),
            Self::TooManyWatchers => Problem::new("watcher_limit", message).with_hint(
                "raise it: sudo sysctl fs.inotify.max_user_instances=512, or ulimit -n 4096; or close other watchers",
            ),
            Self::Other { .. } => Problem::new("watch_failed", message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::WatchError;

    fn check(number: i32, expected: &str) {
        let error = notify::Error::io(std::io::Error::from_raw_os_error(number));
        assert_eq!(WatchError::from(error).problem().code, expected);
    }

    #[test]
    fn inotify_limits_are_named_with_the_fix() {
        check(28, "watch_limit");
        check(24, "watcher_limit");
        check(13, "watch_failed");
    }
}
