//! A function's real binary between a Runtime API and an AWS service that are both played by the test.
//!
//! Included by each function's `tests/process.rs`. Everything listens on port 0, and every wait is for something that
//! happens.

mod environment;
pub(crate) mod server;

pub(crate) use environment::Environment;
pub(crate) use server::{Answer, Server};
