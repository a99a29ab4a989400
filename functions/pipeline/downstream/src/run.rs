//! Runs [`Downstream`] with the sink that `SINK` names.
//!
//! This is in the library, so that the compiler can reuse it between two saves. In `main.rs` its generic code would be instantiated
//! anew at every save.

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
