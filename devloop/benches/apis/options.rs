//! The command line, and what must be there before anything starts.

#[path = "../support/common.rs"]
pub(crate) mod common;

use anyhow::Result;
use clap::Parser;
use clap::builder::RangedU64ValueParser;

use self::common::{Measured, Peer};

/// Measures an HTTP API and the function behind it, of devloop's cloud and of another local AWS by turns.
#[derive(Debug, Clone, Parser)]
#[command(name = "apis")]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) other: Peer,
    /// How long requests are sent, in each of the two loads.
    #[arg(long, default_value_t = 15, value_name = "SECONDS", value_parser = RangedU64ValueParser::<u64>::from(1..))]
    pub(crate) seconds: u64,
    /// Virtual users of the closed loop; each has a connection of its own and waits for its answers.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) vus: usize,
    /// Fails when a wanted figure is missed.
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) measured: Measured,
}

impl Options {
    /// Checks that the other program exists. The error says how to get it.
    pub(crate) fn check(&self) -> Result<()> {
        self.other.must_start()
    }
}
