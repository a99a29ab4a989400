//! A program that a benchmark measures: it listens on a port, in a process of its own.

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

/// A program that listens.
pub(crate) struct Program {
    /// Host and port.
    pub(crate) address: String,
    /// Functions are child processes of it.
    pub(crate) process: Pid,
    child: Child,
}

impl Program {
    /// Starts the program on a free port and waits until it listens. `command` makes its command line for the port.
    pub(crate) async fn start(name: &str, command: impl FnOnce(&str) -> Command) -> Result<Self> {
        // The port is free now. It is unlikely that another program takes it first.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
        let mut child = command(&port)
            .env_remove("AWS_ENDPOINT_URL")
            .env_remove("USE_LOCALSTACK")
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        let process =
            child.id().and_then(|id| Pid::from_raw(id as i32)).context("the program ended at once")?;
        let address = format!("127.0.0.1:{port}");
        let began = Instant::now();
        while TcpStream::connect(&address).await.is_err() {
            if let Some(status) = child.try_wait()? {
                bail!("{name} ended with {status} before it listened");
            }
            ensure!(began.elapsed() < LISTENS_WITHIN, "{name} did not listen within {LISTENS_WITHIN:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Self { address, process, child })
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

/// The command line of `devloop up` without a template and without functions.
pub(crate) fn devloop(program: &Path, port: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["up", "--no-template", "--json", "--port", port]);
    // A folder without functions, so that there is nothing to build.
    command.env("LAMBDA_SRC_PATH", "devloop/benches");
    command
}
