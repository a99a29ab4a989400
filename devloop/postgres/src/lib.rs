//! Starts this machine's own PostgreSQL in a private folder, on a free port of loopback, and ends it with the process that started
//! it. A session of devloop uses a [`Server`]; tests that stop a server and start it again use a [`Cluster`].

mod account;
mod cluster;
mod error;
mod folder;
mod process;
mod programs;
mod server;
mod url;

pub use cluster::Cluster;
pub use error::PostgresError;
pub use process::Process;
pub use programs::find;
pub use server::{Death, Server};
pub use url::DatabaseUrl;
