//! Runs [`Processor`] with `DynamoDB`.

use std::process::ExitCode;

use crate::fail_mode::FailMode;
use crate::handler::Processor;
use crate::table::DynamoTable;

/// Answers events until the environment ends.
pub fn run() -> ExitCode {
    functions_common::start("processor", async {
        Ok(Processor { mode: FailMode::from_env()?, table: DynamoTable::from_env().await? })
    })
}
