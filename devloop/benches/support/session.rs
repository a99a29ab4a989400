//! The program under test: the real `devloop` in a process of its own, controlled by flags and observed by its JSON lines.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// What is started.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    /// The workspace with the functions.
    pub(crate) workspace: PathBuf,
    /// What follows `devloop up`, such as the stack.
    pub(crate) arguments: Vec<String>,
    /// Cargo's profile for the functions.
    pub(crate) profile: String,
}

/// How long the functions' first build may take.
const BUILD_LIMIT: Duration = Duration::from_mins(20);

/// How long a stopped session may take to end.
const END_LIMIT: Duration = Duration::from_secs(15);

/// A session whose functions are live.
pub(crate) struct Session {
    pub(crate) endpoint: String,
    outputs: Value,
    /// The program's process.
    pub(crate) process: Pid,
    started: Started,
}

/// A started program with its output.
struct Started {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// The directory for the functions. Empty at the start of every session.
    _home: TempDir,
}

impl Started {
    fn new(launch: &Launch) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let mut command = Command::new(&launch.program);
        command.args(["up", "--port", "0", "--json", "--profile", &launch.profile]).args(&launch.arguments);
        command.current_dir(&launch.workspace).env("LAMBDA_DIST_PATH", home.path().join("dist"));
        for variable in ["AWS_ENDPOINT_URL", "USE_LOCALSTACK", "LAMBDA_SRC_PATH"] {
            command.env_remove(variable);
        }
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let output = child.stdout.take().context("the program's output")?;
        Ok(Self { child, lines: BufReader::new(output).lines(), _home: home })
    }

    /// The next line that has this event; an error line ends the benchmark.
    async fn event(&mut self, names: &[&str]) -> Result<Value> {
        while let Some(line) = self.lines.next_line().await? {
            let line: Value = serde_json::from_str(&line).with_context(|| format!("not JSON: {line}"))?;
            match line["event"].as_str() {
                Some("error" | "build_failed") => bail!("devloop says {line}"),
                Some(event) if names.contains(&event) => return Ok(line),
                _ => {}
            }
        }
        bail!("devloop ended")
    }

    fn process(&self) -> Result<Pid> {
        self.child.id().and_then(|id| Pid::from_raw(id as i32)).context("devloop has ended")
    }

    async fn stop(mut self) -> Result<()> {
        kill_process(self.process()?, Signal::TERM)?;
        // Its output is read meanwhile, so that the pipe does not fill up.
        let last_words = async { while let Ok(Some(_)) = self.lines.next_line().await {} };
        let ending = async { tokio::join!(last_words, self.child.wait()).1 };
        let status = tokio::time::timeout(END_LIMIT, ending).await.context("devloop did not end")??;
        ensure!(status.success(), "devloop ended with {status}");
        Ok(())
    }
}

/// From the start of the program to its `ready` line.
pub(crate) async fn time_to_ready(launch: &Launch) -> Result<Duration> {
    let began = Instant::now();
    let mut started = Started::new(launch)?;
    started.event(&["ready"]).await?;
    let took = began.elapsed();
    started.stop().await?;
    Ok(took)
}

impl Session {
    /// Starts the program and waits until every function that it builds is live.
    pub(crate) async fn start(launch: &Launch) -> Result<Self> {
        let mut started = Started::new(launch)?;
        let mut ready = started.event(&["ready"]).await?;
        let endpoint = ready["endpoint"].as_str().context("the endpoint in the ready line")?.to_owned();
        let going_live = async {
            let build = started.event(&["build"]).await?;
            let mut awaited: BTreeSet<String> =
                build["functions"].as_array().into_iter().flatten().map(Value::to_string).collect();
            while !awaited.is_empty() {
                let live = started.event(&["live"]).await?;
                awaited.remove(&live["function"].to_string());
            }
            Ok::<_, anyhow::Error>(())
        };
        tokio::time::timeout(BUILD_LIMIT, going_live)
            .await
            .context("the functions did not become live")??;
        Ok(Self { endpoint, outputs: ready["outputs"].take(), process: started.process()?, started })
    }

    /// An output of the stack.
    pub(crate) fn output(&self, name: &str) -> Result<&str> {
        self.outputs[name].as_str().with_context(|| format!("no output {name}"))
    }

    /// Ends the program and waits for it.
    pub(crate) async fn stop(self) -> Result<()> {
        self.started.stop().await
    }
}
