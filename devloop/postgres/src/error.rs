//! Why there is no database.

use std::io;

/// Why PostgreSQL cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// There is none on this machine.
    #[error("start PostgreSQL: this machine has none, neither on PATH nor in the folders of distributions")]
    Missing,
    /// It refuses to run as root, and there is no account `postgres`.
    #[error("start PostgreSQL: it never runs as root, and this machine has no user `postgres` to run it as")]
    NoUser,
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

/// What the program was to do, and its last words or the system's.
pub(crate) fn failed(what: &'static str, said: impl ToString) -> PostgresError {
    PostgresError::Failed { what, said: said.to_string() }
}

impl PostgresError {
    /// A short name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "postgres_missing",
            Self::NoUser => "postgres_no_user",
            Self::Folder { .. } => "postgres_folder",
            Self::Failed { .. } => "postgres_failed",
        }
    }

    /// What helps, beside a database that runs already.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Missing => Some(
                "install it (Debian and Ubuntu: `apt-get install postgresql`; Fedora: `dnf install postgresql-server`; macOS: \
                 `brew install postgresql`)",
            ),
            Self::NoUser => {
                Some("run this as an ordinary user, or make the user with `useradd --system postgres`")
            }
            Self::Folder { .. } | Self::Failed { .. } => None,
        }
    }
}
