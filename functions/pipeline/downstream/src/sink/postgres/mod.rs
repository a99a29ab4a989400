//! Items and their latencies as rows of Postgres.
//!
//! `pipeline_items` is the table as it would be read off the stream: one row an item, with the measurement of the request
//! that wrote it. Streams deliver at least once and a batch may come again long after, so every change carries the place
//! in the stream that it came from, and a change never undoes a later one:
//!
//! - an insertion or modification writes only over a row with a smaller `stream_seq`;
//! - a removal deletes only a row with a smaller one, and leaves its own in `pipeline_removed_items`, where a replayed older
//!   insertion finds that the item is gone. Without this note the row would rise again.
//!
//! The stream forgets a change after 24 hours, so a note that is older than two days can go: what it guards against cannot
//! come any more.

mod batch;
mod connection;
mod database;
mod schema;
mod tls;

use std::cell::RefCell;

use pipeline_model::aws::Cause;
use pipeline_model::{StartError, required};

use self::batch::Batch;
use self::connection::{Connection, Failure};
use self::database::Database;
use super::contract::Sink;
use crate::change::Change;

/// Writes a batch in one transaction, over the one connection that the environment has.
#[derive(Debug)]
pub struct Postgres {
    database: Database,
    /// The connection between two batches. While one is written it is taken out, so that a batch that was given up half-way
    /// takes its connection with it: nobody knows what the server still does on it.
    idle: RefCell<Option<Connection>>,
}

impl Postgres {
    /// Reads `DATABASE_URL`. Connects with the first batch, not before.
    pub fn from_env() -> Result<Self, StartError> {
        const NAME: &str = "DATABASE_URL";
        Self::new(&required(NAME)?).map_err(|why| StartError::Unusable { name: NAME, why })
    }

    /// A sink for the database that the URL names.
    pub fn new(url: &str) -> Result<Self, String> {
        Ok(Self { database: Database::parse(url)?, idle: RefCell::new(None) })
    }

    async fn write(&self, batch: &Batch<'_>) -> Result<(), Failure> {
        let mut connection = match self.idle.take() {
            Some(connection) => connection,
            None => Connection::open(&self.database).await?,
        };
        match connection.write(batch).await {
            // Lost before, during or after the commit: the guards make a second time harmless.
            Err(failure) if failure.lost => {
                connection = Connection::open(&self.database).await?;
                connection.write(batch).await?;
            }
            written => written?,
        }
        self.idle.replace(Some(connection));
        Ok(())
    }
}

impl Sink for Postgres {
    /// Everything up to what no row can hold, and that one alone, so that the answer names it.
    fn fits(&self, changes: &[Change]) -> usize {
        changes
            .iter()
            .position(|change| batch::refusal(change).is_some())
            .map_or(changes.len(), |at| at.max(1))
    }

    async fn emit(&self, changes: &[Change]) -> Result<(), Cause> {
        let batch = Batch::of(changes).map_err(|why| Cause::plain(&why))?;
        if batch.is_empty() {
            return Ok(());
        }
        self.write(&batch).await.map_err(|failure| Cause::plain(&failure.message))
    }
}
