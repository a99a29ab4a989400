//! The program under test: the real `devloop` in a process of its own, controlled by flags and observed by its JSON lines.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::options::Options;

/// The stack that is applied, in the workspace.
const TEMPLATE: &str = "stack/templates/ServerlessDataProcessingPipelineStack.template.json";

/// How long the functions' first build may take.
const BUILD_LIMIT: Duration = Duration::from_mins(20);

/// How long a stopped session may take to end.
const END_LIMIT: Duration = Duration::from_secs(15);

/// A session whose functions are live.
pub(crate) struct Session {
    pub(crate) endpoint: String,
    /// The URL that requests are posted to.
    pub(crate) api: String,
    /// The program's process.
    pub(crate) process: Pid,
    started: Started,
}

/// A started program with its output.
struct Started {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    /// The directory for the functions, and for the template if it is not the stack's. Empty at the start of every session.
    _home: TempDir,
}

impl Started {
    fn new(options: &Options) -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace's directory")?;
        let home = tempfile::tempdir()?;
        let mut command = Command::new(&options.program);
        command.args(["up", "--port", "0", "--json", "--profile", &options.profile]);
        command.current_dir(root).env("LAMBDA_DIST_PATH", home.path().join("dist"));
        if let Some(size) = options.batch_size {
            command.arg("--template").arg(with_batches_of(size, root, home.path())?);
        }
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

/// Writes the stack's template with another batch size of its mappings into a file.
fn with_batches_of(size: u32, root: &Path, home: &Path) -> Result<PathBuf> {
    let mut template: Value = serde_json::from_slice(&fs::read(root.join(TEMPLATE))?)?;
    let mut mappings = 0;
    for resource in template["Resources"].as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
        if resource["Type"] == "AWS::Lambda::EventSourceMapping" {
            resource["Properties"]["BatchSize"] = size.into();
            mappings += 1;
        }
    }
    ensure!(mappings > 0, "{TEMPLATE} has no event source mapping");
    let file = home.join("batches.template.json");
    fs::write(&file, serde_json::to_vec(&template)?)?;
    Ok(file)
}

/// From the start of the program to its `ready` line.
pub(crate) async fn time_to_ready(options: &Options) -> Result<Duration> {
    let began = Instant::now();
    let mut started = Started::new(options)?;
    started.event(&["ready"]).await?;
    let took = began.elapsed();
    started.stop().await?;
    Ok(took)
}

impl Session {
    /// Starts the program and waits until every function that it builds is live.
    pub(crate) async fn start(options: &Options) -> Result<Self> {
        let mut started = Started::new(options)?;
        let ready = started.event(&["ready"]).await?;
        let text = |value: &Value| value.as_str().map(str::to_owned).context("a URL in the ready line");
        let (endpoint, api) =
            (text(&ready["endpoint"])?, text(&ready["outputs"]["ApiGatewayMethodEndpoint"])?);
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
        Ok(Self { endpoint, api, process: started.process()?, started })
    }

    /// Ends the program and waits for it.
    pub(crate) async fn stop(self) -> Result<()> {
        self.started.stop().await
    }
}
