//! The function as it runs: [`Midstream`] on `DynamoDB`.
//!
//! It stands in the library, where the compiler keeps it between two saves. In `main.rs` every save would have it instantiated anew.

use std::process::ExitCode;

use pipeline_model::PartialBatch;

use crate::handler::Midstream;
use crate::table::DynamoTable;

/// Answers events until the environment ends.
pub fn run() -> ExitCode {
    pipeline_model::start("midstream", async {
        Ok(Midstream { partial: PartialBatch::from_env()?, table: DynamoTable::from_env().await? })
    })
}
