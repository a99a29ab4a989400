//! The command line, and what must be there before anything starts.

#[path = "../support/common.rs"]
mod common;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Parser;
use clap::builder::RangedU64ValueParser;

use self::common::Measured;
use self::common::needed::built;

/// Measures puts into streams beside kinesalite, and functions behind streams.
#[derive(Debug, Clone, Parser)]
#[command(name = "streams")]
pub(crate) struct Options {
    /// How many records go through each function.
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) records: usize,
    /// For how long puts are counted, and an idle cloud is measured.
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = RangedU64ValueParser::<u64>::from(1..))]
    pub(crate) seconds: u64,
    /// Connections that put; each waits for its answer.
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) connections: usize,
    /// The most records of one invocation.
    #[arg(long, default_value_t = 1_000, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..=10_000))]
    pub(crate) batch_size: usize,
    /// Kinesalite's program; without it, only devloop's puts are counted.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) kinesalite: Option<PathBuf>,
    /// Fails when devloop takes less than this many times as many puts as kinesalite.
    #[arg(long, default_value_t = 0.0, value_name = "TIMES")]
    pub(crate) at_least: f64,
    /// Where the functions' binaries lie.
    #[arg(long, default_value_os_t = built(), value_name = "FOLDER")]
    pub(crate) functions: PathBuf,
    #[command(flatten)]
    pub(crate) measured: Measured,
}

impl Options {
    /// Checks that the programs exist. The error says what is missing and how to get it.
    pub(crate) fn check(&self) -> Result<()> {
        for function in ["processor", "aggregator"] {
            let file = self.functions.join(function);
            ensure!(
                file.is_file(),
                "there is no {}: `cargo build --release -p processor -p aggregator`",
                file.display()
            );
        }
        if let Some(program) = &self.kinesalite {
            ensure!(
                program.is_file(),
                "there is no {}: `npm install --prefix peer kinesalite`, then --kinesalite peer/node_modules/.bin/kinesalite",
                program.display()
            );
        }
        Ok(())
    }
}
