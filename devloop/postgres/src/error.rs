//! Why there is no database.

use std::io;

/// Why PostgreSQL cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// PostgreSQL is not installed.
    #[error("start PostgreSQL: this machine has none, neither on PATH nor in the folders of distributions")]
    Missing,
    /// PostgreSQL refuses to run as root, and there is no account `postgres`.
    #[error("start PostgreSQL: it never runs as root, and this machine has no user `postgres` to run it as")]
    NoUser,
    /// The folder for its data cannot be made.
    #[error("make a private folder for PostgreSQL in {folder}: {error}")]
    Folder {
        /// Where the folder was to be made.
        folder: String,
        /// The system's error.
        error: io::Error,
    },
    /// One of its programs failed.
    #[error("{what}: {said}")]
    Failed {
        /// What the program was to do.
        what: &'static str,
        /// Its last lines, or the system's error.
        said: String,
    },
}

/// The error of a program: what it was to do, and its last lines or the system's error.
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

    /// What the user can do, besides naming a running database.
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
