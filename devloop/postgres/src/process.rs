//! A running server of a cluster.

use std::collections::VecDeque;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;

use crate::PostgresError;
use crate::error::failed;

/// How long the server may take to begin or to end; both take a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many free ports are tried, in case another process takes one first.
const PORTS: usize = 5;

/// What the log says when another process has the port.
const PORT_TAKEN: &str = "could not bind";

/// A server that takes connections. It is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    /// The port of loopback on which it listens.
    pub port: u16,
    child: Child,
    /// Reads the log to its end, so that the server never waits for a reader.
    log: JoinHandle<String>,
}

impl Process {
    /// Starts the command, which still lacks the port.
    pub(crate) async fn start(mut command: Command, port: Option<u16>) -> Result<Self, PostgresError> {
        const WHAT: &str = "start PostgreSQL";
        let mut said = String::new();
        for _ in 0..PORTS {
            let free = || free_port().map_err(|error| failed(WHAT, error));
            let port = port.map_or_else(free, Ok)?;
            // Of several ports the last one counts.
            command.args(["-p", &port.to_string()]);
            let mut child = command.spawn().map_err(|error| failed(WHAT, error))?;
            let Some(log) = child.stderr.take() else { return Err(failed(WHAT, "its log cannot be read")) };
            let mut log = BufReader::new(log).lines();
            match tokio::time::timeout(PATIENCE, until_ready(&mut log)).await {
                Ok(Ok(())) => return Ok(Self { port, child, log: tokio::spawn(last_words(log)) }),
                Ok(Err(words)) => said = words,
                Err(_) => said = format!("it was not ready within {} s", PATIENCE.as_secs()),
            }
            if !said.contains(PORT_TAKEN) {
                break;
            }
        }
        Err(failed(WHAT, said))
    }

    /// Resolves when the server ends by itself. Returns how it ended, as a phrase that follows its name.
    pub async fn wait(&mut self) -> String {
        let status = self.child.wait().await;
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        let said = (&mut self.log).await.unwrap_or_default();
        format!("{status}{said}")
    }

    /// Ends the connections, then the server, which waits for its other processes itself.
    pub async fn stop(self) {
        self.end(Signal::INT).await;
    }

    /// Ends the server as a crash does, without notice to its clients.
    pub async fn crash(self) {
        self.end(Signal::QUIT).await;
    }

    async fn end(mut self, signal: Signal) {
        if let Some(id) = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())) {
            let _ = kill_process(id, signal);
        }
        if tokio::time::timeout(PATIENCE, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

/// Reads the log until the server takes connections; otherwise the log's lines are the error.
async fn until_ready(log: &mut Lines<BufReader<ChildStderr>>) -> Result<(), String> {
    let mut said = Vec::new();
    while let Ok(Some(line)) = log.next_line().await {
        if line.contains("ready to accept connections") {
            return Ok(());
        }
        said.push(line);
    }
    Err(said.join("\n"))
}

/// Reads the log to its end, so that the server never waits for a reader, and keeps the last lines.
async fn last_words(mut log: Lines<BufReader<ChildStderr>>) -> String {
    const SHOWN: usize = 5;
    let mut last = VecDeque::new();
    while let Ok(Some(line)) = log.next_line().await {
        tracing::debug!(target: "postgres", "{line}");
        if last.len() == SHOWN {
            last.pop_front();
        }
        last.push_back(line);
    }
    last.iter().map(|line| format!("\n  {line}")).collect()
}

/// A free port. Another process may still take it before the server does.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
