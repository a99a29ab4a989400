//! This machine's own PostgreSQL: found, made in a private folder, started on a free port of loopback, and gone with whoever started
//! it. A session of devloop has a [`Server`]; tests that stop a server and let it go on have a [`Cluster`].

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
