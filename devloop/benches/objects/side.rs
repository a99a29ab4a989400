//! One of the programs, in a process of its own.

use std::fs;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::options::Options;

/// How long a program may take to listen, and to end.
const LISTENS_WITHIN: Duration = Duration::from_secs(60);
const ENDS_WITHIN: Duration = Duration::from_secs(20);

/// The kernel's ticks of processor time a second, as programs see them
const TICKS: u64 = 100;

/// The program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `devloop up` without a template.
    Devloop,
    /// An S3 in JavaScript.
    S3rver,
    /// A local AWS in Python.
    MiniStack,
}

impl Kind {
    /// Its name in the table.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Devloop => "devloop",
            Self::S3rver => "s3rver",
            Self::MiniStack => "ministack",
        }
    }
}

/// A program that listens. Its objects are deleted with it.
pub(crate) struct Side {
    /// Host and port.
    pub(crate) address: String,
    child: Child,
    process: Pid,
    _folder: TempDir,
}

impl Side {
    /// Starts the program on a free port and waits until it listens.
    pub(crate) async fn start(options: &Options, kind: Kind) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("devloop-bench-").tempdir()?;
        // The port is free now. It is unlikely that another program takes it first.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
        let mut command = match kind {
            Kind::Devloop => {
                let mut command = Command::new(&options.program);
                command.args(["up", "--no-template", "--json", "--port", &port]);
                // An empty folder, so that there is nothing to build.
                command.env("LAMBDA_SRC_PATH", "devloop/benches");
                command
            }
            Kind::S3rver => {
                let mut command = Command::new(&options.s3rver);
                command.args(["--address", "127.0.0.1", "--port", &port, "--silent"]);
                command.args(["--allow-mismatched-signatures", "--directory"]).arg(folder.path());
                command
            }
            Kind::MiniStack => {
                let mut command = Command::new(&options.ministack);
                command.env("GATEWAY_PORT", &port);
                command
            }
        };
        command.env_remove("AWS_ENDPOINT_URL").env_remove("USE_LOCALSTACK").env("TMPDIR", folder.path());
        command.current_dir(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {kind:?}"))?;
        let process =
            child.id().and_then(|id| Pid::from_raw(id as i32)).context("the program ended at once")?;
        let address = format!("127.0.0.1:{port}");
        let began = Instant::now();
        while TcpStream::connect(&address).await.is_err() {
            if let Some(status) = child.try_wait()? {
                bail!("{kind:?} ended with {status} before it listened");
            }
            ensure!(began.elapsed() < LISTENS_WITHIN, "{kind:?} did not listen within {LISTENS_WITHIN:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Self { address, child, process, _folder: folder })
    }

    /// The processor time of the program and everything below it.
    pub(crate) fn cpu(&self) -> Duration {
        let ticks = self.family().iter().map(|process| ticks(*process)).sum::<u64>();
        Duration::from_millis(ticks * 1000 / TICKS)
    }

    /// The memory of the program and everything below it, in MB: now, and at most since [`Side::forget_peak`].
    pub(crate) fn memory(&self) -> (u64, u64) {
        let sum = |name: &str| {
            let kb = self.family().iter().filter_map(|process| status(*process, name)).sum::<u64>();
            kb >> 10
        };
        (sum("VmRSS:"), sum("VmHWM:"))
    }

    /// Counts the peak of the memory from now on
    pub(crate) fn forget_peak(&self) {
        for process in self.family() {
            // A process that has ended meanwhile has no memory.
            let _ = fs::write(format!("/proc/{process}/clear_refs"), "5");
        }
    }

    fn family(&self) -> Vec<i32> {
        let all: Vec<(i32, i32)> = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let process = entry.file_name().to_str()?.parse().ok()?;
                Some((process, field(process, 4)? as i32))
            })
            .collect();
        let mut family = vec![self.process.as_raw_nonzero().get()];
        let mut at = 0;
        while let Some(&one) = family.get(at) {
            family.extend(all.iter().filter(|(_, parent)| *parent == one).map(|(process, _)| process));
            at += 1;
        }
        family
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

/// A field of `/proc/PID/stat`, by its number from 1
fn field(process: i32, number: usize) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    text.rsplit_once(')')?.1.split_whitespace().nth(number - 3)?.parse().ok()
}

fn ticks(process: i32) -> u64 {
    (14..=17).filter_map(|number| field(process, number)).sum()
}

fn status(process: i32, name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)?.trim().split(' ').next()?.parse().ok())
}
