//! One of the two programs, in a process of its own.

#[path = "../support/program.rs"]
mod program;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use tokio::process::Command;

use self::program::Program;

/// The kernel's ticks of processor time a second, as programs see them
const TICKS: u64 = 100;

/// A program that listens.
pub(crate) struct Server {
    pub(crate) endpoint: String,
    program: Program,
}

impl Server {
    /// `devloop up` without a template.
    pub(crate) async fn devloop(program: &Path) -> Result<Self> {
        Program::start("devloop", |port| program::devloop(program, port)).await.map(Self::of)
    }

    /// Kinesalite, whose streams become active at once.
    pub(crate) async fn kinesalite(program: &Path) -> Result<Self> {
        Self::start(program, &["--createStreamMs", "0", "--deleteStreamMs", "0", "--shardLimit", "100"]).await
    }

    /// A program that takes `--port` and listens on it.
    pub(crate) async fn start(program: &Path, arguments: &[&str]) -> Result<Self> {
        let name = program.display().to_string();
        let command = |port: &str| {
            let mut command = Command::new(program);
            command.args(arguments).args(["--port", port]);
            command
        };
        Program::start(&name, command).await.map(Self::of)
    }

    fn of(program: Program) -> Self {
        Self { endpoint: format!("http://{}", program.address), program }
    }

    /// The processor time of the program alone, ended children not included.
    pub(crate) fn cpu(&self) -> Duration {
        self.read("stat")
            .and_then(|text| {
                let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
                // The fields after the name begin with the third one
                let ticks = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
                Some(Duration::from_millis((ticks(14)? + ticks(15)?) * 1000 / TICKS))
            })
            .unwrap_or_default()
    }

    /// The program's memory in MB.
    pub(crate) fn resident(&self) -> u64 {
        self.read("status")
            .and_then(|text| {
                let line = text.lines().find(|line| line.starts_with("VmRSS:"))?.to_owned();
                line.split_whitespace().nth(1)?.parse::<u64>().ok()
            })
            .map_or(0, |kilobytes| kilobytes / 1024)
    }

    fn read(&self, file: &str) -> Option<String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.program.process.as_raw_nonzero())).ok()
    }

    /// Ends the program and waits for it.
    pub(crate) async fn stop(self) -> Result<()> {
        self.program.stop().await
    }
}
