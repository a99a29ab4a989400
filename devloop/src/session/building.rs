//! Builds every function once, outside of a session's loop: for `devloop build`, and before an account is changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use crate::build::{self, Outcome};
use crate::bus::Events;
use crate::engine::{BuildOrder, Destination, Digest, Fact, Problem, SwapOrder};
use crate::error::{Exit, UserError};
use crate::machine::Purpose;
use crate::session::Options;
use crate::session::consent::say;
use crate::session::prepare::{Prepared, demands, prepare};
use crate::session::run::{builder, lock};
use crate::session::signals::stop_at_signals;
use crate::swap::{self, Early, Swapped};

/// A function's binary where deployments take it.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) function: String,
    /// The `bootstrap`.
    pub(crate) path: PathBuf,
    pub(crate) digest: Digest,
}

/// Builds the functions for the machines of their stack and puts each in its folder. `None` when the user has ended it.
pub(crate) async fn build(options: &Options) -> Result<Option<Vec<Built>>, UserError> {
    let stop = CancellationToken::new();
    stop_at_signals(stop.clone())
        .map_err(|error| UserError::failure("signals_failed", format!("listen to signals: {error}")))?;
    let directory = std::env::current_dir()
        .map_err(|error| UserError::usage("directory_missing", format!("use this directory: {error}")))?;
    let program = PathBuf::from("cargo");
    let preparing = prepare(&program, &directory, options);
    let Some(prepared) = stop.run_until_cancelled(preparing).await else { return Ok(None) };
    let prepared = prepared?;
    for problem in &prepared.remarks {
        say(&format!("warning    {}", problem.message));
    }
    let _lock = lock(&prepared)?;
    let Some(binaries) = build_all(&program, &prepared, &stop, "nothing was put in place").await? else {
        return Ok(None);
    };
    let demands = demands(&prepared.templates, Purpose::Ship);
    let placing = tokio::task::spawn_blocking(move || {
        let place = |(function, (executable, _)): (String, (PathBuf, Digest))| -> Result<Built, UserError> {
            let order = SwapOrder { generation: 0, function: function.clone(), executable, unless: None };
            let dist = &prepared.settings.dist;
            let swapped = swap::swap(dist, &order, &demands, &Destination::default(), &Early::default());
            let swapped =
                swapped.map_err(|error| UserError { problem: error.problem(), exit: Exit::Failure })?;
            let digest = match swapped {
                Swapped::Unchanged { digest } => digest,
                Swapped::InPlace { digest, warnings, .. } => {
                    for warning in &warnings {
                        say(&format!("warning    {function} {warning}"));
                    }
                    digest
                }
            };
            Ok(Built { path: dist.join(&function).join("bootstrap"), function, digest })
        };
        binaries.into_iter().map(place).collect::<Result<Vec<Built>, UserError>>()
    });
    let placed = placing.await;
    let placed = placed
        .map_err(|panic| UserError::failure("internal", format!("put the binaries in place: {panic}")))?;
    placed.map(Some)
}

/// Every function's binary and its digest; `None` when the user has ended the build. `instead` says what follows from a failed
/// build.
pub(super) async fn build_all(
    program: &Path,
    prepared: &Prepared,
    stop: &CancellationToken,
    instead: &str,
) -> Result<Option<BTreeMap<String, (PathBuf, Digest)>>, UserError> {
    let workspace = &prepared.workspace;
    let order = BuildOrder::of(workspace, 0, prepared.functions.clone());
    let (events, mut inbox) = Events::channel();
    let telling = tokio::spawn(async move {
        while let Some(event) = inbox.recv().await {
            match event.fact {
                Fact::Progress { line, .. } => say(&line),
                Fact::Diagnostic { diagnostic, .. } => say(&diagnostic.rendered),
                _ => {}
            }
        }
    });
    let demands = demands(&prepared.templates, Purpose::Ship);
    let builder = builder(program, workspace, &prepared.settings, demands);
    let outcome = build::run(&builder, &order, stop, &events).await;
    drop(events);
    let _ = telling.await;
    let failed = |message: String| {
        let hint = format!("{instead}; the compiler's messages are above");
        UserError { problem: Problem::new("build_failed", message).with_hint(hint), exit: Exit::Failure }
    };
    match outcome.map_err(|error| UserError { problem: error.problem(), exit: Exit::Failure })? {
        Outcome::Cancelled => Ok(None),
        Outcome::Finished { failure: Some(failure), .. } => Err(failed(failure)),
        Outcome::Finished { artifacts, failure: None, .. } => {
            let mut built = BTreeMap::new();
            for artifact in artifacts {
                let path = artifact.executable.clone();
                let digest = tokio::task::spawn_blocking(move || swap::digest_at(&path)).await.ok().flatten();
                if let Some(digest) = digest.filter(|_| prepared.functions.contains(&artifact.function)) {
                    built.insert(artifact.function, (artifact.executable, digest));
                }
            }
            match prepared.functions.iter().find(|function| !built.contains_key(*function)) {
                Some(missing) => Err(failed(format!("build {missing}: cargo succeeded without making it"))),
                None => Ok(Some(built)),
            }
        }
    }
}
