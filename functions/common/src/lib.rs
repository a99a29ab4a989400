//! The framework that every function of every system uses: it starts the function, decodes its event, logs, answers a batch, and
//! sets up the SDK. The types that travel between the functions of one system are in that system's own model.
//!
//! # Log lines
//!
//! Standard output carries JSON, one object a line: first one line per record that the invocation dealt with, then one
//! line for the invocation itself. They are written together, in one call, when the handler is done. An absent value
//! is left out, never `null`. Durations and instants are milliseconds; instants count from the Unix epoch. The pipeline's
//! model lists the fields.

pub mod aws;
mod batch;
mod clock;
mod environment;
mod handler;
mod init_error;
mod invocation;
mod log;
mod start;
mod writes;

pub use batch::{BatchFailure, BatchResponse, PartialBatch};
pub use clock::now_ms;
pub use environment::{StartError, optional, required};
pub use handler::{Handler, InvocationError};
pub use invocation::Invocation;
pub use log::{Level, Row, Times, clip};
pub use start::start;
pub use writes::Writes;
