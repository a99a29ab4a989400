//! Tables: what has happened, and what the engine wants done about the last thing.
//!
//! An event is written as a word and its arguments, an effect as the line that [`describe`] makes of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::engine::{
    Artifact, Diagnostic, Digest, Effect, Event, Fact, Following, FunctionState, Level, Millis, Notice,
    Phases, Problem, State, update,
};
use crate::graph::{Package, Workspace};

fn package(name: &str, dependencies: &[&str], functions: &[&str]) -> Package {
    Package {
        name: name.to_owned(),
        directory: Path::new("/w").join(name),
        dependencies: dependencies.iter().map(|name| Path::new("/w").join(name)).collect(),
        functions: functions.iter().map(|&name| name.to_owned()).collect(),
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
}

impl Session {
    /// Before anything has happened.
    fn new() -> Self {
        Self { state: State::new(workspace(), ["mid".to_owned(), "up".to_owned()]), at: 0 }
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

    fn tell(&mut self, fact: Fact) -> Vec<String> {
        self.at += 1;
        update(&mut self.state, Event { at: self.at, fact }).iter().map(describe).collect()
    }

    /// Tells the facts, and compares what the last one leads to.
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
        assert_eq!(standing(&self.state.functions[name]), expected);
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

/// The files are no more.
fn deleted(files: &[&str]) -> Fact {
    let paths: Vec<_> = files.iter().map(|file| Path::new("/w").join(file)).collect();
    Fact::FsChanged { seen_at: 0, gone: paths.clone(), paths, lost: false }
}

fn artifact(function: &str, fresh: bool) -> Artifact {
    Artifact {
        function: function.to_owned(),
        executable: Path::new("/t").join(function),
        fresh,
        inputs: Some(
            [Path::new("/w").join(function).join("src/main.rs"), PathBuf::from("/w/model/src/lib.rs")]
                .into_iter()
                .collect(),
        ),
    }
}

/// Functions after a `=` are fresh.
fn built(generation: u64, artifacts: &[&str], failure: Option<&str>) -> Fact {
    let artifacts =
        artifacts.iter().map(|name| artifact(name.trim_start_matches('='), name.starts_with('='))).collect();
    Fact::Built { generation, artifacts, failure: failure.map(str::to_owned) }
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

fn standing(state: &FunctionState) -> String {
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
        FunctionState::Failed { generation, .. } => format!("failed {generation}, {serves} serves"),
    }
}

fn describe(effect: &Effect) -> String {
    match effect {
        Effect::Announce(notice) => format!("tell {}", told(notice)),
        Effect::ReadWorkspace { generation } => format!("read {generation}"),
        Effect::Watch(list) => {
            format!("watch {} directories, {} files", list.directories.len(), list.files.len())
        }
        Effect::Build(order) => {
            format!("build {} {} of {}", order.generation, order.binaries.join("+"), order.packages.join("+"))
        }
        Effect::Adopt { function } => format!("adopt {function}"),
        Effect::CancelBuild { generation } => format!("kill {generation}"),
        Effect::Swap(order) => {
            let unless = order.unless.as_ref().map(|digest| format!(" unless {digest}")).unwrap_or_default();
            format!("swap {} {}{unless}", order.generation, order.function)
        }
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
        Notice::Added { function, url } => format!("added {function} {url}"),
        Notice::Log { function, line } => format!("log {function} {line}"),
        Notice::Error { function, serving, problem, .. } => format!(
            "error {} {}, {} serves",
            function.as_deref().unwrap_or("-"),
            problem.code,
            serving.as_ref().map_or("nothing", |digest| digest.short()),
        ),
    }
}

#[test]
fn a_ready_cloud_begins_the_watch_and_the_first_build() {
    Session::new()
        .check(
            vec![ready()],
            &[
                "tell ready",
                "watch 3 directories, 2 files",
                "tell build 1: mid for first build; up for first build",
                "build 1 mid+up of up+mid",
            ],
        )
        .function("up", "building 1, nothing serves");
}

#[test]
fn a_session_that_began_with_the_outline_reads_the_rest_before_it_builds() {
    let outline = Workspace { packages: workspace().packages[1..].to_vec(), outline: true, ..workspace() };
    let mut session = Session::new();
    session.state.workspace = outline;
    session.check(vec![ready()], &["tell ready", "watch 2 directories, 2 files", "read 1"]).check(
        vec![read(1, Ok(workspace()))],
        &[
            "watch 3 directories, 2 files",
            "tell build 1: mid for first build; up for first build",
            "build 1 mid+up of up+mid",
        ],
    );
}

#[test]
fn a_save_passes_every_phase_until_it_is_live() {
    let first = Session::live().function("up", "live up1");
    let edited = first.check(
        vec![saved(&["up/src/main.rs"])],
        &["tell build 2: up for src/main.rs", "build 2 mid+up of up+mid"],
    );
    let done = edited.check(
        vec![Fact::BuildStarted { generation: 2 }, built(2, &["=mid", "up"], None)],
        &["swap 2 up unless up1"],
    );
    done.function("mid", "live mid1")
        .function("up", "swapping 2, up1 serves")
        .check(vec![swapped(2, "up", "up2")], &["tell swapped 2 up", "activate 2 up up2"])
        .function("up", "starting 2 up2, up1 serves")
        .check(vec![live(2, "up")], &["tell live 2 up up2"])
        .function("up", "live up2");
}

#[test]
fn a_shared_edit_is_one_build() {
    Session::live().check(vec![saved(&["model/src/lib.rs"])], &[
        "tell build 2: mid for path dependency model, src/lib.rs; up for path dependency model, src/lib.rs",
        "build 2 mid+up of up+mid",
    ]);
}

#[test]
fn a_document_changes_nothing() {
    Session::live().check(vec![saved(&["up/README.md", "README.md"])], &[]);
}

#[test]
fn saves_are_noted_while_paused_and_built_together_when_resumed() {
    let paused = Session::live()
        .check(vec![Fact::Pause], &["tell paused"])
        .check(vec![Fact::Pause], &[])
        .check(vec![saved(&["up/src/main.rs"])], &["tell noted up"])
        .check(vec![saved(&["up/README.md"])], &[])
        .check(vec![saved(&["mid/src/main.rs"])], &["tell noted mid+up"])
        .function("up", "live up1");
    assert_eq!(paused.state.paused(), Some(2));
    let resumed = paused.check(
        vec![Fact::Resume],
        &[
            "tell resumed 2",
            "tell build 2: mid for src/main.rs; up for src/main.rs",
            "build 2 mid+up of up+mid",
        ],
    );
    assert_eq!(resumed.state.paused(), None);
    resumed.check(vec![Fact::Resume], &[]);
    Session::live().check(vec![Fact::Pause, Fact::Resume], &["tell resumed 0"]);
}

#[test]
fn what_is_noted_while_paused_costs_no_time_until_it_is_resumed() {
    let mut session = Session::live();
    session.tell(Fact::Pause);
    session.tell(saved(&["up/src/main.rs"]));
    session.at += 60_000;
    session.tell(Fact::Resume);
    for fact in [Fact::BuildStarted { generation: 2 }, built(2, &["up"], None)] {
        session.tell(fact);
    }
    let staged = Fact::Swapped {
        generation: 2,
        function: "up".to_owned(),
        digest: Digest::new("up2"),
        staged_at: session.at,
        warnings: vec![],
    };
    session.tell(staged);
    session.at += 1;
    let effects = update(&mut session.state, Event { at: session.at, fact: live(2, "up") });
    let Some(Effect::Announce(Notice::Live { phases, .. })) = effects.first() else { panic!("{effects:?}") };
    assert!(phases.total() < 100, "{phases:?}");
}

#[test]
fn a_build_that_runs_when_the_session_is_paused_goes_live() {
    Session::live()
        .check(vec![saved(&["up/src/main.rs"]), Fact::Pause], &["tell paused"])
        .check(vec![built(2, &["=mid", "up"], None)], &["swap 2 up unless up1"])
        .check(vec![swapped(2, "up", "up2"), live(2, "up")], &["tell live 2 up up2"]);
}

#[test]
fn everything_is_built_again_when_asked_for_even_while_paused() {
    let rebuilt = ["tell build 2: mid for asked for; up for asked for", "build 2 mid+up of up+mid"];
    Session::live().check(vec![Fact::Rerun], &rebuilt);
    let session = Session::live().check(vec![Fact::Pause, saved(&["up/src/main.rs"]), Fact::Rerun], &rebuilt);
    assert_eq!(session.state.paused(), Some(0), "what was noted is being built");
    session.check(vec![Fact::Resume], &["tell resumed 0"]);
}

#[test]
fn the_same_binary_is_unchanged_and_stays_live() {
    Session::live()
        .check(
            vec![saved(&["up/src/main.rs"]), built(2, &["up"], None), unchanged(2, "up", "up1")],
            &["tell unchanged 2 up"],
        )
        .function("up", "live up1")
        .check(
            vec![saved(&["up/src/main.rs"])],
            &["tell build 3: up for src/main.rs", "build 3 mid+up of up+mid"],
        );
}

#[test]
fn a_newer_save_cancels_the_build_and_builds_both() {
    Session::live()
        .check(
            vec![saved(&["up/src/main.rs"]), saved(&["mid/src/main.rs"])],
            &[
                "kill 2",
                "tell cancelled 2 up",
                "tell build 3: mid for src/main.rs; up for src/main.rs",
                "build 3 mid+up of up+mid",
            ],
        )
        .function("up", "building 3, up1 serves");
}

#[test]
fn results_of_a_cancelled_build_are_ignored() {
    let cancelled = || {
        Session::live().check(
            vec![saved(&["up/src/main.rs"]), saved(&["up/src/main.rs"])],
            &[
                "kill 2",
                "tell cancelled 2 up",
                "tell build 3: up for src/main.rs",
                "build 3 mid+up of up+mid",
            ],
        )
    };
    for late in [
        built(2, &["up"], None),
        built(2, &[], Some("failed")),
        diagnostic(2),
        Fact::Progress { generation: 2, line: String::new() },
        Fact::BuildStarted { generation: 2 },
        swapped(2, "up", "x"),
        unchanged(2, "up", "x"),
        not_swapped(2, "up"),
        live(2, "up"),
        not_activated(2, "up"),
        read(2, Ok(workspace())),
    ] {
        cancelled().check(vec![late], &[]).function("up", "building 3, up1 serves");
    }
}

#[test]
fn a_failed_build_leaves_the_old_code_serving_and_the_fix_goes_live() {
    let failed = Session::live()
        .check(vec![saved(&["up/src/main.rs"]), diagnostic(2)], &["tell diagnostic 2"])
        .check(
            vec![built(2, &["=mid"], Some("could not compile"))],
            &["tell failed 2 up, 1 diagnostics, could not compile"],
        )
        .function("up", "failed 2, up1 serves")
        .function("mid", "live mid1");
    failed
        .check(vec![saved(&["up/src/main.rs"]), built(3, &["=mid", "up"], None)], &["swap 3 up unless up1"])
        .check(vec![swapped(3, "up", "up3"), live(3, "up")], &["tell live 3 up up3"]);
}

#[test]
fn what_compiles_goes_live_beside_what_does_not() {
    Session::live()
        .check(
            vec![saved(&["model/src/lib.rs"]), built(2, &["mid"], Some("up does not compile"))],
            &["swap 2 mid unless mid1", "tell failed 2 up, 0 diagnostics, up does not compile"],
        )
        .function("up", "failed 2, up1 serves");
}

#[test]
fn what_failed_is_tried_again_with_the_next_build() {
    Session::live().check(
        vec![saved(&["up/src/main.rs"]), built(2, &["=mid"], Some("no")), saved(&["mid/src/main.rs"])],
        &["tell build 3: mid for src/main.rs; up for failed before", "build 3 mid+up of up+mid"],
    );
}

#[test]
fn after_a_failure_an_unknown_file_of_the_package_counts_again() {
    let failed = Session::live().check(
        vec![saved(&["up/src/main.rs"]), built(2, &["=mid"], Some("no"))],
        &["tell failed 2 up, 0 diagnostics, no"],
    );
    failed.check(
        vec![saved(&["up/src/new.rs"])],
        &["tell build 3: up for src/new.rs", "build 3 mid+up of up+mid"],
    );
}

#[test]
fn cargo_knows_better_than_the_graph_what_it_rebuilt() {
    Session::live().check(
        vec![saved(&["up/src/main.rs"]), built(2, &["mid", "up"], None)],
        &["swap 2 mid unless mid1", "swap 2 up unless up1"],
    );
}

#[test]
fn a_binary_that_cargo_did_not_make_is_a_failure_of_its_own() {
    Session::live().check(
        vec![saved(&["up/src/main.rs"]), built(2, &["=mid"], None)],
        &["tell failed 2 up, 0 diagnostics, cargo succeeded without making the binary"],
    );
}

#[test]
fn code_that_does_not_come_up_leaves_the_old_code_serving() {
    let failed = Session::live()
        .check(
            vec![
                saved(&["up/src/main.rs"]),
                built(2, &["up"], None),
                swapped(2, "up", "up2"),
                not_activated(2, "up"),
            ],
            &["tell error up init_failed, up1 serves"],
        )
        .function("up", "failed 2, up1 serves");
    // The old binary no longer lies in place, so going back to it is a change.
    failed.check(vec![saved(&["up/src/main.rs"]), built(3, &["up"], None)], &["swap 3 up"]);
}

#[test]
fn what_could_not_be_activated_is_swapped_once_its_function_is_deployed() {
    let deployed = || Fact::Deployed { function: "up".to_owned() };
    let failed = || {
        Session::live().check(
            vec![
                saved(&["up/src/main.rs"]),
                built(2, &["up"], None),
                swapped(2, "up", "up2"),
                not_activated(2, "up"),
            ],
            &["tell error up init_failed, up1 serves"],
        )
    };
    failed()
        .check(vec![deployed()], &["tell build 3: up for deployed now", "build 3 mid+up of up+mid"])
        .check(vec![built(3, &["=up"], None)], &["swap 3 up"]);
    // Who answers has been deployed, and who is being built will be found.
    Session::live().check(vec![deployed()], &[]);
    failed().check(vec![saved(&["up/src/main.rs"]), deployed()], &[]);
}

#[test]
fn a_session_is_settled_when_every_function_answers_or_has_failed() {
    let settled = |session: &Session| session.state.is_settled();
    assert!(!settled(&Session::new()));
    let mut session = Session::live();
    assert!(settled(&session));
    for fact in [saved(&["up/src/main.rs"]), built(2, &["up"], None), swapped(2, "up", "up2")] {
        session.tell(fact);
        assert!(!settled(&session));
    }
    session.tell(not_activated(2, "up"));
    assert!(settled(&session));
    assert_eq!(session.state.failed().collect::<Vec<_>>(), ["up"]);
}

#[test]
fn a_failed_swap_leaves_the_old_code_serving_and_in_place() {
    Session::live()
        .check(
            vec![saved(&["up/src/main.rs"]), built(2, &["up"], None), not_swapped(2, "up")],
            &["tell error up disk_full, up1 serves"],
        )
        .function("up", "failed 2, up1 serves")
        .check(vec![saved(&["up/src/main.rs"]), built(3, &["up"], None)], &["swap 3 up unless up1"]);
}

#[test]
fn no_cargo_runs_while_its_binaries_are_being_copied() {
    let copying = Session::live().check(
        vec![saved(&["model/src/lib.rs"]), built(2, &["mid", "up"], None)],
        &["swap 2 mid unless mid1", "swap 2 up unless up1"],
    );
    copying
        .check(vec![saved(&["up/src/main.rs"])], &[])
        .check(vec![swapped(2, "mid", "mid2")], &["tell swapped 2 mid", "activate 2 mid mid2"])
        .check(
            vec![swapped(2, "up", "up2")],
            &[
                "tell swapped 2 up",
                "activate 2 up up2",
                "tell build 3: up for src/main.rs",
                "build 3 mid+up of up+mid",
            ],
        )
        .function("up", "starting 2 up2, up1 serves");
}

fn starting_with_a_newer_save() -> Session {
    Session::live()
        .check(
            vec![
                saved(&["up/src/main.rs"]),
                built(2, &["up"], None),
                swapped(2, "up", "up2"),
                saved(&["up/src/main.rs"]),
            ],
            &["tell build 3: up for src/main.rs", "build 3 mid+up of up+mid"],
        )
        .function("up", "starting 2 up2, up1 serves")
}

#[test]
fn a_start_that_a_newer_build_overtakes_is_still_told_and_serves_meanwhile() {
    starting_with_a_newer_save()
        .check(vec![live(2, "up")], &["tell live 2 up up2"])
        .function("up", "building 3, up2 serves")
        .check(vec![built(3, &["up"], None)], &["swap 3 up unless up2"]);
}

#[test]
fn a_binary_waits_until_its_function_has_started_the_previous_one() {
    let held = || starting_with_a_newer_save().check(vec![built(3, &["up"], None)], &[]);
    held().check(vec![live(2, "up")], &["tell live 2 up up2", "swap 3 up unless up2"]);
    held().check(vec![not_activated(2, "up")], &["tell error up init_failed, up1 serves", "swap 3 up"]);
}

#[test]
fn a_waiting_binary_is_dropped_for_a_newer_save() {
    starting_with_a_newer_save()
        .check(
            vec![built(3, &["up"], None), saved(&["mid/src/main.rs"])],
            &["tell build 4: mid for src/main.rs; up for src/main.rs", "build 4 mid+up of up+mid"],
        )
        .check(vec![live(2, "up")], &["tell live 2 up up2"])
        .function("up", "building 4, up2 serves");
}

#[test]
fn a_manifest_edit_reads_the_workspace_first() {
    let reading = Session::live().check(vec![saved(&["up/Cargo.toml"])], &["read 2"]);
    let mut changed = workspace();
    changed.packages[2].dependencies.clear();
    reading
        .check(vec![read(2, Ok(changed))], &["tell build 2: up for Cargo.toml", "build 2 mid+up of up+mid"])
        .check(
            vec![built(2, &["=mid", "up"], None), swapped(2, "up", "up2"), live(2, "up")],
            &["tell live 2 up up2"],
        );
}

#[test]
fn a_new_path_dependency_is_watched() {
    let mut grown = workspace();
    grown.packages.push(package("extra", &[], &[]));
    grown.packages[1].dependencies.push("/w/extra".into());
    Session::live().check(
        vec![saved(&["up/Cargo.toml"]), read(2, Ok(grown))],
        &["watch 4 directories, 2 files", "tell build 2: up for Cargo.toml", "build 2 mid+up of up+mid"],
    );
}

#[test]
fn a_broken_manifest_is_a_failed_build() {
    Session::live()
        .check(
            vec![saved(&["up/Cargo.toml"]), read(2, Err("bad TOML"))],
            &["tell failed 2 up, 0 diagnostics, bad TOML"],
        )
        .function("up", "failed 2, up1 serves")
        .check(vec![saved(&["up/Cargo.toml"])], &["read 3"]);
}

#[test]
fn the_lock_file_that_cargo_writes_after_a_manifest_edit_is_no_second_save() {
    Session::live()
        .check(vec![saved(&["up/Cargo.toml"]), saved(&["Cargo.lock"])], &[])
        .check(vec![read(2, Ok(workspace())), saved(&["Cargo.lock"])], &[])
        .check(vec![built(2, &["up"], None)], &["swap 2 up unless up1"]);
    Session::live().check(vec![saved(&["Cargo.lock"])], &["read 2"]);
}

#[test]
fn lost_events_rebuild_everything() {
    Session::live()
        .check(vec![Fact::FsChanged { seen_at: 0, paths: vec![], gone: vec![], lost: true }], &["read 2"])
        .check(
            vec![read(2, Ok(workspace()))],
            &[
                "tell build 2: mid for file events were lost; up for file events were lost",
                "build 2 mid+up of up+mid",
            ],
        );
}

#[test]
fn inputs_outside_of_packages_are_watched_from_the_first_build_on() {
    let mut session = Session::new();
    session.tell(ready());
    let mut artifact = artifact("up", false);
    artifact.inputs = Some(["/w/schema.json".into(), "/w/target/out.rs".into()].into_iter().collect());
    let built =
        Fact::Built { generation: 1, artifacts: vec![artifact], failure: Some("mid fails".to_owned()) };
    session
        .check(
            vec![built],
            &["swap 1 up", "tell failed 1 mid, 0 diagnostics, mid fails", "watch 3 directories, 3 files"],
        )
        .check(
            vec![swapped(1, "up", "up1"), live(1, "up"), saved(&["schema.json"])],
            &[
                "tell build 2: mid for failed before; up for build input schema.json",
                "build 2 mid+up of up+mid",
            ],
        );
}

#[test]
fn phases_add_up_from_the_save_to_the_answer() {
    let mut state = Session::live().state;
    let paths = vec![PathBuf::from("/w/up/src/main.rs")];
    let digest = Digest::new("up2");
    let function = || "up".to_owned();
    let facts = [
        (1030, Fact::FsChanged { seen_at: 1000, paths, gone: vec![], lost: false }),
        (1033, Fact::BuildStarted { generation: 2 }),
        (2033, built(2, &["up"], None)),
        (
            2075,
            Fact::Swapped { generation: 2, function: function(), digest, staged_at: 2073, warnings: vec![] },
        ),
        (2105, live(2, "up")),
    ];
    let effects = facts.into_iter().flat_map(|(at, fact)| update(&mut state, Event { at, fact }));
    let phases = effects.filter_map(|effect| match effect {
        Effect::Announce(Notice::Live { phases, .. }) => Some(phases),
        _ => None,
    });
    let expected = Phases { detect: 30, plan: 3, cargo: 1000, package: 40, swap: 2, reload: 30 };
    assert_eq!(phases.collect::<Vec<_>>(), [expected]);
    assert_eq!(expected.total(), 1105);
}

#[test]
fn an_empty_cloud_builds_nothing() {
    let session = Session { state: State::new(Workspace::default(), []), at: 0 };
    let session = session.check(vec![ready()], &["tell ready", "watch 0 directories, 1 files"]);
    session.check(vec![saved(&["up/src/main.rs"])], &[]);
}

#[test]
fn lines_and_errors_pass_through() {
    let log = Fact::Log { function: "up".to_owned(), line: "hello".to_owned() };
    let error = Fact::Error { problem: Problem::new("watch_limit", "full") };
    Session::live()
        .check(vec![log], &["tell log up hello"])
        .check(vec![error], &["tell error - watch_limit, nothing serves"]);
}

/// A live session that has every function, with what the workspace is after the change.
fn following() -> Session {
    let mut session = Session::live();
    session.state.following = Some(Following::default());
    session
}

fn with(functions: &[&str]) -> Workspace {
    let mut packages = vec![package("model", &[], &[])];
    packages.extend(functions.iter().map(|name| package(name, &["model"], &[name])));
    Workspace { packages, ..workspace() }
}

#[test]
fn a_new_function_is_taken_in_and_built() {
    following()
        .check(vec![saved(&["new/Cargo.toml"])], &["read 2"])
        .check(
            vec![read(2, Ok(with(&["mid", "new", "up"])))],
            &[
                "adopt new",
                "watch 5 directories, 2 files",
                "tell build 2: new for new function",
                "build 2 mid+new+up of mid+new+up",
            ],
        )
        .function("new", "building 2, nothing serves")
        .function("up", "live up1")
        .check(
            vec![Fact::Adopted { function: "new".to_owned(), url: "http://e/new".to_owned() }],
            &["tell added new http://e/new"],
        );
}

#[test]
fn a_session_for_some_functions_takes_no_other_in() {
    Session::live().check(vec![saved(&["new/Cargo.toml"])], &[]);
    Session::live().check(vec![saved(&["up/Cargo.toml"])], &["read 2"]).check(
        vec![read(2, Ok(with(&["mid", "new", "up"])))],
        &["tell build 2: up for Cargo.toml", "build 2 mid+up of mid+new+up"],
    );
}

#[test]
fn a_deleted_function_is_named_and_built_no_more() {
    let session = Session::live()
        .check(vec![deleted(&["up/src/main.rs"])], &["read 2"])
        .check(
            vec![read(2, Ok(with(&["mid"])))],
            &["tell error up function_gone, up1 serves", "watch 2 directories, 2 files"],
        )
        .check(
            vec![saved(&["mid/src/main.rs"])],
            &["tell build 3: mid for src/main.rs", "build 3 mid of mid"],
        );
    assert!(!session.state.functions.contains_key("up"));
}

#[test]
fn a_renamed_function_is_a_deleted_and_a_new_one() {
    following().check(vec![deleted(&["up/src/main.rs"])], &["read 2"]).check(
        vec![read(2, Ok(with(&["down", "mid"])))],
        &[
            "tell error up function_gone, up1 serves",
            "adopt down",
            "watch 4 directories, 2 files",
            "tell build 2: down for new function",
            "build 2 down+mid of down+mid",
        ],
    );
}

#[test]
fn a_manifest_that_changes_nothing_for_the_functions_builds_nothing() {
    following()
        .check(vec![saved(&["tool/Cargo.toml"]), read(2, Ok(workspace()))], &["watch 4 directories, 2 files"])
        .check(
            vec![saved(&["up/src/main.rs"])],
            &["tell build 3: up for src/main.rs", "build 3 mid+up of up+mid"],
        );
}

#[test]
fn a_directory_that_a_build_reads_is_watched() {
    let mut read_more = artifact("up", false);
    if let Some(read) = &mut read_more.inputs {
        read.directories = ["/w/schemas".into(), "/w/target/out".into()].into();
    }
    let facts = vec![
        saved(&["up/src/main.rs"]),
        Fact::Built { generation: 2, artifacts: vec![artifact("mid", true), read_more], failure: None },
    ];
    Session::live()
        .check(facts, &["swap 2 up unless up1", "watch 4 directories, 2 files"])
        .check(vec![unchanged(2, "up", "up1")], &["tell unchanged 2 up"])
        .check(
            vec![saved(&["schemas/new.json"])],
            &["tell build 3: up for build input schemas/new.json", "build 3 mid+up of up+mid"],
        );
}
