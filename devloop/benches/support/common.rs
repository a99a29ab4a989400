//! Options that several benchmarks take.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use clap::builder::RangedU64ValueParser;

#[path = "needed.rs"]
pub(crate) mod needed;

/// What is measured, and how often.
#[derive(Debug, Clone, Args)]
pub(crate) struct Measured {
    /// How often each side is measured.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) rounds: usize,
    /// The devloop to measure.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_devloop"), hide_default_value = true, value_name = "FILE")]
    pub(crate) program: PathBuf,
    /// `cargo bench` passes it to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// The other local AWS, which is measured by turns with devloop's cloud.
#[derive(Debug, Clone, Args)]
pub(crate) struct Peer {
    /// The other local AWS's program; it is started with GATEWAY_PORT and serves AWS's APIs there.
    #[arg(long, default_value = "ministack", value_name = "PROGRAM")]
    pub(crate) peer: PathBuf,
    /// Measures devloop alone.
    #[arg(long)]
    pub(crate) without_peer: bool,
}

impl Peer {
    /// Checks that the program starts, unless devloop is measured alone. The error says how to get it.
    pub(crate) fn must_start(&self) -> Result<()> {
        if self.without_peer {
            return Ok(());
        }
        let install =
            "`pip install ministack==1.5.33 cbor2`, then --peer <where>/bin/ministack; or --without-peer";
        needed::must_start(&self.peer, install)
    }
}
