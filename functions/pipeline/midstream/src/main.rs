//! Wires [`Midstream`] to `DynamoDB`.

use std::process::ExitCode;

use midstream::{DynamoTable, Midstream};
use pipeline_model::PartialBatch;

fn main() -> ExitCode {
    pipeline_model::start("midstream", async {
        Ok(Midstream { partial: PartialBatch::from_env()?, table: DynamoTable::from_env().await? })
    })
}
