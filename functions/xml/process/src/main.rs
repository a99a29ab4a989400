//! Starts the function.

use std::process::ExitCode;

fn main() -> ExitCode {
    xml_process::run()
}
