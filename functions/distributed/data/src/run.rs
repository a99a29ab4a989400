//! Runs [`Data`] with SQS.

use std::process::ExitCode;

use crate::handler::Data;
use crate::queue::SqsQueue;

/// Answers events until the environment ends.
pub fn run() -> ExitCode {
    distributed_model::start("data", async { Ok(Data { queue: SqsQueue::from_env().await? }) })
}
