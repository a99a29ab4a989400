//! The command line, and what must be there before anything starts.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Parser;
use zip::write::SimpleFileOptions;

/// Measures devloop's cloud and another local AWS by turns.
#[derive(Debug, Clone, Parser)]
#[command(name = "peer")]
pub(crate) struct Options {
    /// The other local AWS's program; it is started with GATEWAY_PORT and serves AWS's APIs there.
    #[arg(long, default_value = "ministack", value_name = "PROGRAM")]
    pub(crate) peer: PathBuf,
    /// How long requests are sent.
    #[arg(long, default_value_t = 20, value_name = "SECONDS")]
    pub(crate) seconds: u64,
    /// Virtual users; each has a connection of its own and waits for its answers.
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) vus: usize,
    /// How often each side is measured.
    #[arg(long, default_value_t = 3, value_name = "N")]
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

/// Where cargo puts release builds, found from the path of the built devloop.
fn built() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_devloop")).parent().map(Path::to_owned).unwrap_or_default()
}

impl Options {
    /// The functions by name, each as a zip for Lambda. The error says what is missing and how to get it.
    pub(crate) fn code(&self) -> Result<Vec<(String, Vec<u8>)>> {
        if std::process::Command::new(&self.peer).arg("--help").output().is_err() {
            bail!(
                "{} does not start: `pip install ministack==1.5 cbor2`, then --peer <where>/bin/ministack",
                self.peer.display()
            );
        }
        ["upstream", "midstream", "downstream"]
            .into_iter()
            .map(|name| Ok((name.to_owned(), self.zip(name)?)))
            .collect()
    }

    fn zip(&self, name: &str) -> Result<Vec<u8>> {
        let file = self.functions.join(name);
        let binary = fs::read(&file).with_context(|| {
            format!("read {}: `cargo build --release -p upstream -p midstream -p downstream`", file.display())
        })?;
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("bootstrap", SimpleFileOptions::default().unix_permissions(0o755))?;
        zip.write_all(&binary)?;
        Ok(zip.finish()?.into_inner())
    }
}
