//! Why there is no database.

use std::io;

use crate::engine::Problem;

/// Why PostgreSQL cannot be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PostgresError {
    /// There is none on this machine.
    #[error("start PostgreSQL: this machine has none, neither on PATH nor in the folders of distributions")]
    Missing,
    /// It refuses root, and there is nobody else to run as.
    #[error("start PostgreSQL: it never runs as root, and this machine has no user `postgres` to run it as")]
    NoServant,
    /// The folder of its data cannot be made.
    #[error("make a private folder for PostgreSQL in {folder}: {error}")]
    Folder {
        /// Where.
        folder: String,
        /// What the system says.
        error: io::Error,
    },
    /// One of its programs failed.
    #[error("{what}: {said}")]
    Failed {
        /// What the program was to do.
        what: &'static str,
        /// Its last words, or the system's.
        said: String,
    },
}

impl PostgresError {
    /// The error with its stable code and the next step.
    pub(crate) fn problem(&self) -> Problem {
        let message = self.to_string();
        match self {
            Self::Missing => Problem::new("postgres_missing", message).with_hint(
                "install it (Debian and Ubuntu: `apt-get install postgresql`; Fedora: `dnf install postgresql-server`; macOS: \
                 `brew install postgresql`), or name a running database with `--database-url`",
            ),
            Self::NoServant => Problem::new("postgres_no_user", message).with_hint(
                "run devloop as an ordinary user, make the user with `useradd --system postgres`, or name a running database \
                 with `--database-url`",
            ),
            Self::Folder { .. } => Problem::new("postgres_folder", message),
            Self::Failed { .. } => Problem::new("postgres_failed", message),
        }
    }
}
