//! Tables: a list of events, and the effects that the engine returns for the last one.
//!
//! An event is written as a word and its arguments, an effect as the line that [`describe`] makes of it.

mod failures;
mod noise;
mod overlap;
mod pause;
mod rollback;
mod saves;
mod standby;
mod templates;
mod workspace;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::engine::{
    Artifact, Diagnostic, Digest, Effect, Ended, Event, Fact, Following, FunctionState, Level, Millis,
    Notice, Phases, Problem, RolledBack, State, update,
};
use crate::graph::{Package, Read, Workspace};

fn package(name: &str, dependencies: &[&str], functions: &[&str]) -> Package {
    Package {
        name: name.to_owned(),
        spec: name.to_owned(),
        directory: Path::new("/w").join(name),
        dependencies: dependencies.iter().map(|name| Path::new("/w").join(name)).collect(),
        functions: functions.iter().map(|&name| name.to_owned()).collect(),
        renamed: [].into(),
        features: vec![],
        roots: functions.iter().map(|_| Path::new("/w").join(name).join("src/main.rs")).collect(),
    }
}

fn workspace() -> Workspace {
    Workspace {
        root: PathBuf::from("/w"),
        target_directory: PathBuf::from("/w/target"),
        governing: vec![PathBuf::from("/w/Cargo.lock")],
        packages: vec![
            package("model", &[], &[]),
            package("up", &["model"], &["up"]),
            package("mid", &["model"], &["mid"]),
        ],
        offline: true,
        outline: false,
    }
}

/// A session with a clock that advances one millisecond an event.
struct Session {
    state: State,
    at: Millis,
    slow: bool,
    shows_standby: bool,
}

impl Session {
    /// Before anything has happened.
    fn new() -> Self {
        Self {
            state: State::new(workspace(), ["mid".to_owned(), "up".to_owned()]),
            at: 0,
            slow: false,
            shows_standby: false,
        }
    }

    /// After the first build: both functions answer, with digests `mid1` and `up1`.
    fn live() -> Self {
        let mut session = Self::new();
        for fact in [
            ready(),
            Fact::BuildStarted { generation: 1 },
            built(1, &["mid", "up"], None),
            swapped(1, "mid", "mid1"),
            swapped(1, "up", "up1"),
            live(1, "mid"),
            live(1, "up"),
        ] {
            session.tell(fact);
        }
        session
    }

    /// Handles a fact. Cargo then ends when it has made everything, unless the session is [slow](Self::slow).
    fn tell(&mut self, fact: Fact) -> Vec<String> {
        self.at += 1;
        let end = match &fact {
            Fact::Built(Ended { generation, artifacts, .. }) if !self.slow => {
                let read = artifacts.iter().map(|artifact| artifact.function.clone());
                let inputs = read.map(|function| (function.clone(), Some(sources(&function)))).collect();
                Some(Fact::InputsRead { generation: *generation, inputs })
            }
            _ => None,
        };
        let mut effects = update(&mut self.state, Event { at: self.at, fact });
        effects.extend(end.into_iter().flat_map(|fact| update(&mut self.state, Event { at: self.at, fact })));
        if !self.shows_standby {
            effects.retain(|effect| !matches!(effect, Effect::StandBy(_) | Effect::StandDown));
        }
        effects.iter().map(describe).collect()
    }

    /// From now on the checked effects include those about standing by.
    fn showing_standby(self) -> Self {
        Self { shows_standby: true, ..self }
    }

    /// From now on cargo ends only when a test says so.
    fn slow(self) -> Self {
        Self { slow: true, ..self }
    }

    /// Handles the facts, and compares the effects of the last one.
    fn check(mut self, facts: Vec<Fact>, expected: &[&str]) -> Self {
        let mut last = Vec::new();
        for fact in facts {
            last = self.tell(fact);
        }
        assert_eq!(last, expected);
        self
    }

    /// Compares a function's state.
    fn function(self, name: &str, expected: &str) -> Self {
        assert_eq!(described(&self.state.functions[name]), expected);
        self
    }
}

fn ready() -> Fact {
    Fact::CloudReady { endpoint: "http://e".to_owned(), outputs: BTreeMap::new() }
}

