//! Runs [`Upstream`] with Kinesis.
//!
//! This is in the library, so that the compiler can reuse it between two saves. In `main.rs` its generic code would be instantiated
//! anew at every save.

use std::process::ExitCode;

use crate::handler::Upstream;
use crate::stream::KinesisStream;

/// Answers events until the environment ends.
pub fn run() -> ExitCode {
    pipeline_model::start("upstream", async { Ok(Upstream { stream: KinesisStream::from_env().await }) })
}
