//! Starts the function.

use std::process::ExitCode;

fn main() -> ExitCode {
    processor::run()
}
