//! A session from its start to its end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use devloop_system::files::read_text;
use tokio_util::sync::CancellationToken;

use crate::build::{Builder, Machines, Standby};
use crate::bus::{self, Events};
use crate::cargo;
use crate::config::{BuildSettings, Settings};
use crate::engine::{Fact, State, Templates};
use crate::error::{Exit, UserError};
use crate::graph::Workspace;
use crate::linker::Linking;
use crate::machine::{Demands, Purpose};
use crate::observe::{Metric, Pipeline, Scrapes};
use crate::session::cloud::{CloudRequest, RunningCloud, start_cloud};
use crate::session::consent::agree_to_deploy;
use crate::session::database::SessionDatabase;
use crate::session::lock::Lock;
use crate::session::main_loop::{main_loop, tell_last_lines};
use crate::session::opening::{Chosen, choose, connect_aws, open_localstack, running_aws};
use crate::session::outputs::{Told, sinks};
use crate::session::prepare::{Prepared, demands, outside_of_templates, prepare};
use crate::session::signals::stop_at_signals;
use crate::session::stacks::Stacks;
use crate::session::workers::Workers;
use crate::session::{Conditions, Options, View, event_paths, node_packages, parameters, port, trace};
use crate::swap;
use crate::tui::{self, Keymap};
use crate::watch::{Seen, Watcher};

/// Runs a session until a signal ends it or nobody reads its output any more.
pub(crate) async fn run(options: Options) -> Result<(), UserError> {
    // The future holds all of a session, and is too large for the stack of a command.
    Box::pin(run_to_its_end(options)).await?;
    if tui::has_panicked() {
        let message = "show the session: a part of devloop has failed, as its message above says";
        return Err(UserError::failure("internal", message)
            .with_hint("please report it; target/devloop/session.jsonl tells what had happened before"));
    }
    Ok(())
}

async fn run_to_its_end(options: Options) -> Result<(), UserError> {
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
    let Some(chosen) = stop.run_until_cancelled(choose(&prepared.settings)).await else { return Ok(()) };
    let chosen = chosen?;
    if chosen != Chosen::Embedded {
        refuse_what_is_embedded_only(&options, &prepared.settings)?;
    }
    let lock = lock(&prepared)?;
    make_directories(&prepared)?;

    let channel = Events::channel();
    let Some(status) = &options.database else {
        let held = Held { chosen, database: None, lock: lock.as_ref() };
        return run_prepared(&options, keymap, &program, prepared, held, channel, stop).await;
    };
    let home = prepared.workspace.target_directory.join("devloop/postgres");
    let opening = SessionDatabase::open(status, &home, &channel.0);
    let Some(database) = stop.run_until_cancelled(opening).await else { return Ok(()) };
    let database = database?;
    let held = Held { chosen, database: Some(&database), lock: lock.as_ref() };
    let result = run_prepared(&options, keymap, &program, prepared, held, channel, stop).await;
    database.close().await;
    result
}

/// What a session keeps while it runs, and where its functions run.
struct Held<'a> {
    /// The place where functions run.
    chosen: Chosen,
    /// The database, if one was asked for.
    database: Option<&'a SessionDatabase>,
    /// The lock on the workspace, unless nothing is built.
    lock: Option<&'a Lock>,
}

