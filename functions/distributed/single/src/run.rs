//! Runs [`Single`] with `DynamoDB`.

use std::process::ExitCode;

use distributed_model::{Delay, DynamoTable};

use crate::handler::Single;

/// Answers events until the environment ends.
pub fn run() -> ExitCode {
    distributed_model::start("single", async {
        Ok(Single { table: DynamoTable::from_env().await?, delay: Delay::from_env()? })
    })
}
