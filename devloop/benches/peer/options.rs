//! The command line, and what must be there before anything starts.

#[path = "../support/needed.rs"]
mod needed;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use clap::builder::RangedU64ValueParser;

use self::needed::built;

/// Measures devloop's cloud and another local AWS by turns.
#[derive(Debug, Clone, Parser)]
#[command(name = "peer")]
pub(crate) struct Options {
    /// The other local AWS's program; it is started with GATEWAY_PORT and serves AWS's APIs there.
    #[arg(long, default_value = "ministack", value_name = "PROGRAM")]
    pub(crate) peer: PathBuf,
    /// How long requests are sent.
    #[arg(long, default_value_t = 20, value_name = "SECONDS", value_parser = RangedU64ValueParser::<u64>::from(1..))]
    pub(crate) seconds: u64,
    /// Virtual users; each has a connection of its own and waits for its answers.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) vus: usize,
    /// How often each side is measured.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) rounds: usize,
    /// Fails when devloop completes less than this many times as many runs as the other.
    #[arg(long, default_value_t = 0.0, value_name = "TIMES")]
    pub(crate) at_least: f64,
    /// Where the functions' binaries lie.
    #[arg(long, default_value_os_t = built(), value_name = "FOLDER")]
    pub(crate) functions: PathBuf,
    /// The devloop to measure.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_devloop"), hide_default_value = true, value_name = "FILE")]
    pub(crate) program: PathBuf,
    /// `cargo bench` passes it to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    /// The functions by name, each as a zip for Lambda. The error says what is missing and how to get it.
    pub(crate) fn code(&self) -> Result<Vec<(String, Vec<u8>)>> {
        let install = "`pip install ministack==1.5 cbor2`, then --peer <where>/bin/ministack";
        needed::must_start(&self.peer, install)?;
        let build = "cargo build --release -p upstream -p midstream -p downstream";
        ["upstream", "midstream", "downstream"]
            .into_iter()
            .map(|name| Ok((name.to_owned(), needed::zip(&self.functions.join(name), build)?)))
            .collect()
    }
}