/// Runs the session once its database, if it has one, is open.
async fn run_prepared(
    options: &Options,
    keymap: Keymap,
    program: &Path,
    prepared: Prepared,
    held: Held<'_>,
    (events, inbox): (Events, tokio::sync::mpsc::Receiver<crate::engine::Event>),
    stop: CancellationToken,
) -> Result<(), UserError> {
    let scrapes = match options.metrics {
        Some(port) => Some(Scrapes::listen(port, options.conditions.only_me).await.map_err(|error| {
            port::refused(port, &error)
                .with_hint("choose another port with `--metrics=PORT` (0 takes a free one)")
        })?),
        None => None,
    };
    if options.conditions != Conditions::default() && !matches!(held.chosen, Chosen::Embedded) {
        let message = "use --clock, --limits, --fallback, --env-file, --only-me, --debugger or --replay-last: they are for the embedded cloud only";
        return Err(UserError::usage("flag_unsuitable", message)
            .with_hint("leave it out, or end what listens on the port and has been taken for the cloud"));
    }
    let mut cloud = match held.chosen {
        Chosen::Embedded => {
            let url = held.database.map(SessionDatabase::url);
            let request = CloudRequest {
                port: prepared.settings.port,
                parameters: parameters::values(&prepared.templates, &prepared.parameters, url)?,
                templates: prepared.templates.clone(),
                dist: prepared.settings.dist.clone(),
                functions: outside_of_templates(&prepared),
                strict: options.strict,
                conditions: options.conditions.clone(),
                watch: options.watch,
                node_packages: node_packages::folders(
                    &prepared.workspace.root,
                    &prepared.templates,
                    prepared.settings.node_packages.as_deref(),
                ),
                mail: prepared.workspace.target_directory.join("devloop/mail"),
                events: events.clone(),
            };
            match start_cloud(request, stop.clone()).await? {
                Some(cloud) => cloud,
                None => return Ok(()),
            }
        }
        Chosen::Localstack(endpoint) => open_localstack(&prepared, endpoint, &events, &stop).await?,
        Chosen::Aws => {
            let opening = async {
                let aws = connect_aws(&prepared, &options.deployment, &events, &stop).await?;
                let agreed = agree_to_deploy(options, program, &prepared, &aws, &stop).await?;
                Ok::<_, UserError>(agreed.then_some(aws))
            };
            match stop.run_until_cancelled(opening).await.transpose()?.flatten() {
                Some(aws) => running_aws(aws, &stop),
                None => return Ok(()),
            }
        }
    };
    if let Some(lock) = held.lock {
        lock.serves(&cloud.endpoint);
    }
    if let Some(database) = held.database {
        database.add_to(&mut cloud.outputs);
    }
    if let Some(scrapes) = scrapes {
        cloud.outputs.insert("Metrics".to_owned(), scrapes.url());
        let pipeline = Pipeline::new(&cloud.endpoint, metric(&prepared.settings));
        tokio::spawn(scrapes.serve(pipeline, stop.clone()));
    }
    let mut options = options.clone();
    if !cloud.is_ours && !options.watch && options.view == View::Screen {
        // Where the cloud outlives the session, `up` ends at once, and a screen would vanish at once.
        options.view = View::Plain;
    }
    let stacks = cloud.embedded.take().filter(|_| options.watch).map(|(embedded, variables)| Stacks {
        cloud: embedded,
        variables,
        program: program.to_owned(),
        root: prepared.workspace.root.clone(),
        settings: prepared.settings.clone(),
        files: prepared.templates.iter().map(|template| template.path.clone()).collect(),
        parameters: prepared.parameters.clone(),
        database: held.database.map(|database| database.url().clone()),
        strict: options.strict,
    });
    serve(&options, keymap, program, prepared, (cloud, stacks), (events, inbox), stop).await
}

fn metric(settings: &Settings) -> Metric {
    Metric { namespace: settings.latency.namespace.clone(), name: settings.latency.metric.clone() }
}

/// Runs the session once its cloud runs. Whatever ends it, the cloud is stopped and no process is left.
async fn serve(
    options: &Options,
    keymap: Keymap,
    program: &Path,
    prepared: Prepared,
    (cloud, stacks): (RunningCloud, Option<Stacks>),
    (events, mut inbox): (Events, tokio::sync::mpsc::Receiver<crate::engine::Event>),
    stop: CancellationToken,
) -> Result<(), UserError> {
    let RunningCloud { endpoint, mut outputs, calls, target, is_ours, status, lines, stopped, .. } = cloud;
    let missing = tokio::task::spawn_blocking(devloop_system::missing).await.unwrap_or_default();
    if !missing.is_empty() {
        outputs.insert("Without".to_owned(), missing.join("; "));
    }
    let demands = demands(&prepared.templates, if is_ours { Purpose::RunHere } else { Purpose::Ship });
    let Prepared { settings, workspace, functions, following, templates, remarks, .. } = prepared;
    let Options { view, watch, .. } = *options;
    let event_paths = event_paths::of_templates(&templates);
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
            whereabouts: target.whereabouts(),
            functions: &functions,
            settings: &settings,
            root: &workspace.root,
            keymap: &keymap,
            event_paths: &event_paths,
            calls: &calls,
            events: &events,
            log_directory,
            status: &status,
            notes: workspace.target_directory.join("devloop/aws"),
            stop: &stop,
        };
        let mut sinks = sinks(&told)
            .map_err(|error| UserError::failure("log_failed", format!("open the session's log: {error}")))?;
        let watcher = if watch && !functions.is_empty() {
            let outputs = vec![workspace.target_directory.clone(), settings.dist.clone()];
            let read = stacks.iter().flat_map(|_| &templates);
            let read = read.map(|template| (template.path.clone(), template.text.clone())).collect();
            Some(start_watcher(outputs, read, &events)?)
        } else {
            None
        };
        let builder = builder(program, &workspace, &settings, demands);
        let mut state = State::new(workspace, functions);
        if let Some(following) = following {
            state = state.following(following);
        }
        if let Some(stacks) = stacks.as_ref().filter(|stacks| !stacks.files.is_empty()) {
            let of_templates = templates.iter().flat_map(|template| &template.functions);
            // Functions that were named on the command line stay the session's.
            let functions = (options.selection.named.is_empty())
                .then(|| of_templates.map(|code| code.binary.clone()).collect());
            state = state.applying(Templates::new(stacks.files.iter().cloned(), functions));
        }
        let (dist, stop_workers) = (settings.dist, stop.clone());
        let mut workers = Workers::new(builder, dist, target, watcher, events.clone(), stacks, stop_workers);
        events.send(Fact::CloudReady { endpoint, outputs }).await;
        for problem in remarks {
            events.send(Fact::Warning { problem }).await;
        }
        let result =
            main_loop(&mut state, &mut inbox, &mut sinks, &mut workers, &stop, !watch && !is_ours).await;
        stop.cancel();
        let last = match lines {
            Some(lines) => tell_last_lines(&mut state, &mut inbox, &mut sinks, lines).await,
            None => Ok(()),
        };
        // Closing the queue releases senders that wait for room in it; the workers could not end otherwise.
        drop(inbox);
        workers.finish().await;
        result.and(last)
    }
    .await;
    stop.cancel();
    stopped.await;
    result
}

