//! A session from its start to its end.

use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use crate::build::Builder;
use crate::bus::Events;
use crate::engine::{Fact, State};
use crate::error::{Exit, UserError};
use crate::graph::Workspace;
use crate::session::cloud::{CloudRequest, RunningCloud, start_cloud};
use crate::session::lock::Lock;
use crate::session::main_loop::main_loop;
use crate::session::outputs::{Told, sinks};
use crate::session::prepare::{Prepared, outside_of_templates, prepare};
use crate::session::signals::stop_at_signals;
use crate::session::workers::Workers;
use crate::session::{Options, route, trace};
use crate::swap;
use crate::tui::Keymap;
use crate::watch::Watcher;

/// Runs a session until a signal ends it or nobody reads its output any more.
pub(crate) async fn run(options: Options) -> Result<(), UserError> {
    let stop = CancellationToken::new();
    stop_at_signals(stop.clone())
        .map_err(|error| UserError::failure("signals_failed", format!("listen to signals: {error}")))?;
    let directory = std::env::current_dir()
        .map_err(|error| UserError::usage("directory_missing", format!("use this directory: {error}")))?;
    let program = PathBuf::from("cargo");
    let preparing = prepare(&program, &directory, &options);
    let Some(prepared) = stop.run_until_cancelled(preparing).await else { return Ok(()) };
    let prepared = prepared?;
    let keymap =
        Keymap::new(&prepared.settings.keys).map_err(|problem| UserError { problem, exit: Exit::Usage })?;
    let lock = lock(&prepared)?;
    make_directories(&prepared)?;

    let (events, inbox) = Events::channel();
    let request = CloudRequest {
        port: prepared.settings.port,
        templates: prepared.templates.clone(),
        functions: outside_of_templates(&prepared),
        events: events.clone(),
    };
    let cloud = start_cloud(request, stop.clone()).await?;
    if let Some(lock) = &lock {
        lock.serves(&cloud.endpoint);
    }
    serve(&options, keymap, &program, prepared, cloud, (events, inbox), stop).await
}

/// The part with a cloud: whatever ends it, the cloud is stopped and no process is left.
async fn serve(
    options: &Options,
    keymap: Keymap,
    program: &Path,
    prepared: Prepared,
    cloud: RunningCloud,
    (events, mut inbox): (Events, tokio::sync::mpsc::Receiver<crate::engine::Event>),
    stop: CancellationToken,
) -> Result<(), UserError> {
    let RunningCloud { endpoint, outputs, target, stopped } = cloud;
    let Prepared { settings, workspace, functions, templates } = prepared;
    let Options { view, watch, .. } = *options;
    let routes = route::of_templates(&templates);
    let result = async {
        let log_directory = (!functions.is_empty()).then(|| session_directory(&workspace));
        if let Some(directory) = &log_directory {
            trace::start(directory).map_err(|error| {
                UserError::failure("log_failed", format!("open {}: {error}", directory.display()))
            })?;
        }
        let told = Told {
            view,
            watch,
            endpoint: &endpoint,
            functions: &functions,
            settings: &settings,
            root: &workspace.root,
            keymap: &keymap,
            routes: &routes,
            events: &events,
            log_directory,
            stop: &stop,
        };
        let mut sinks = sinks(&told)
            .map_err(|error| UserError::failure("log_failed", format!("open the session's log: {error}")))?;
        let watcher = if watch && !functions.is_empty() {
            Some(start_watcher(vec![workspace.target_directory.clone(), settings.dist.clone()], &events)?)
        } else {
            None
        };
        let builder = Builder {
            program: program.to_owned(),
            root: workspace.root.clone(),
            target_directory: workspace.target_directory.clone(),
            profile: settings.profile,
        };
        let mut state = State::new(workspace, functions);
        let mut workers = Workers::new(builder, settings.dist, target, watcher, events.clone(), stop.clone());
        events.send(Fact::CloudReady { endpoint, outputs }).await;
        let result = main_loop(&mut state, &mut inbox, &mut sinks, &mut workers, &stop).await;
        stop.cancel();
        // Whoever waits for room in the queue is let go before the workers are waited for.
        drop(inbox);
        workers.finish().await;
        result
    }
    .await;
    stop.cancel();
    stopped.await;
    result
}

/// A session that builds nothing shares the workspace with any other.
fn lock(prepared: &Prepared) -> Result<Option<Lock>, UserError> {
    let builds = !prepared.functions.is_empty();
    builds.then(|| Lock::take(&session_directory(&prepared.workspace))).transpose()
}

/// Where the session's own files lie.
fn session_directory(workspace: &Workspace) -> PathBuf {
    workspace.target_directory.join("devloop")
}

/// The directories exist before the cloud looks for them.
fn make_directories(prepared: &Prepared) -> Result<(), UserError> {
    let of_templates = prepared.templates.iter().flat_map(|template| &template.functions);
    of_templates.map(|code| &code.binary).chain(&prepared.functions).try_for_each(|function| {
        swap::make_function_directory(&prepared.settings.dist, function)
            .map_err(|error| UserError { problem: error.problem(), exit: Exit::Failure })
    })
}

pub(super) fn start_watcher(outputs: Vec<PathBuf>, events: &Events) -> Result<Watcher, UserError> {
    let events = events.clone();
    Watcher::start(outputs, move |result| {
        events.send_blocking(match result {
            Ok(burst) => Fact::FsChanged { seen_at: burst.seen_at, paths: burst.paths, lost: burst.lost },
            Err(error) => Fact::Error { problem: error.problem() },
        });
    })
    .map_err(|error| UserError { problem: error.problem(), exit: Exit::Failure })
}
