//! A function's real binary between a fake Runtime API and a fake AWS service, both of which the test implements.
//!
//! Included by each function's `tests/process.rs`. Everything listens on a free port, and every wait is for an event.

mod environment;
pub(crate) mod server;

pub(crate) use environment::Environment;
pub(crate) use server::{Answer, Server};