/// How functions are linked; `None` where the path of this program is unknown, so that it cannot be cargo's rustc wrapper.
fn linking(settings: &BuildSettings, target_directory: &Path, root: &Path) -> Option<Arc<Linking>> {
    let devloop = std::env::current_exe().ok().filter(|path| path.is_file())?;
    let home = target_directory.join("devloop");
    Some(Arc::new(Linking::new(settings, devloop, home, root.to_owned())))
}

/// Locks the workspace, unless the session builds nothing.
pub(super) fn lock(prepared: &Prepared) -> Result<Option<Lock>, UserError> {
    let builds = !prepared.functions.is_empty();
    builds.then(|| Lock::take(&session_directory(&prepared.workspace))).transpose()
}

/// Where the session's own files lie.
fn session_directory(workspace: &Workspace) -> PathBuf {
    workspace.target_directory.join("devloop")
}

/// Refuses options on other targets that only the embedded cloud supports.
fn refuse_what_is_embedded_only(options: &Options, settings: &Settings) -> Result<(), UserError> {
    let requested = [
        ("a database of the session", options.database.is_some()),
        ("a template's parameters", !options.parameters.is_empty()),
        ("the page for Prometheus", options.metrics.is_some()),
        ("prelinked dependencies", settings.build.prelink),
    ];
    match requested.iter().find(|(_, is_requested)| *is_requested) {
        Some((what, _)) => {
            let message = format!("use {what}: that is for the embedded cloud only");
            Err(UserError::usage("embedded_only", message)
                .with_hint("leave it out, or add --target embedded"))
        }
        None => Ok(()),
    }
}

/// The builder that the settings describe.
pub(super) fn builder(
    program: &Path,
    workspace: &Workspace,
    settings: &Settings,
    demands: Demands,
) -> Builder {
    Builder {
        program: program.to_owned(),
        root: workspace.root.clone(),
        target_directory: workspace.target_directory.clone(),
        profile: settings.profile.clone(),
        lookup: cargo::Lookup::default(),
        timeout: settings.build.timeout,
        linking: linking(&settings.build, &workspace.target_directory, &workspace.root),
        machines: Arc::new(Machines::new(demands)),
        standby: Standby::of_session(settings.build.standby),
    }
}

/// Makes the functions' directories, before the cloud looks for them.
pub(super) fn make_directories(prepared: &Prepared) -> Result<(), UserError> {
    let of_templates = prepared.templates.iter().flat_map(|template| &template.functions);
    of_templates.map(|code| &code.binary).chain(&prepared.functions).try_for_each(|function| {
        swap::make_function_directory(&prepared.settings.dist, function)
            .map_err(|error| UserError { problem: error.problem(), exit: Exit::Failure })
    })
}

/// Starts the watcher, which tells `events` what changes. `read` are the files that were read before, with their contents: one that
/// was saved after that and before it was watched counts as saved when the watch begins.
pub(super) fn start_watcher(
    outputs: Vec<PathBuf>,
    read: Vec<(PathBuf, String)>,
    events: &Events,
) -> Result<Watcher, UserError> {
    let events = events.clone();
    Watcher::start(outputs, move |result| {
        events.send_blocking(match result {
            Ok(Seen::Begun) => Fact::FsStirred,
            Ok(Seen::Burst(burst)) => {
                let gone = burst.paths.iter().filter(|path| !path.exists()).cloned().collect();
                Fact::FsChanged { seen_at: burst.seen_at, paths: burst.paths, gone, lost: burst.lost }
            }
            Ok(Seen::Watching) => {
                let is_other =
                    |(path, text): &&(PathBuf, String)| read_text(path).is_ok_and(|now| now != *text);
                let paths: Vec<PathBuf> =
                    read.iter().filter(is_other).map(|(path, _)| path.clone()).collect();
                if paths.is_empty() {
                    return;
                }
                Fact::FsChanged { seen_at: bus::now(), paths, gone: Vec::new(), lost: false }
            }
            Err(error) => Fact::Error { problem: error.problem() },
        });
    })
    .map_err(|error| UserError { problem: error.problem(), exit: Exit::Failure })
}
