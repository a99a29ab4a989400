//! One of the two programs, in a process of its own.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// How long a program may take to listen, and to end.
const LISTENS_WITHIN: Duration = Duration::from_secs(60);
const ENDS_WITHIN: Duration = Duration::from_secs(20);

/// The kernel's ticks of processor time a second, as programs see them
const TICKS: u64 = 100;

/// A program that listens.
pub(crate) struct Server {
    pub(crate) endpoint: String,
    child: Child,
    process: Pid,
}

impl Server {
    /// `devloop up` without a template.
    pub(crate) async fn devloop(program: &Path) -> Result<Self> {
        Self::start(program, &["up", "--no-template", "--json"]).await
    }

    /// Kinesalite, whose streams become active at once.
    pub(crate) async fn kinesalite(program: &Path) -> Result<Self> {
        Self::start(program, &["--createStreamMs", "0", "--deleteStreamMs", "0", "--shardLimit", "100"]).await
    }

    /// A program that takes `--port` and listens on it.
    pub(crate) async fn start(program: &Path, arguments: &[&str]) -> Result<Self> {
        // Free now; that somebody else takes it before the program does is unlikely enough for a benchmark.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = Command::new(program);
        command.args(arguments).args(["--port", &port.to_string()]);
        // An empty folder, so that there is nothing to build.
        command.env("LAMBDA_SRC_PATH", "devloop/benches");
        command.env_remove("AWS_ENDPOINT_URL").env_remove("USE_LOCALSTACK");
        command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let process =
            child.id().and_then(|id| Pid::from_raw(id as i32)).context("the program ended at once")?;
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if let Some(status) = child.try_wait()? {
                bail!("{} ended with {status} before it listened", program.display());
            }
            ensure!(began.elapsed() < LISTENS_WITHIN, "{} did not listen in time", program.display());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Self { endpoint: format!("http://127.0.0.1:{port}"), child, process })
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
        fs::read_to_string(format!("/proc/{}/{file}", self.process.as_raw_nonzero())).ok()
    }

    /// Ends the program and waits for it.
    pub(crate) async fn stop(mut self) -> Result<()> {
        kill_process(self.process, Signal::TERM)?;
        if tokio::time::timeout(ENDS_WITHIN, self.child.wait()).await.is_err() {
            self.child.kill().await?;
        }
        Ok(())
    }
}
