//! Runs [`Process`] with `DynamoDB`.

use std::process::ExitCode;

use distributed_model::{Delay, DynamoTable, PartialBatch};

use crate::handler::Process;

/// Answers events until the environment ends.
pub fn run() -> ExitCode {
    distributed_model::start("process", async {
        Ok(Process {
            table: DynamoTable::from_env().await?,
            partial: PartialBatch::from_env()?,
            delay: Delay::from_env()?,
        })
    })
}
