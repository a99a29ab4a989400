//! `dist N FILE`: up to N requests at a time.

use std::process::ExitCode;

use clap::Parser;
use distributed_clients::{Common, run};

/// Sends every line of a file to the distributed system and prints the answers.
///
/// Exits with 0 when every line succeeded, with 1 when any failed, and with 2 when it cannot begin.
#[derive(Debug, Parser)]
#[command(name = "dist")]
struct Options {
    /// How many requests may be under way at a time.
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1000))]
    parallel: u16,
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    let options = Options::parse();
    run(usize::from(options.parallel), "DistComp", &options.common)
}
