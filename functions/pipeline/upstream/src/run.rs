//! The function as it runs: [`Upstream`] on Kinesis.
//!
//! It stands in the library, where the compiler keeps it between two saves. In `main.rs` every save would have it instantiated anew.

use std::process::ExitCode;

use crate::handler::Upstream;
use crate::stream::KinesisStream;

/// Answers events until the environment ends.
pub fn run() -> ExitCode {
    pipeline_model::start("upstream", async { Ok(Upstream { stream: KinesisStream::from_env().await }) })
}
