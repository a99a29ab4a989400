//! The session's database. It starts before the cloud and ends after it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::bus::Events;
use crate::engine::{Fact, Problem};
use crate::error::{Exit, UserError};
use crate::session::Database;
use local_postgres::{DatabaseUrl, PostgresError, Server};

/// The output that shows how to look at the rows.
const OUTPUT: &str = "Psql";

/// The database that the functions get.
pub(super) struct SessionDatabase {
    url: DatabaseUrl,
    /// The session's own server, which ends with it.
    own: Option<Server>,
}

impl SessionDatabase {
    /// Starts a server below `home`, or takes the database that was named.
    pub(super) async fn open(asked: &Database, home: &Path, events: &Events) -> Result<Self, UserError> {
        match asked {
            Database::Given(url) => Ok(Self { url: url.clone(), own: None }),
            Database::Own => {
                let started = Server::start(home).await;
                let (server, death) =
                    started.map_err(|error| UserError { problem: problem(&error), exit: Exit::Cloud })?;
                let events = events.clone();
                tokio::spawn(async move {
                    if let Some(message) = death.wait().await {
                        let problem = Problem::new("postgres_died", message);
                        events.send(Fact::Error { problem }).await;
                    }
                });
                Ok(Self { url: server.url().clone(), own: Some(server) })
            }
        }
    }

    /// Where it is.
    pub(super) fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Adds an output that shows how to look at the rows. It contains the password of the session's own server, which is valid only
    /// as long as that server; the password of another database is not shown.
    pub(super) fn add_to(&self, outputs: &mut BTreeMap<String, String>) {
        let url = match &self.own {
            Some(server) => server.url().as_str().to_owned(),
            None => self.url.without_password(),
        };
        outputs.insert(OUTPUT.to_owned(), format!("psql '{url}'"));
    }

    /// Ends the session's own server.
    pub(super) async fn close(self) {
        if let Some(server) = self.own {
            server.stop().await;
        }
    }
}

/// Why there is no server, and what the user can do about it.
fn problem(error: &PostgresError) -> Problem {
    let problem = Problem::new(error.code(), error.to_string());
    match error.hint() {
        Some(hint) => problem.with_hint(format!("{hint}, or name a running database with `--database-url`")),
        None => problem,
    }
}
