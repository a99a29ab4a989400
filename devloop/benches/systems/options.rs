//! The command line, and what must be there before anything starts.

#[path = "../support/needed.rs"]
mod needed;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Parser;
use clap::builder::RangedU64ValueParser;

use self::needed::{built, must_start};
use crate::SYSTEMS;

/// Measures the distributed system beside the single function that does the same work.
#[derive(Debug, Clone, Parser)]
#[command(name = "systems")]
pub(crate) struct Options {
    /// How long the work on a word takes besides its transformation, in ms; may be given more than once.
    #[arg(long = "delay", default_values_t = [0, 10, 100], value_name = "MS")]
    pub(crate) delays: Vec<u64>,
    /// How many requests `dist` sends at once.
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..=1_000))]
    pub(crate) at_once: usize,
    /// How often each is measured; the median is shown.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) rounds: usize,
    /// The words, one a line.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../functions/distributed/mydata.txt"), hide_default_value = true, value_name = "FILE")]
    pub(crate) words: PathBuf,
    /// Where the functions and the clients `dist` and `single` lie.
    #[arg(long, default_value_os_t = built(), hide_default_value = true, value_name = "FOLDER")]
    pub(crate) binaries: PathBuf,
    /// The devloop to measure.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_devloop"), hide_default_value = true, value_name = "FILE")]
    pub(crate) program: PathBuf,
    /// Where the figures are written as JSON, for the chart in the documentation.
    #[arg(long, value_name = "FILE")]
    pub(crate) keep: Option<PathBuf>,
    /// `cargo bench` passes it to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    /// Checks that the binaries exist. The error says how to build them.
    pub(crate) fn check(&self) -> Result<()> {
        let build = "`cargo build --release --workspace --bins`";
        for name in SYSTEMS.iter().flat_map(|system| system.binaries) {
            let binary = self.binaries.join(name);
            ensure!(binary.is_file(), "there is no {}: {build}", binary.display());
        }
        ["dist", "single"].into_iter().try_for_each(|client| must_start(&self.binaries.join(client), build))
    }
}
