//! The command line.

use clap::Parser;

/// Measures the example pipeline on the embedded cloud: the real `devloop up` in a process of its own, loaded by `devloop bench`.
#[derive(Debug, Clone, Parser)]
#[command(name = "pipeline")]
pub(crate) struct Options {
    /// For how long the idle pipeline is measured.
    #[arg(long, default_value_t = 5, value_name = "SECONDS")]
    pub(crate) idle: u64,
    /// How often the time to `ready` is measured.
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub(crate) starts: usize,
    /// Cargo's profile for the functions.
    #[arg(long, default_value = "release", value_name = "PROFILE")]
    pub(crate) profile: String,
    /// The mappings' batch size, instead of the stack's.
    #[arg(long, value_name = "N")]
    pub(crate) batch_size: Option<u32>,
    /// Measures this program's cloud instead of that of the one that was built with the benchmark.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_devloop"), hide_default_value = true, value_name = "FILE")]
    pub(crate) program: std::path::PathBuf,
    /// Further arguments go to `devloop bench`, such as
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "BENCH OPTIONS")]
    bench: Vec<String>,
}

impl Options {
    /// The options of `devloop bench`. `cargo bench` adds one of its own to every benchmark.
    pub(crate) fn bench(&self) -> impl Iterator<Item = &String> {
        self.bench.iter().filter(|option| *option != "--bench")
    }
}
