//! Makes the session's sinks: the screen or plain lines, the log files, and the record of first builds.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use crate::bus::Events;
use crate::config::{
    Settings, TargetKind, editor, environment_of_a_load, no_color, panicking_thread, terminal_is_utf8,
};
use crate::observe::{FirstBuilds, Local};
use crate::output;
use crate::session::first_build::FirstBuildSink;
use crate::session::status_access::StatusAccess;
use crate::session::{View, commit, orders};
use crate::sink::{FunctionLogs, Json, LogFile, Plain, Sink, Unblocked};
use crate::status::{ApiCall, Hop};
use crate::target::Whereabouts;
use crate::tui::{Keymap, Load, Opening, Theme, Tui};

/// What the sinks are made from.
pub(super) struct Told<'a> {
    /// How the session shows what happens.
    pub(super) view: View,
    /// Whether saves are built.
    pub(super) watch: bool,
    /// The URL that clients use.
    pub(super) endpoint: &'a str,
    /// Where the functions run.
    pub(super) whereabouts: Whereabouts,
    /// What is built and served.
    pub(super) functions: &'a [String],
    pub(super) settings: &'a Settings,
    pub(super) root: &'a Path,
    /// The keys of the screen.
    pub(super) keymap: &'a Keymap,
    /// The paths of events through the pipeline.
    pub(super) event_paths: &'a [Vec<Hop>],
    /// What the APIs of the templates' outputs take, by the URLs of the outputs.
    pub(super) calls: &'a BTreeMap<String, ApiCall>,
    /// Takes the user's commands from the screen.
    pub(super) events: &'a Events,
    /// Where the log file is made; without a workspace there is none.
    pub(super) log_directory: Option<PathBuf>,
    /// How the status pane asks the cloud.
    pub(super) status: &'a StatusAccess,
    /// The folder where the target aws notes which zip holds which binary.
    pub(super) notes: PathBuf,
    /// Ends the session.
    pub(super) stop: &'a CancellationToken,
}

/// The sinks of a session.
pub(super) fn sinks(told: &Told<'_>) -> io::Result<Vec<Box<dyn Sink>>> {
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    let log = told.log_directory.as_ref().map(|directory| directory.join("session.jsonl"));
    if let Some(path) = &log {
        sinks.push(Box::new(LogFile::create(path)?));
    }
    if let Some(directory) = &told.log_directory {
        sinks.push(Box::new(FunctionLogs::new(directory.join("logs"))));
    }
    if !told.functions.is_empty() {
        let mut builds = FirstBuilds::new(&told.settings.dist);
        builds.tell(told.functions.iter().cloned().collect());
        sinks.push(Box::new(FirstBuildSink(builds)));
    }
    let output = Unblocked::stdout(told.stop.clone())?;
    let remark = (told.whereabouts.target == TargetKind::Localstack.name()).then_some(IN_FLIGHT);
    let plain = |output| {
        let plain = Plain::new(output, output::stdout().is_terminal() && !no_color(), terminal_is_utf8());
        plain.with_remark(remark)
    };
    sinks.push(match told.view {
        View::Json => Box::new(Json::new(output)),
        View::Plain => Box::new(plain(output)),
        // On a terminal that cannot draw, plain lines are shown instead.
        View::Screen => match screen(told, log.as_deref()) {
            Ok(screen) => Box::new(screen),
            Err(_) => Box::new(plain(output)),
        },
    });
    Ok(sinks)
}

/// What a swap costs on LocalStack, and nowhere else.
const IN_FLIGHT: &str = "a call in flight during a swap fails with a 500, which AWS's SDKs send again";

/// Where the functions run, in rows for the screen.
fn target(told: &Told<'_>) -> Vec<(&'static str, String)> {
    let Whereabouts { target, account, region } = told.whereabouts.clone();
    let is = match target {
        "embedded" => "the cloud in this process; it ends with the session".to_owned(),
        "localstack" => format!("LocalStack; it goes on when the session ends; {IN_FLIGHT}"),
        _ => "Lambda in an account of AWS; every save changes it".to_owned(),
    };
    vec![
        ("target", format!("{target}: {is}")),
        ("endpoint", told.endpoint.to_owned()),
        ("account", account),
        ("region", region),
    ]
}

/// How the screen starts `devloop bench`; `None` on AWS, where bench cannot follow requests to their end.
fn load(told: &Told<'_>) -> Option<Load> {
    let program = std::env::current_exe().ok()?;
    let can_be_followed = told.whereabouts.target != TargetKind::Aws.name();
    can_be_followed.then(|| Load { program, environment: environment_of_a_load(told.endpoint) })
}

fn screen(told: &Told<'_>, log: Option<&Path>) -> io::Result<Tui> {
    let screen = Tui::start(Opening {
        command: if told.watch { "watch" } else { "up" },
        endpoint: told.endpoint.to_owned(),
        target: target(told),
        load: load(told),
        panicking: panicking_thread(),
        functions: told.functions.to_owned(),
        theme: Theme { colour: !no_color(), unicode: terminal_is_utf8() },
        stop: told.stop.clone(),
        farewell: log.map_or_else(
            || "devloop ended".to_owned(),
            |log| format!("devloop ended; the session's log is {}", log.display()),
        ),
        root: told.root.to_owned(),
        editor: editor(),
        keymap: told.keymap.clone(),
        mouse: told.settings.mouse,
        event_paths: told.event_paths.to_vec(),
        calls: told.calls.clone(),
        orders: orders::carry_out(told.events.clone()),
    })?;
    let local = Local { dist: told.settings.dist.clone(), notes: told.notes.clone() };
    screen.follow(told.status.pipeline(told.settings, local), told.stop.clone());
    let root = told.root.to_owned();
    screen.follow_commit(move || commit::of(root.clone()), told.stop.clone());
    Ok(screen)
}
