//! The environment's connection.

use std::error::Error as _;
use std::io;

use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, Statement};

use super::batch::Batch;
use super::database::{CONNECT_TIMEOUT, Database};
use super::{schema, tls};

/// A frozen or killed environment must not hold its locks much longer than a function with a timeout of three seconds runs.
const SESSION: &str = "SET idle_in_transaction_session_timeout = '5s'; SET statement_timeout = '5s'";

/// The server ended the session, or can no longer be written to. A new connection may succeed.
const LOST: [SqlState; 5] = [
    SqlState::ADMIN_SHUTDOWN,
    SqlState::CRASH_SHUTDOWN,
    SqlState::CANNOT_CONNECT_NOW,
    SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    // The answer of an Aurora writer that has become a reader.
    SqlState::READ_ONLY_SQL_TRANSACTION,
];

/// Why a batch was not written.
#[derive(Debug)]
pub(super) struct Failure {
    /// The chain of errors, for the log.
    pub(super) message: String,
    /// Whether the connection was lost.
    pub(super) lost: bool,
}

impl Failure {
    fn plain(message: String) -> Self {
        Self { message, lost: false }
    }

    fn new(what: &str, error: &Error) -> Self {
        let detail = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        Self { message: format!("{what}: {error}{detail}"), lost: lost(error) }
    }
}

fn lost(error: &Error) -> bool {
    error.is_closed()
        || error.source().is_some_and(<dyn std::error::Error>::is::<io::Error>)
        || error.code().is_some_and(|code| LOST.contains(code) || code.code().starts_with("08"))
}

/// A connection on which the tables exist. It is closed when this is dropped.
pub(super) struct Connection {
    client: Client,
    upsert: Statement,
    remove: Statement,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    /// Connects, and creates the tables if they are absent.
    pub(super) async fn open(database: &Database) -> Result<Self, Failure> {
        const WHAT: &str = "failed to connect to Postgres";
        let connector = tls::connector(database).map_err(Failure::plain)?;
        // The driver's own limit applies to each address, and only until the server has accepted the connection.
        let (client, connection) = timeout(CONNECT_TIMEOUT, database.config.connect(connector))
            .await
            .map_err(|_| Failure::plain(format!("{WHAT}: no answer within {} s", CONNECT_TIMEOUT.as_secs())))?
            .map_err(|error| Failure::new(WHAT, &error))?;
        // It ends with the client, or with an error that the client's next call returns.
        tokio::spawn(connection);
        Self::prepare(client)
            .await
            .map_err(|error| Failure::new("failed to set up the tables in Postgres", &error))
    }

    async fn prepare(mut client: Client) -> Result<Self, Error> {
        let ((), exists) =
            tokio::try_join!(client.batch_execute(SESSION), client.query_one(schema::EXISTS, &[]))?;
        if !exists.get::<_, bool>(0) {
            let transaction = client.transaction().await?;
            transaction.batch_execute(schema::LOCK_SCHEMA).await?;
            transaction.batch_execute(schema::CREATE).await?;
            transaction.commit().await?;
        }
        let (upsert, remove) =
            tokio::try_join!(client.prepare(schema::UPSERT), client.prepare(schema::REMOVE))?;
        Ok(Self { client, upsert, remove })
    }

    /// Writes the batch in one transaction.
    pub(super) async fn write(&mut self, batch: &Batch<'_>) -> Result<(), Failure> {
        self.transact(batch).await.map_err(|error| Failure::new("failed to write to Postgres", &error))
    }

    async fn transact(&mut self, batch: &Batch<'_>) -> Result<(), Error> {
        let Batch { items, removals } = batch;
        let transaction = self.client.transaction().await?;
        // The lock is taken first, by a statement of its own, because a statement only sees what existed when it began.
        if removals.ids.is_empty() {
            transaction.batch_execute(schema::LOCK_ITEMS).await?;
        } else {
            transaction.batch_execute(schema::LOCK_REMOVALS).await?;
            transaction.execute(&self.remove, &[&removals.ids, &removals.sequences]).await?;
            transaction.batch_execute(schema::FORGET).await?;
        }
        if !items.ids.is_empty() {
            transaction
                .execute(
                    &self.upsert,
                    &[
                        &items.ids,
                        &items.messages,
                        &items.timestamps_ms,
                        &items.received_ms,
                        &items.completed_ms,
                        &items.latencies_ms,
                        &items.run_ids,
                        &items.sequences,
                    ],
                )
                .await?;
        }
        transaction.commit().await
    }
}
