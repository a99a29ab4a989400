//! Runs [`Aggregator`] with `DynamoDB`.

use std::process::ExitCode;

use crate::handler::Aggregator;
use crate::sums::DynamoSums;

/// Answers events until the environment ends.
pub fn run() -> ExitCode {
    functions_common::start("aggregator", async { Ok(Aggregator { sums: DynamoSums::from_env().await? }) })
}
