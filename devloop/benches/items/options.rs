//! The command line, and what must be there before anything starts.

#[path = "../support/common.rs"]
mod common;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Parser;
use clap::builder::RangedU64ValueParser;

use self::common::Measured;

/// Measures puts and reads of items beside dynoxide.
#[derive(Debug, Clone, Parser)]
#[command(name = "items")]
pub(crate) struct Options {
    /// How long puts are counted, and reads.
    #[arg(long, default_value_t = 8, value_name = "SECONDS", value_parser = RangedU64ValueParser::<u64>::from(1..))]
    pub(crate) seconds: u64,
    /// Connections; each waits for its answer.
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) connections: usize,
    /// Dynoxide's program, built with optimisation; without it, only devloop is measured.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) dynoxide: Option<PathBuf>,
    /// Fails when devloop takes fewer than so many times dynoxide's puts.
    #[arg(long, default_value_t = 3.0, value_name = "TIMES")]
    pub(crate) puts_at_least: f64,
    /// Fails when devloop answers fewer than so many times dynoxide's reads.
    #[arg(long, default_value_t = 1.6, value_name = "TIMES")]
    pub(crate) gets_at_least: f64,
    /// Fails when an item takes more memory than this, in bytes.
    #[arg(long, default_value_t = 400.0, value_name = "BYTES")]
    pub(crate) bytes_at_most: f64,
    #[command(flatten)]
    pub(crate) measured: Measured,
}

impl Options {
    /// Says what is missing and how to get it.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some(program) = &self.dynoxide {
            ensure!(
                program.is_file(),
                "there is no {}: `cargo install dynoxide-rs --version 3.2.0 --root peer`, then --dynoxide peer/bin/dynoxide",
                program.display()
            );
        }
        Ok(())
    }
}