fn saved(files: &[&str]) -> Fact {
    let paths = files.iter().map(|file| Path::new("/w").join(file)).collect();
    Fact::FsChanged { seen_at: 0, paths, gone: vec![], lost: false }
}

/// The files were deleted.
fn deleted(files: &[&str]) -> Fact {
    let paths: Vec<_> = files.iter().map(|file| Path::new("/w").join(file)).collect();
    Fact::FsChanged { seen_at: 0, gone: paths.clone(), paths, lost: false }
}

fn artifact(function: &str, fresh: bool) -> Artifact {
    Artifact { function: function.to_owned(), executable: Path::new("/t").join(function), fresh }
}

/// What a function is made from, unless a test says something else.
fn sources(function: &str) -> Read {
    [Path::new("/w").join(function).join("src/main.rs"), PathBuf::from("/w/model/src/lib.rs")]
        .into_iter()
        .collect()
}

fn inputs_read<const N: usize>(generation: u64, inputs: [(&str, Option<Read>); N]) -> Fact {
    let inputs = inputs.map(|(function, read)| (function.to_owned(), read)).into();
    Fact::InputsRead { generation, inputs }
}

/// Functions after a `=` are fresh.
fn built(generation: u64, artifacts: &[&str], failure: Option<&str>) -> Fact {
    let artifacts =
        artifacts.iter().map(|name| artifact(name.trim_start_matches('='), name.starts_with('='))).collect();
    Fact::Built(Ended { generation, artifacts, failure: failure.map(str::to_owned) })
}

fn made(generation: u64, function: &str) -> Fact {
    let executable = Path::new("/t").join(function);
    Fact::Made { generation, function: function.to_owned(), executable }
}

fn swapped(generation: u64, function: &str, digest: &str) -> Fact {
    let (function, digest) = (function.to_owned(), Digest::new(digest));
    Fact::Swapped { generation, function, digest, staged_at: 0, warnings: vec![] }
}

fn unchanged(generation: u64, function: &str, digest: &str) -> Fact {
    Fact::Unchanged { generation, function: function.to_owned(), digest: Digest::new(digest) }
}

fn live(generation: u64, function: &str) -> Fact {
    Fact::Live { generation, function: function.to_owned() }
}

fn not_activated(generation: u64, function: &str) -> Fact {
    let problem = Problem::new("init_failed", "panicked");
    Fact::ActivationFailed { generation, function: function.to_owned(), problem }
}

fn not_swapped(generation: u64, function: &str) -> Fact {
    let problem = Problem::new("disk_full", "full");
    Fact::SwapFailed { generation, function: function.to_owned(), problem }
}

fn diagnostic(generation: u64) -> Fact {
    let diagnostic = Diagnostic {
        level: Level::Error,
        message: "mismatched types".to_owned(),
        rendered: String::new(),
        location: None,
        package: None,
    };
    Fact::Diagnostic { generation, diagnostic }
}

fn read(generation: u64, result: Result<Workspace, &str>) -> Fact {
    Fact::WorkspaceRead {
        generation,
        result: result.map_err(|message| Problem::new("workspace_unreadable", message)),
    }
}

/// Paths below the workspace's root, joined; the root itself is a dot.
fn below_root<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> String {
    let paths = paths.into_iter().map(|path| match path.strip_prefix("/w") {
        Ok(inner) if inner.as_os_str().is_empty() => ".".to_owned(),
        Ok(inner) => inner.display().to_string(),
        Err(_) => path.display().to_string(),
    });
    let names = paths.collect::<Vec<_>>().join("+");
    if names.is_empty() { "nothing".to_owned() } else { names }
}

fn described(state: &FunctionState) -> String {
    let serving = state.serving();
    let serves = serving.digest().map_or("nothing".to_owned(), |digest| digest.to_string());
    match state {
        FunctionState::Unbuilt => "unbuilt".to_owned(),
        FunctionState::Building { generation, .. } => format!("building {generation}, {serves} serves"),
        FunctionState::Swapping { generation, .. } => format!("swapping {generation}, {serves} serves"),
        FunctionState::Starting { generation, digest, .. } => {
            format!("starting {generation} {digest}, {serves} serves")
        }
        FunctionState::Live { digest, .. } => format!("live {digest}"),
        FunctionState::RollingBack { .. } => format!("rolling back, {serves} serves"),
        FunctionState::RolledBack { digest, .. } => format!("rolled back to {digest}"),
        FunctionState::Failed { generation, .. } => format!("failed {generation}, {serves} serves"),
    }
}

