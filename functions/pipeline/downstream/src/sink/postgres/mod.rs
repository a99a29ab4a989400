//! Items and their latencies as rows of Postgres.
//!
//! `pipeline_items` is a copy of the table, built from its stream: one row for each item, with the measurement of the request that
//! wrote it. Streams deliver at least once, and a batch may come again much later. So every change carries its position in the
//! stream, and a change never undoes a later one:
//!
//! - an insertion or modification writes only over a row with a smaller `stream_seq`;
//! - a removal deletes only a row with a smaller one, and notes its own in `pipeline_removed_items`, where a replayed older
//!   insertion finds that the item is gone. Without this note the row would be created again.
//!
//! The stream forgets a change after 24 hours, so a note that is older than two days can be deleted: no older change can come any
//! more.

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
    /// The connection between two batches. It is taken out while a batch is written, so that a batch that was given up half-way
    /// also gives its connection up: it is unknown what the server is still doing on it.
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
            // The connection may have been lost before, during or after the commit. The conditions of the statements make a second
            // write harmless.
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
    /// All changes up to one that no row can hold; that one is taken alone, so that the answer names it.
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
