//! Wires [`Downstream`] to the sink that `SINK` names.

use std::process::ExitCode;

use downstream::{Downstream, SinkChoice};
use pipeline_model::PartialBatch;

fn main() -> ExitCode {
    pipeline_model::start("downstream", async {
        let partial = PartialBatch::from_env()?;
        Ok(Downstream { sink: SinkChoice::from_env()?.open().await?, partial })
    })
}
