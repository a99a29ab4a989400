//! The command line, and which programs are there.

#[path = "../support/needed.rs"]
mod needed;

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use clap::builder::RangedU64ValueParser;

use crate::side::Kind;

/// Measures devloop's S3, s3rver and MiniStack.
#[derive(Debug, Clone, Parser)]
#[command(name = "objects")]
pub(crate) struct Options {
    /// For how long small objects are put, and for how long they are got.
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = RangedU64ValueParser::<u64>::from(1..))]
    pub(crate) seconds: u64,
    /// Connections that work at the same time.
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) connections: usize,
    /// The size of large objects; each connection puts and gets one.
    #[arg(long, default_value_t = 100, value_name = "MB", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) large_mb: usize,
    /// The keys of the bucket that is listed.
    #[arg(long, default_value_t = 100_000, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) keys: usize,
    /// The size of the upload in parts of 16 MB.
    #[arg(long, default_value_t = 1024, value_name = "MB", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) parts_mb: usize,
    /// The size of the upload whose memory is measured, for devloop alone; 0 leaves it out.
    #[arg(long, default_value_t = 5 * 1024, value_name = "MB")]
    pub(crate) huge_mb: usize,
    /// Fails when devloop puts or gets small objects less than this many times as fast as another program.
    #[arg(long, default_value_t = 0.0, value_name = "TIMES")]
    pub(crate) at_least: f64,
    /// The devloop to measure.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_devloop"), hide_default_value = true, value_name = "FILE")]
    pub(crate) program: PathBuf,
    /// `npm install s3rver@3.7.1` puts it into `node_modules/.bin`.
    #[arg(long, default_value = "s3rver", value_name = "PROGRAM")]
    pub(crate) s3rver: PathBuf,
    /// `pip install ministack==1.5.33` puts it into the environment's `bin`.
    #[arg(long, default_value = "ministack", value_name = "PROGRAM")]
    pub(crate) ministack: PathBuf,
    /// Measures devloop alone.
    #[arg(long)]
    pub(crate) alone: bool,
    /// `cargo bench` passes it to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Options {
    /// The programs to measure. The error says what is missing and how to get it.
    pub(crate) fn sides(&self) -> Result<Vec<Kind>> {
        if self.alone {
            return Ok(vec![Kind::Devloop]);
        }
        for (program, install) in
            [(&self.s3rver, "npm install s3rver@3.7.1"), (&self.ministack, "pip install ministack==1.5.33")]
        {
            needed::must_start(program, &format!("`{install}`, then name it, or measure with --alone"))?;
        }
        Ok(vec![Kind::Devloop, Kind::S3rver, Kind::MiniStack])
    }
}
