//! The sinks of a session's last function, and PostgreSQL's own client.

use super::{LIMIT, Session, eventually};

/// The pipeline's sinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sink {
    /// Metrics, which are the default.
    CloudWatch,
    /// Rows of a PostgreSQL that devloop starts, and metrics.
    Both,
}

impl Sink {
    /// Starts `devloop watch` on a fresh copy with this sink, and waits until every function is live.
    pub fn session(self) -> Session {
        match self {
            Self::CloudWatch => Session::live(),
            Self::Both => Session::live_with(&["--postgres"]),
        }
    }
}

/// Ends the test where this machine has no PostgreSQL for a session to start.
pub fn need_postgres() {
    if local_postgres::find(Some(&test_tools::path())).is_err() {
        test_tools::not_run("PostgreSQL");
    }
}

/// PostgreSQL's own client on a session's database.
pub struct Psql(String);

impl Psql {
    /// Uses the command that devloop shows.
    pub fn of(session: &Session) -> Self {
        let line = session.outputs["Psql"].as_str().unwrap_or_else(|| panic!("{}", session.outputs));
        let url = line.strip_prefix("psql '").and_then(|rest| rest.strip_suffix('\''));
        Self(url.unwrap_or_else(|| panic!("{line}")).to_owned())
    }

    /// Uses the database at this URL.
    pub fn new(url: &str) -> Self {
        Self(url.to_owned())
    }

    /// The database's URL, with its password.
    pub fn url(&self) -> &str {
        &self.0
    }

    /// The rows of a statement, without decoration.
    pub fn rows(&self, statement: &str) -> Vec<String> {
        self.ask(statement).unwrap_or_else(|error| panic!("{statement}: {error}"))
    }

    /// The rows, or psql's error.
    pub fn ask(&self, statement: &str) -> Result<Vec<String>, String> {
        let output = test_tools::command("psql")
            .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", statement, &self.0])
            .output()
            .unwrap();
        if output.status.success() {
            Ok(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// Waits until the statement's only row is this one.
    pub fn wait_for(&self, statement: &str, row: &str) {
        eventually(&format!("{statement} is {row}"), LIMIT, || match self.ask(statement) {
            Ok(rows) if rows == [row] => Ok(()),
            other => Err(other),
        });
    }
}
