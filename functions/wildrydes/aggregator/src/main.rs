//! Starts the function.

use std::process::ExitCode;

fn main() -> ExitCode {
    aggregator::run()
}
