//! The command line.

use std::path::PathBuf;

use clap::Parser;
use clap::builder::RangedU64ValueParser;

/// Measures save → live of devloop, of plain cargo and of `cargo lambda watch`, in alternation, on copies of the pipeline.
#[derive(Debug, Clone, Parser)]
#[command(name = "edit_loop")]
pub(crate) struct Options {
    /// How often each edit is made with each contestant.
    #[arg(long, default_value_t = 9, value_name = "N", value_parser = RangedU64ValueParser::<usize>::from(1..))]
    pub(crate) rounds: usize,
    /// A function that is built and served; may be given more than once, and `upstream` must be among them.
    #[arg(long = "function", default_value = "upstream", value_name = "NAME")]
    pub(crate) functions: Vec<String>,
    /// The program `cargo-lambda` [default: the one on the PATH].
    #[arg(long, value_name = "FILE")]
    pub(crate) cargo_lambda: Option<PathBuf>,
    /// The program `wild` [default: the one on the PATH].
    #[arg(long, value_name = "FILE")]
    pub(crate) wild: Option<PathBuf>,
    /// The folder of the copies of the workspace and of cargo's output: several GB, reused by the next run.
    #[arg(long, default_value = concat!(env!("CARGO_TARGET_TMPDIR"), "/edit_loop"), hide_default_value = true, value_name = "DIR")]
    pub(crate) home: PathBuf,
    /// Measures this program instead of the one that was built with the benchmark.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_devloop"), hide_default_value = true, value_name = "FILE")]
    pub(crate) program: PathBuf,
    /// Measures this other build of devloop beside the program, and nobody else.
    #[arg(long, value_name = "FILE")]
    pub(crate) beside: Option<PathBuf>,
    /// `cargo bench` passes it to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}
