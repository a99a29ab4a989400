//! `devloop bench`: one file a subcommand, and what they share.

mod ab;
mod files;
mod load;
mod place;
mod stop;
mod swap;
mod wait;

use std::process::ExitCode;

use crate::cli::{BenchArguments, BenchCommand};
use crate::error::UserError;

pub(super) use place::endpoint;

/// The exit code of a run whose waiting timed out: the figures are partial.
const PARTIAL: u8 = 2;

/// The exit code of a run that a condition of `--fail-if` fails, the same as k6's.
const THRESHOLD: u8 = 99;

/// The exit code of a run that a second Ctrl-C aborted: 128 plus the signal's number, as in shells.
const ABORTED: u8 = 130;

/// Does what the arguments say.
pub(crate) async fn bench(arguments: &BenchArguments) -> Result<ExitCode, UserError> {
    match &arguments.command {
        None => load::load(arguments).await,
        Some(BenchCommand::Wait(arguments)) => wait::wait(arguments).await,
        Some(BenchCommand::Swap(arguments)) => swap::swap(arguments).await,
        Some(BenchCommand::Ab(arguments)) => ab::ab(arguments).await,
    }
}
