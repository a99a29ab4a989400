//! `cargo lambda watch`, which gets requests until the new code answers. A request that arrives during a build waits. One that is in
//! progress when the process is killed is never answered, so another one is sent after a while.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::contestant::Took;
use crate::http;
use crate::options::Options;
use crate::plain::ENVIRONMENT;
use crate::processes::{self, Running};
use crate::tools::Tools;
use crate::workspace::{Edit, Workspace};

/// How long the first build may take: it compiles what builds by other command lines have not made.
const BUILD_LIMIT: Duration = Duration::from_mins(20);

/// How long a save may take.
const SAVE_LIMIT: Duration = Duration::from_mins(2);

/// After this time a request counts as lost.
const PATIENCE: Duration = Duration::from_secs(15);

/// The pause between two requests.
const STEP: Duration = Duration::from_millis(10);

/// The running server.
pub(crate) struct LambdaWatch {
    workspace: Workspace,
    functions: Vec<String>,
    endpoint: String,
    server: Running,
}

impl LambdaWatch {
    /// Starts the server, and each function by a request.
    pub(crate) fn start(workspace: Workspace, tools: &Tools, options: &Options) -> Result<Self> {
        let program = tools.cargo_lambda.as_ref().context("cargo-lambda")?;
        let port = free_port()?.to_string();
        let mut command = processes::command(program, workspace.root());
        command.args(["lambda", "watch", "--invoke-address", "127.0.0.1", "--invoke-port", &port]);
        command.env("PATH", Tools::path(None)?).envs(ENVIRONMENT);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let watch = Self {
            workspace,
            functions: options.functions.clone(),
            endpoint: format!("http://127.0.0.1:{port}"),
            server: Running::start(command)?,
        };
        for function in &watch.functions {
            watch.until(function, BUILD_LIMIT, |answer| {
                function != "upstream" || answer.contains(&watch.workspace.mark())
            })?;
        }
        Ok(watch)
    }

    /// Its copy of the pipeline.
    pub(crate) fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// Saves and sends requests until the new code answers. Only `upstream` shows both marks in its answer.
    pub(crate) fn save(&mut self, edit: Edit) -> Result<Took> {
        let began = Instant::now();
        self.workspace.save(edit)?;
        let mark = self.workspace.mark();
        self.until("upstream", SAVE_LIMIT, |answer| answer.contains(&mark))?;
        Ok(Took { whole: began.elapsed(), phases: Vec::new() })
    }

    /// Ends the server as Ctrl-C does.
    pub(crate) fn stop(self) -> Result<()> {
        // Processes that it leaves behind die with its group.
        self.server.end(Signal::INT, PATIENCE).map(drop)
    }

    fn until(&self, function: &str, limit: Duration, wanted: impl Fn(&str) -> bool) -> Result<()> {
        let url = format!("{}/2015-03-31/functions/{function}/invocations", self.endpoint);
        let began = Instant::now();
        while began.elapsed() < limit {
            // Around a reload requests are refused, closed or never answered.
            if http::post(&url, EVENT, PATIENCE).is_ok_and(|answer| wanted(&answer)) {
                return Ok(());
            }
            std::thread::sleep(STEP);
        }
        bail!("{function} did not answer with the new code within {limit:?}")
    }
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A request of the REST API whose body is no message, so that it is answered without any stream.
const EVENT: &str = r#"{"resource":"/","path":"/","httpMethod":"POST","headers":{},"multiValueHeaders":{},"queryStringParameters":null,"multiValueQueryStringParameters":null,"pathParameters":null,"stageVariables":null,"requestContext":{"resourcePath":"/","httpMethod":"POST","path":"/prod/","stage":"prod","identity":{},"requestId":"1"},"body":"no message","isBase64Encoded":false}"#;
