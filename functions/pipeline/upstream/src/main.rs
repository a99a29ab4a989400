//! Wires [`Upstream`] to Kinesis.

use std::process::ExitCode;

use upstream::{KinesisStream, Upstream};

fn main() -> ExitCode {
    pipeline_model::start("upstream", async { Ok(Upstream { stream: KinesisStream::from_env().await }) })
}
