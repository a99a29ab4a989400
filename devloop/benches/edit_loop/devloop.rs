//! The real `devloop watch --json`. Its lines say when a function is live, and a request then checks that the new code answers.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;
use serde_json::Value;

use crate::contestant::{Kind, Took};
use crate::http;
use crate::options::Options;
use crate::processes::{self, Running};
use crate::tools::Tools;
use crate::workspace::{Edit, Workspace};

/// How long the first build may take.
const BUILD_LIMIT: Duration = Duration::from_mins(20);

/// How long a save may take, and also the end of the session.
const LIMIT: Duration = Duration::from_mins(1);

/// A session that serves the functions.
pub(crate) struct Devloop {
    kind: Kind,
    workspace: Workspace,
    functions: Vec<String>,
    /// Where requests of the API are posted to.
    api: String,
    /// Every line with the time it was read.
    lines: Receiver<(Instant, String)>,
    program: Running,
}

impl Devloop {
    /// Starts the program and waits until its functions are live.
    pub(crate) fn start(kind: Kind, workspace: Workspace, tools: &Tools, options: &Options) -> Result<Self> {
        let program =
            options.beside.as_ref().filter(|_| kind == Kind::DevloopBeside).unwrap_or(&options.program);
        let mut command = processes::command(program, workspace.root());
        command.args(["watch", "--port", "0", "--json"]).args(&options.functions);
        let linker = tools.wild.as_deref().filter(|_| kind.has_wild());
        command.env("PATH", Tools::path(linker)?);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut program = Running::start(command)?;
        let output = program.child().stdout.take().context("the program's output")?;
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if send.send((Instant::now(), line)).is_err() {
                    break;
                }
            }
        });
        let mut devloop = Self {
            kind,
            workspace,
            functions: options.functions.clone(),
            api: String::new(),
            lines,
            program,
        };
        let ready = devloop.event("ready", BUILD_LIMIT)?.1;
        devloop.api =
            ready["outputs"]["ApiGatewayMethodEndpoint"].as_str().context("the API's URL")?.to_owned();
        devloop.live(&devloop.functions.clone(), BUILD_LIMIT)?;
        devloop.check()?;
        Ok(devloop)
    }

    /// Which contestant it is.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Its copy of the pipeline.
    pub(crate) fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// Saves and waits until all functions that the edit concerns are live.
    pub(crate) fn save(&mut self, edit: Edit) -> Result<Took> {
        let concerned: Vec<String> = match edit {
            Edit::Leaf => vec!["upstream".to_owned()],
            Edit::Model => self.functions.clone(),
        };
        let began = Instant::now();
        self.workspace.save(edit)?;
        let (at, line) = self.live(&concerned, LIMIT)?;
        self.check()?;
        let phases = line["phases_ms"].as_object().into_iter().flatten();
        let phases = phases.filter_map(|(name, value)| Some((name.clone(), value.as_f64()?))).collect();
        Ok(Took { whole: at - began, phases })
    }

    /// Ends the session as Ctrl-C does.
    pub(crate) fn stop(self) -> Result<()> {
        let status = self.program.end(Signal::INT, LIMIT)?;
        ensure!(status.success(), "devloop ended with {status}");
        Ok(())
    }

    /// The line by which the last of the functions became live, and when it came.
    fn live(&self, functions: &[String], limit: Duration) -> Result<(Instant, Value)> {
        let mut awaited: BTreeSet<&str> = functions.iter().map(String::as_str).collect();
        loop {
            let (at, line) = self.event("live", limit)?;
            awaited.remove(line["function"].as_str().unwrap_or_default());
            if awaited.is_empty() {
                return Ok((at, line));
            }
        }
    }

    /// The next line with this event; an error ends the benchmark.
    fn event(&self, name: &str, limit: Duration) -> Result<(Instant, Value)> {
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let (at, line) = self.lines.recv_timeout(left).with_context(|| format!("no `{name}` came"))?;
            let line: Value = serde_json::from_str(&line).with_context(|| format!("not JSON: {line}"))?;
            match line["event"].as_str() {
                Some("error" | "build_failed") => bail!("devloop says {line}"),
                Some(event) if event == name => return Ok((at, line)),
                _ => {}
            }
        }
    }

    /// Checks that the saved code answers.
    fn check(&self) -> Result<()> {
        let mark = self.workspace.mark();
        let answer = http::post(&self.api, "no message", LIMIT)?;
        ensure!(answer.contains(&mark), "devloop said live, but the answer is not `{mark}`: {answer}");
        Ok(())
    }
}
