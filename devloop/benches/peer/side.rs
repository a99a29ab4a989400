//! One of the two programs, in a process of its own.

use std::fs;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
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
    /// The other local AWS.
    Peer,
}

impl Kind {
    /// Its name in the table.
    pub(crate) fn name(self, options: &Options) -> String {
        match self {
            Self::Devloop => "devloop".to_owned(),
            Self::Peer => options
                .peer
                .file_name()
                .map_or_else(|| "peer".into(), |name| name.to_string_lossy())
                .into_owned(),
        }
    }
}

/// A program that listens.
pub(crate) struct Side {
    pub(crate) endpoint: String,
    child: Child,
    /// Its process; functions are below it.
    pub(crate) process: Pid,
}

impl Side {
    /// Starts the program on a free port and waits until it listens.
    pub(crate) async fn start(options: &Options, kind: Kind) -> Result<Self> {
        // The port is free now. It is unlikely that another program takes it first.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = match kind {
            Kind::Devloop => {
                let mut command = Command::new(&options.program);
                command.args(["up", "--no-template", "--json", "--port", &port.to_string()]);
                // An empty folder, so that there is nothing to build.
                command.env("LAMBDA_SRC_PATH", "devloop/benches");
                command
            }
            Kind::Peer => {
                let mut command = Command::new(&options.peer);
                command.env("GATEWAY_PORT", port.to_string());
                command
            }
        };
        command.env_remove("AWS_ENDPOINT_URL").env_remove("USE_LOCALSTACK");
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
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            if let Some(status) = child.try_wait()? {
                bail!("{kind:?} ended with {status} before it listened");
            }
            ensure!(began.elapsed() < LISTENS_WITHIN, "{kind:?} did not listen within {LISTENS_WITHIN:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Self { endpoint: format!("http://127.0.0.1:{port}"), child, process })
    }

    /// The processor time of the program and all its children, including those that have ended.
    pub(crate) fn cpu(&self) -> Duration {
        let mut open = vec![self.process.as_raw_nonzero().get()];
        let mut ticks = 0;
        let processes: Vec<(i32, i32, u64)> = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| stat(entry.file_name().to_str()?.parse().ok()?))
            .collect();
        while let Some(one) = open.pop() {
            for &(process, parent, used) in &processes {
                if process == one {
                    ticks += used;
                }
                if parent == one {
                    open.push(process);
                }
            }
        }
        Duration::from_millis(ticks * 1000 / TICKS)
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

/// The parent and the processor time in ticks of a process, including its ended children
fn stat(process: i32) -> Option<(i32, i32, u64)> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    Some((process, number(4)? as i32, (14..=17).filter_map(number).sum()))
}
