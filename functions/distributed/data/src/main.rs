//! Starts the function.

use std::process::ExitCode;

fn main() -> ExitCode {
    distributed_data::run()
}
