//! `single FILE`: one request after the other.

use std::process::ExitCode;

use clap::Parser;
use distributed_clients::{Common, run};

/// Sends every line of a file to the control, one after the other, and prints the answers.
///
/// Exits with 0 when every line succeeded, with 1 when any failed, and with 2 when it cannot begin.
#[derive(Debug, Parser)]
#[command(name = "single")]
struct Options {
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    run(1, "DistComp-Single", &Options::parse().common)
}