fn describe(effect: &Effect) -> String {
    match effect {
        Effect::Announce(notice) => format!("tell {}", told(notice)),
        Effect::ApplyTemplates => "apply templates".to_owned(),
        Effect::ReadWorkspace { generation } => format!("read {generation}"),
        Effect::Watch(list) => {
            format!("watch {} and {}", below_root(&list.directories), below_root(&list.files))
        }
        Effect::Build(order) => {
            format!("build {} {} of {}", order.generation, order.binaries.join("+"), order.packages.join("+"))
        }
        Effect::Adopt { function } => format!("adopt {function}"),
        Effect::Dismiss { function, serving } => format!(
            "dismiss {function}, {} serves",
            serving.as_ref().map_or("nothing", |digest| digest.short())
        ),
        Effect::RollBack { function, agreed } => {
            format!("roll {function} back{}", if *agreed { ", agreed" } else { "" })
        }
        Effect::CancelBuild { generation } => format!("kill {generation}"),
        Effect::Swap(order) => {
            let unless = order.unless.as_ref().map(|digest| format!(" unless {digest}")).unwrap_or_default();
            format!("swap {} {}{unless}", order.generation, order.function)
        }
        Effect::StandBy(order) => format!("stand by for {}", order.binaries.join("+")),
        Effect::StandDown => "stand down".to_owned(),
        Effect::Copy(order) => format!("copy {} {}", order.generation, order.function),
        Effect::Activate { generation, function, digest } => {
            format!("activate {generation} {function} {digest}")
        }
    }
}

fn told(notice: &Notice) -> String {
    match notice {
        Notice::Ready { .. } => "ready".to_owned(),
        Notice::Build { generation, reasons } => {
            let reasons: Vec<String> =
                reasons.iter().map(|(function, reason)| format!("{function} for {reason}")).collect();
            format!("build {generation}: {}", reasons.join("; "))
        }
        Notice::Cancelled { generation, functions } => {
            format!("cancelled {generation} {}", functions.join("+"))
        }
        Notice::Paused => "paused".to_owned(),
        Notice::Noted { functions } => format!("noted {}", functions.join("+")),
        Notice::Resumed { saves } => format!("resumed {saves}"),
        Notice::Progress { generation, line } => format!("progress {generation} {line}"),
        Notice::Diagnostic { generation, .. } => format!("diagnostic {generation}"),
        Notice::BuildFailed { generation, functions, diagnostics, failure } => {
            let functions: Vec<&str> = functions.keys().map(String::as_str).collect();
            format!(
                "failed {generation} {}, {} diagnostics, {failure}",
                functions.join("+"),
                diagnostics.len()
            )
        }
        Notice::Swapped { generation, function, .. } => format!("swapped {generation} {function}"),
        Notice::Live { generation, function, digest, .. } => format!("live {generation} {function} {digest}"),
        Notice::Unchanged { generation, function, .. } => format!("unchanged {generation} {function}"),
        Notice::Stack { stack, resources, .. } => format!("stack {stack}: {}", resources.join("; ")),
        Notice::Updated { stack, changes } => format!("updated {stack}: {}", changes.join("; ")),
        Notice::Added { function, url } => format!("added {function} {url}"),
        Notice::Gone { function, removed, .. } => {
            format!("gone {function}{}", if *removed { ", removed" } else { "" })
        }
        Notice::RollbackPlanned { function, plan } => {
            format!("roll {function} back? {}", plan.join("; "))
        }
        Notice::RolledBack(RolledBack { function, digest, .. }) => {
            format!("rolled {function} back to {digest}")
        }
        Notice::NotRolledBack { function, problem } => {
            format!("{function} not rolled back: {}", problem.code)
        }
        Notice::Log { function, line } => format!("log {function} {line}"),
        Notice::Reported { function, line } => format!("reported {function} {line}"),
        Notice::Warning { problem } => format!("warning {}", problem.code),
        Notice::Error { function, serving, problem, .. } => format!(
            "error {} {}, {} serves",
            function.as_deref().unwrap_or("-"),
            problem.code,
            serving.as_ref().map_or("nothing", |digest| digest.short()),
        ),
    }
}
