//! The command line, and what must be there before anything starts.

#[path = "../support/needed.rs"]
pub(crate) mod needed;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use clap::builder::RangedU64ValueParser;

/// Measures an HTTP API and the function behind it, of devloop's cloud and of another local AWS by turns.
#[derive(Debug, Clone, Parser)]
#[command(name = "apis")]
pub(crate) struct Options {
    /// The other local AWS's program; it is started with GATEWAY_PORT and serves AWS's APIs there.
    #[arg(long, default_value = "ministack", value_name = "PROGRAM")]
    pub(crate) peer: PathBuf,
    /// Measures devloop alone.
    #[arg(long)]
    pub(crate) without_peer: bool,
    /// How long requests are sent, in each of the two loads.
    #[arg(long, default_value_t = 15, value_name = "SECONDS", value_parser = RangedU64ValueParser::<u64>::from(1..))]
    pub(crate) seconds: u64,
    /// Virtual users of the closed loop; each has a connection of its own and waits for its answers.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) vus: usize,
    /// How often each side is measured.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) rounds: usize,
    /// Fails when a wanted figure is missed.
    #[arg(long)]
    pub(crate) strict: bool,
    /// The devloop to measure; the load comes from the one that was built with the benchmark.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_devloop"), hide_default_value = true, value_name = "FILE")]
    pub(crate) program: PathBuf,
    /// `cargo bench` passes it to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    /// Checks that the other program exists. The error says how to get it.
    pub(crate) fn check(&self) -> Result<()> {
        if self.without_peer {
            return Ok(());
        }
        let install = "`pip install ministack==1.5.33`, then --peer <where>/bin/ministack; or --without-peer";
        needed::must_start(&self.peer, install)
    }
}
