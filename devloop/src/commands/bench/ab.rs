//! `devloop bench ab A B`: two builds of a function in alternation, because a machine's speed changes more from one minute to the
//! next than most changes of code change it.

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::process::Command;

use crate::bench::{
    BenchTarget, Build, Comparison, Document, Finished, Order, Outcome, Progress, Replaced, figures, rounds,
    run,
};
use crate::cli::AbArguments;
use crate::commands::bench::load::{Lines, tell};
use crate::commands::bench::place::{Front, order, pipeline_failed, target};
use crate::commands::bench::stop::Stop;
use crate::commands::bench::{ABORTED, PARTIAL, files};
use crate::engine::Problem;
use crate::error::UserError;
use crate::report;
use crate::workspace;

/// The load of one round.
const ROUND: Duration = Duration::from_secs(10);

/// The result of a comparison.
#[derive(Debug, Serialize)]
struct Alternation {
    function: String,
    /// The builds' digests.
    a: String,
    b: String,
    /// How often each build was measured.
    rounds: usize,
    comparison: Comparison,
    /// The runs of the first build.
    a_runs: Vec<Document>,
    /// The runs of the second.
    b_runs: Vec<Document>,
}

/// Measures both builds by turns and reports the comparison.
pub(super) async fn ab(arguments: &AbArguments) -> Result<ExitCode, UserError> {
    let mut order = order(&arguments.load)?;
    if arguments.load.duration.is_none() && arguments.load.requests.is_none() {
        order.plan.duration = Some(ROUND);
    }
    let target = target(&arguments.load.place, Some(Front::of(&arguments.load))).await?;
    let replaced = Replaced::new(&target, &arguments.function).map_err(pipeline_failed)?;
    let mut builds = Vec::new();
    for name in [&arguments.a, &arguments.b] {
        let binary = binary(name, replaced.label()).await?;
        builds.push(
            Build::copy(&binary, replaced.label())
                .map_err(|problem| UserError { problem, exit: crate::error::Exit::Usage })?,
        );
    }
    let [a, b] = &builds[..] else { return Ok(ExitCode::FAILURE) };
    if a.digest == b.digest {
        return Err(UserError::usage(
            "builds_same",
            format!("compare {} with {}: they are the same binary", arguments.a, arguments.b),
        ));
    }
    let stop = Stop::default();
    let lines = Lines::default();
    let watch = |progress: &Progress| lines.tell(progress);
    let measured = tokio::select! {
        measured = alternate(&target, &replaced, [a, b], &order, arguments.rounds, &stop, &watch) => Some(measured),
        () = stop.listen() => None,
    };
    replaced.put_back().await.map_err(pipeline_failed)?;
    let Some(measured) = measured else { return Ok(ExitCode::from(ABORTED)) };
    let [a_runs, b_runs] = measured.map_err(pipeline_failed)?;
    let values = |runs: &[Document]| -> Vec<Vec<f64>> {
        runs.iter().filter_map(|run| figures(run.blocks.iter())).collect()
    };
    let pairs = a_runs.len().min(b_runs.len());
    let alternation = Alternation {
        function: replaced.label().to_owned(),
        a: a.digest.clone(),
        b: b.digest.clone(),
        rounds: pairs,
        comparison: rounds(&arguments.a, &values(&a_runs), &values(&b_runs)),
        a_runs,
        b_runs,
    };
    tell(&if arguments.json { files::json(&alternation)? } else { text(&alternation, &arguments.b) })?;
    let all = || alternation.a_runs.iter().chain(&alternation.b_runs);
    Ok(if all().any(|run| run.outcome == Outcome::TimedOut) {
        ExitCode::from(PARTIAL)
    } else if all().any(|run| run.counts.refused + run.counts.lost + run.counts.duplicated > 0) || pairs == 0
    {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Measures one build after the other, round by round; the order changes with every round.
async fn alternate(
    target: &BenchTarget,
    replaced: &Replaced<'_>,
    builds: [&Build; 2],
    order: &Order,
    rounds: u32,
    stop: &Stop,
    watch: &dyn Fn(&Progress),
) -> Result<[Vec<Document>; 2], Problem> {
    let mut runs = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        let first = usize::from(round % 2 == 1);
        for which in [first, 1 - first] {
            if stop.load.is_cancelled() {
                return Ok(runs);
            }
            replaced.switch(builds[which]).await?;
            replaced.deployed(builds[which]).await?;
            let mut order = order.clone();
            order.plan.run = format!("{}-{}{}", order.plan.run, ["a", "b"][which], round + 1);
            let Finished { document, .. } = run(target, &order, &stop.load, watch).await?;
            // A round that was ended early does not count.
            if !stop.load.is_cancelled() {
                runs[which].push(document);
            }
        }
    }
    Ok(runs)
}

/// The binary of that name: a file, or what cargo builds with the profile.
async fn binary(name: &str, function: &str) -> Result<PathBuf, UserError> {
    if Path::new(name).is_file() {
        return Ok(PathBuf::from(name));
    }
    let failed = |reason: String| {
        UserError::usage("build_failed", format!("build {function} with the profile {name}: {reason}"))
            .with_hint("name a binary, or a profile of the workspace in this directory")
    };
    let directory =
        std::env::current_dir().map_err(|error| failed(format!("use this directory: {error}")))?;
    let reading = workspace::read(Path::new("cargo"), &directory).await;
    let workspace = reading.map_err(|error| failed(error.to_string()))?.workspace;
    let mut command = Command::new("cargo");
    command.args(["build", "--profile", name, "--bin", function]);
    // All function packages, as a session names them: they decide which features their dependencies have.
    for package in workspace.function_packages() {
        command.args(["-p", &package.spec]);
    }
    let output = command
        .args(["--message-format", "json-render-diagnostics", "--target-dir"])
        .arg(&workspace.target_directory)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| failed(format!("start cargo: {error}")))?;
    if !output.status.success() {
        return Err(failed(format!("cargo ended with {}", output.status)));
    }
    let built = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == function)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    built.ok_or_else(|| failed("cargo made no binary of that name".to_owned()))
}

fn text(seen: &Alternation, b: &str) -> String {
    let short = |digest: &str| digest.get(..12).unwrap_or(digest).to_owned();
    format!(
        "{}: {} ({}) against {} ({}), {} rounds each\n\n{}",
        seen.function,
        b,
        short(&seen.b),
        seen.comparison.against,
        short(&seen.a),
        seen.rounds,
        report::comparison(&seen.comparison)
    )
}
