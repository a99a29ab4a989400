//! The machine's own PostgreSQL for one session: found, made in a private folder, started on a free port of loopback, and gone
//! with the session. `session` starts it before the cloud, whose functions get its URL.

mod error;
mod folder;
mod programs;
mod servant;
mod server;
mod url;

pub(crate) use error::PostgresError;
pub(crate) use server::Server;
pub(crate) use url::DatabaseUrl;
