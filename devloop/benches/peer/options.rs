//! The command line, and what must be there before anything starts.

#[path = "../support/common.rs"]
mod common;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use clap::builder::RangedU64ValueParser;

use self::common::needed::{self, built};
use self::common::{Measured, Peer};

/// Measures devloop's cloud and another local AWS by turns.
#[derive(Debug, Clone, Parser)]
#[command(name = "peer")]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) other: Peer,
    /// How long requests are sent.
    #[arg(long, default_value_t = 20, value_name = "SECONDS", value_parser = RangedU64ValueParser::<u64>::from(1..))]
    pub(crate) seconds: u64,
    /// Virtual users; each has a connection of its own and waits for its answers.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) vus: usize,
    /// Fails when devloop completes less than this many times as many runs as the other.
    #[arg(long, default_value_t = 0.0, value_name = "TIMES")]
    pub(crate) at_least: f64,
    /// Where the functions' binaries lie.
    #[arg(long, default_value_os_t = built(), value_name = "FOLDER")]
    pub(crate) functions: PathBuf,
    #[command(flatten)]
    pub(crate) measured: Measured,
}

impl Options {
    /// The functions by name, each as a zip for Lambda. The error says what is missing and how to get it.
    pub(crate) fn code(&self) -> Result<Vec<(String, Vec<u8>)>> {
        self.other.must_start()?;
        let build = "cargo build --release -p upstream -p midstream -p downstream";
        ["upstream", "midstream", "downstream"]
            .into_iter()
            .map(|name| Ok((name.to_owned(), needed::zip(&self.functions.join(name), build)?)))
            .collect()
    }
}
