//! Runs [`Midstream`] with `DynamoDB`.
//!
//! This is in the library, so that the compiler can reuse it between two saves. In `main.rs` its generic code would be instantiated
//! anew at every save.

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
