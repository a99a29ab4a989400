//! Wires [`Downstream`] to the sink that `SINK` names.

use std::process::ExitCode;

use downstream::{CloudWatch, Downstream, SinkChoice};
use pipeline_model::PartialBatch;

fn main() -> ExitCode {
    pipeline_model::start("downstream", async {
        let partial = PartialBatch::from_env()?;
        match SinkChoice::from_env()? {
            SinkChoice::CloudWatch => Ok(Downstream { sink: CloudWatch::from_env().await, partial }),
        }
    })
}
