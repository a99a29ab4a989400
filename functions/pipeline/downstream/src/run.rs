//! The function as it runs: [`Downstream`] on the sink that `SINK` names.
//!
//! It stands in the library, where the compiler keeps it between two saves. In `main.rs` every save would have it instantiated anew.

use std::process::ExitCode;

use pipeline_model::PartialBatch;

use crate::handler::Downstream;
use crate::sink::SinkChoice;

/// Answers events until the environment ends.
pub fn run() -> ExitCode {
    pipeline_model::start("downstream", async {
        let partial = PartialBatch::from_env()?;
        Ok(Downstream { sink: SinkChoice::from_env()?.open().await?, partial })
    })
}
