//! `devloop status`: shows the state of a running pipeline, from any terminal.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use serde_json::Value;

use crate::aws::{Endpoints, Trust};
use crate::bus::wall;
use crate::cli::StatusArguments;
use crate::commands::keys;
use crate::config::{Environment, Layer, Settings};
use crate::engine::Problem;
use crate::error::{Exit, UserError};
use crate::observe::{Local, Metric, Pipeline};
use crate::output;
use crate::session;
use crate::sink;
use crate::status::{Commit, Section, StatusReport, StatusSource, lines};
use crate::workspace::{self, Reading};

/// The pause of `--watch` after a cloud that did not answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The order of the printed sections: what is wrong comes last, next to the prompt.
const SECTIONS: [Section; 8] = [
    Section::Cloud,
    Section::Code,
    Section::Stages,
    Section::Mappings,
    Section::Queues,
    Section::Memory,
    Section::Latency,
    Section::Problems,
];

/// Moves to the terminal's first line and clears what is below.
const CLEAR: &str = "\u{1b}[H\u{1b}[J";

/// Asks once, or every second until Ctrl-C. The exit code of one answer says whether something is wrong in it.
pub(crate) async fn status(arguments: &StatusArguments) -> Result<ExitCode, UserError> {
    let pipeline = pipeline(arguments).await?;
    if arguments.watch {
        let ended = tokio::select! {
            ended = watch(&pipeline, arguments.json) => ended,
            _ = tokio::signal::ctrl_c() => Ok(()),
        };
        return ended.map(|()| ExitCode::SUCCESS).or_else(|error| written(&error));
    }
    let report = report(&pipeline).await.map_err(|problem| UserError { problem, exit: Exit::Cloud })?;
    let code =
        if report.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(Exit::Failure as u8) };
    let text = if arguments.json { json(&report, true)? } else { plain(&report) };
    match output::stdout_as(arguments.json).write_all(text.as_bytes()) {
        Ok(()) => Ok(code),
        Err(error) => written(&error).map(|_| code),
    }
}

/// A closed pipe ends the program without an error.
fn written(error: &io::Error) -> Result<ExitCode, UserError> {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Ok(ExitCode::SUCCESS);
    }
    Err(UserError::failure("output_failed", format!("write the output: {error}")))
}

/// Asks again and again; a cloud that does not answer may come back.
async fn watch(pipeline: &Pipeline, as_json: bool) -> io::Result<()> {
    let mut out = output::stdout_as(as_json);
    let clear = if out.is_terminal() && !as_json { CLEAR } else { "" };
    loop {
        let began = tokio::time::Instant::now();
        let report = report(pipeline).await;
        let interval = report.as_ref().map_or(PATIENCE, |report| pipeline.interval(report));
        let text = match (report, as_json) {
            (Ok(report), true) => {
                json(&report, false).map_err(|error| io::Error::other(error.to_string()))?
            }
            (Ok(report), false) => plain(&report),
            (Err(problem), true) => sink::error_line(wall(), &problem)? + "\n",
            (Err(problem), false) => told(&problem),
        };
        out.unchanged().write_all(clear.as_bytes())?;
        out.write_all(text.as_bytes())?;
        out.flush()?;
        tokio::time::sleep_until(began + interval).await;
    }
}

/// The pipeline's report, and where this directory's workspace stands.
async fn report(pipeline: &Pipeline) -> Result<StatusReport, Problem> {
    let directory = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let (report, commit) = tokio::join!(pipeline.report(), session::commit(directory));
    let commit = commit.map(|commit| Commit { short: commit.short, dirty: commit.dirty });
    report.map(|report| StatusReport { commit, ..report })
}

fn plain(report: &StatusReport) -> String {
    lines(report, &SECTIONS).into_iter().flat_map(|line| [line.text, "\n".to_owned()]).collect()
}

fn json(report: &StatusReport, pretty: bool) -> Result<String, UserError> {
    let text = if pretty { serde_json::to_string_pretty(report) } else { serde_json::to_string(report) };
    text.map(|text| text + "\n")
        .map_err(|error| UserError::failure("output_failed", format!("write the report: {error}")))
}

fn told(problem: &Problem) -> String {
    format!("{}\n", UserError { problem: problem.clone(), exit: Exit::Cloud })
}

/// The pipeline at the endpoint that is given, or else where a session of this directory would have its own.
async fn pipeline(arguments: &StatusArguments) -> Result<Pipeline, UserError> {
    let environment = Environment::of_process();
    let given =
        if arguments.aws { None } else { arguments.endpoint.clone().or_else(|| environment.endpoint()) };
    // A port in the flags overrides the endpoint in the settings, which may be another machine's: that is no error for `status`.
    let fixed = given.is_some() || arguments.aws;
    let flags = Layer { port: fixed.then_some(0), ..Layer::default() };
    let (settings, home) = settings(&environment, flags).await?;
    let trust = Trust::new(environment.certificates());
    let (keys, region) = keys(&environment, arguments.aws, arguments.region.clone(), &trust).await?;
    let is_url = |url: &str| url.starts_with("http://") || url.starts_with("https://");
    let endpoints = match given {
        _ if arguments.aws => Endpoints::default(),
        Some(endpoint) if is_url(&endpoint) => Endpoints::one(&endpoint),
        Some(endpoint) => {
            let message = format!("ask the cloud at {endpoint}: it begins with neither http:// nor https://");
            return Err(UserError::usage("endpoint_invalid", message));
        }
        None if settings.port == 0 => {
            let message = "find the cloud: the configured port 0 means any";
            return Err(
                UserError::usage("endpoint_unknown", message).with_hint("name its URL with --endpoint")
            );
        }
        None => Endpoints::one(&format!("http://127.0.0.1:{}", settings.port)),
    };
    let metric = Metric { namespace: settings.latency.namespace, name: settings.latency.metric };
    let pipeline = Pipeline::at(endpoints, keys, trust, metric).narrowed(
        region,
        arguments.stack.clone(),
        arguments.apis,
    );
    Ok(pipeline.beside(Local { dist: settings.dist, notes: home.join("devloop/aws") }))
}

/// The settings of this directory's workspace and its target directory; outside of a workspace the defaults, because a pipeline can
/// be asked from anywhere.
async fn settings(environment: &Environment<'_>, flags: Layer) -> Result<(Settings, PathBuf), UserError> {
    let directory = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    match workspace::read(Path::new("cargo"), &directory).await {
        Ok(Reading { workspace, settings }) => {
            let home = workspace.target_directory.clone();
            Settings::resolve(&workspace.root, &home, settings, environment, flags)
                .map(|settings| (settings, home))
        }
        Err(_) => Settings::resolve(&directory, &directory, Value::Null, environment, flags)
            .map(|settings| (settings, directory.join("target"))),
    }
}
