//! The session's database. It starts before the cloud and ends after it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::bus::Events;
use crate::engine::Fact;
use crate::error::{Exit, UserError};
use crate::postgres::{DatabaseUrl, Server};
use crate::session::Database;

/// The output that shows how to look at the rows.
const OUTPUT: &str = "Psql";

/// The database that the functions get.
pub(super) struct SessionDatabase {
    url: DatabaseUrl,
    /// A server of the session's own; it ends with the session.
    own: Option<Server>,
}

impl SessionDatabase {
    /// Starts a server below `home`, or takes the database that was named.
    pub(super) async fn open(asked: &Database, home: &Path, events: &Events) -> Result<Self, UserError> {
        match asked {
            Database::Given(url) => Ok(Self { url: url.clone(), own: None }),
            Database::Own => {
                let (server, death) = Server::start(home)
                    .await
                    .map_err(|error| UserError { problem: error.problem(), exit: Exit::Cloud })?;
                let events = events.clone();
                tokio::spawn(async move {
                    if let Some(problem) = death.wait().await {
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

    /// How to look at it. The password of a server of ours lives as long as the server and opens nothing else; that of another
    /// is not ours to show.
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
