//! Real builds of a small workspace.

mod standby;

use std::collections::BTreeMap;
use std::ffi::OsString;

use tokio_util::sync::CancellationToken;

use crate::build::{Outcome, run};
use crate::bus::Events;
use crate::engine::{Artifact, BuildOrder, Diagnostic, Event, Fact, Level};
use crate::graph::Read;
use crate::testing::Fixture;

struct Built {
    artifacts: Vec<Artifact>,
    failure: Option<String>,
    inputs: BTreeMap<String, Option<Read>>,
    events: Vec<Event>,
}

impl Built {
    /// Whether a line of cargo's progress begins so.
    fn said(&self, start: &str) -> bool {
        self.events
            .iter()
            .any(|event| matches!(&event.fact, Fact::Progress { line, .. } if line.starts_with(start)))
    }
}

async fn build(fixture: &Fixture) -> Built {
    build_with(&fixture.builder()).await
}

async fn build_with(builder: &crate::build::Builder) -> Built {
    let (events, mut inbox) = Events::channel();
    let outcome = run(builder, &Fixture::order(), &CancellationToken::new(), &events).await.unwrap();
    drop(events);
    let mut seen = Vec::new();
    while let Some(event) = inbox.recv().await {
        seen.push(event);
    }
    match outcome {
        Outcome::Finished { mut artifacts, failure, inputs } => {
            artifacts.sort_by(|left, right| left.function.cmp(&right.function));
            Built { artifacts, failure, inputs, events: seen }
        }
        Outcome::Cancelled => panic!("nobody cancelled"),
    }
}

fn freshness(built: &Built) -> Vec<(&str, bool)> {
    built.artifacts.iter().map(|artifact| (artifact.function.as_str(), artifact.fresh)).collect()
}

fn errors(built: &Built) -> Vec<&Diagnostic> {
    built
        .events
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::Diagnostic { diagnostic, .. } if diagnostic.level == Level::Error => Some(diagnostic),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn one_cargo_builds_what_changed_and_names_its_inputs() {
    let fixture = Fixture::new();
    fixture.write("schema.json", "{}");
    fixture.write(
        "up/src/main.rs",
        "fn main() { print!(\"{}{}\", model::MODEL, include_str!(\"../../schema.json\")) }",
    );
    let first = build(&fixture).await;
    assert_eq!(first.failure, None);
    assert_eq!(freshness(&first), [("mid", false), ("up", false)]);
    assert!(matches!(first.events[0].fact, Fact::BuildStarted { generation: 1 }));
    let up = &first.inputs["up"].as_ref().unwrap().files;
    for input in ["up/src/main.rs", "model/src/lib.rs", "schema.json"] {
        assert!(
            up.iter().any(|path| path.canonicalize().unwrap() == fixture.path(input)),
            "{input} in {up:?}"
        );
    }
    assert!(up.iter().all(|path| path.is_absolute() && !path.to_string_lossy().contains("..")), "{up:?}");

    let again = build(&fixture).await;
    assert_eq!(freshness(&again), [("mid", true), ("up", true)]);
    fixture.write("up/src/main.rs", "fn main() {}");
    let edited = build(&fixture).await;
    assert_eq!(freshness(&edited), [("mid", true), ("up", false)]);
}

#[tokio::test]
async fn an_error_is_reported_with_its_place_and_the_rest_is_built() {
    let fixture = Fixture::new();
    fixture.write("up/src/main.rs", "fn main() {\n    let _: u8 = \"text\";\n}\n");
    let built = build(&fixture).await;
    assert_eq!(freshness(&built), [("mid", false)]);
    assert_eq!(built.inputs, [("mid".to_owned(), None)].into(), "cargo brought nothing up to date");
    assert!(
        built.failure.as_ref().unwrap().starts_with("error: could not compile `up`"),
        "{:?}",
        built.failure
    );
    let errors = errors(&built);
    assert_eq!(errors.len(), 1, "{errors:?}");
    let location = errors[0].location.as_ref().unwrap();
    assert_eq!((location.file.to_str(), location.line, location.column), (Some("up/src/main.rs"), 2, 17));
    assert!(errors[0].rendered.contains("mismatched types") && errors[0].rendered.contains('\u{1b}'));
}

#[tokio::test]
async fn cargo_s_own_refusal_is_the_failure() {
    let fixture = Fixture::new();
    std::fs::remove_file(fixture.path("up/src/main.rs")).unwrap();
    let built = build(&fixture).await;
    assert!(built.artifacts.is_empty());
    assert!(built.failure.unwrap().contains("no targets specified"));
}

#[tokio::test]
async fn a_missing_cargo_is_reported() {
    let fixture = Fixture::new();
    let mut builder = fixture.builder();
    builder.program = "no-such-cargo".into();
    let (events, _inbox) = Events::channel();
    let error = run(&builder, &Fixture::order(), &CancellationToken::new(), &events).await.unwrap_err();
    assert_eq!(error.problem().code, "cargo_missing");
    assert!(error.problem().hint.is_some());
}

/// Replaces cargo with a script.
fn scripted(fixture: &Fixture, script: &str) -> crate::build::Builder {
    use std::os::unix::fs::PermissionsExt;
    let program = fixture.path("cargo-script");
    fixture.write("cargo-script", &format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
    crate::build::Builder { program, ..fixture.builder() }
}

async fn failed(builder: &crate::build::Builder) -> crate::engine::Problem {
    let (events, _inbox) = Events::channel();
    run(builder, &Fixture::order(), &CancellationToken::new(), &events).await.unwrap_err().problem()
}

#[tokio::test]
async fn a_killed_cargo_is_reported() {
    let fixture = Fixture::new();
    let problem = failed(&scripted(&fixture, "kill -9 $$")).await;
    assert_eq!(
        (problem.code, problem.message.as_str()),
        ("cargo_killed", "run cargo: it was killed by signal 9")
    );
}

#[tokio::test]
async fn a_build_that_hangs_is_stopped_with_what_it_started() {
    let fixture = Fixture::new();
    let script = "echo '    Blocking waiting for file lock on build directory' >&2\nsleep 1000 & echo $! > child\nwait";
    let mut builder = scripted(&fixture, script);
    builder.timeout = std::time::Duration::from_millis(300);
    let problem = failed(&builder).await;
    assert_eq!(problem.code, "build_timeout");
    let expected =
        "said nothing for 300 ms, and was stopped; its last words were: Blocking waiting for file lock";
    assert!(problem.message.contains(expected), "{}", problem.message);
    let child = std::fs::read_to_string(fixture.path("child")).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
    assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
}

#[tokio::test]
async fn a_cargo_that_goes_on_talking_is_not_hanging() {
    let fixture = Fixture::new();
    let script = "i=0; while [ $i -lt 40 ]; do echo '   Compiling x' >&2; sleep 0.05; i=$((i+1)); done";
    let mut builder = scripted(&fixture, script);
    builder.timeout = std::time::Duration::from_millis(1500);
    let (events, _inbox) = Events::channel();
    let ended = run(&builder, &Fixture::order(), &CancellationToken::new(), &events).await.unwrap();
    assert_eq!(ended, Outcome::Finished { artifacts: vec![], failure: None, inputs: [].into() });
}

/// A script in cargo's place. It reports one binary and success, does what `end` says, and does not end before it is released.
/// The binary is this program: something that fits the machine.
fn slow_to_end(fixture: &Fixture, end: &str) -> crate::build::Builder {
    let executable = std::env::current_exe().unwrap();
    let artifact = serde_json::json!({
        "reason": "compiler-artifact",
        "package_id": "path+file:///w#up@0.1.0",
        "manifest_path": "/w/up/Cargo.toml",
        "target": {
            "kind": ["bin"], "crate_types": ["bin"], "name": "up", "src_path": "/w/up/src/main.rs",
            "edition": "2024", "doc": true, "doctest": false, "test": true,
        },
        "profile": { "opt_level": "0", "debuginfo": 2, "debug_assertions": true, "overflow_checks": true, "test": false },
        "features": [],
        "filenames": [executable],
        "executable": executable,
        "fresh": false,
    });
    fixture.write("artifact.json", &format!("{artifact}\n"));
    let script = format!(
        "cat artifact.json\necho '{{\"reason\":\"build-finished\",\"success\":true}}'\n\
         while [ ! -e let-go ]; do sleep 0.01; done\n{end}"
    );
    scripted(fixture, &script)
}

/// The next fact of this kind, and what it holds.
async fn next<T>(inbox: &mut tokio::sync::mpsc::Receiver<Event>, wanted: impl Fn(Fact) -> Option<T>) -> T {
    loop {
        let event = inbox.recv().await.expect("the fact comes");
        if let Some(found) = wanted(event.fact) {
            return found;
        }
    }
}

#[tokio::test]
async fn what_is_made_is_told_before_cargo_ends_and_that_end_is_waited_for() {
    let fixture = Fixture::new();
    let builder = slow_to_end(&fixture, "echo over > ended");
    let (events, mut inbox) = Events::channel();
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    let running = tokio::spawn(async move { run(&builder, &Fixture::order(), &token, &events).await });
    let ended = next(&mut inbox, |fact| match fact {
        Fact::Built(ended) => Some(ended),
        _ => None,
    })
    .await;
    assert_eq!((ended.artifacts.len(), ended.artifacts[0].function.as_str()), (1, "up"));
    assert!(!running.is_finished() && ended.failure.is_none());
    // A newer save cancels the build. If cargo were killed now, the inputs of what it made would stay unknown.
    cancel.cancel();
    tokio::task::yield_now().await;
    fixture.write("let-go", "");
    let Outcome::Finished { artifacts, failure, inputs } = running.await.unwrap().unwrap() else {
        panic!("it was not cancelled")
    };
    assert_eq!((artifacts, failure), (ended.artifacts, None));
    assert_eq!(inputs.keys().collect::<Vec<_>>(), ["up"]);
    assert!(fixture.path("ended").is_file());
    let more = std::iter::from_fn(|| inbox.try_recv().ok());
    assert_eq!(more.filter(|event| matches!(event.fact, Fact::Built(_))).count(), 0, "it is reported once");
}

#[tokio::test]
async fn a_cargo_that_fails_after_it_has_made_everything_is_named_and_its_inputs_are_not_known() {
    let fixture = Fixture::new();
    let builder = slow_to_end(&fixture, "echo 'error: no space left for up.d' >&2; exit 101");
    fixture.write("let-go", "");
    let (events, mut inbox) = Events::channel();
    let ended = run(&builder, &Fixture::order(), &CancellationToken::new(), &events).await.unwrap();
    let Outcome::Finished { failure: Some(failure), inputs, .. } = ended else { panic!("{ended:?}") };
    assert_eq!(
        (failure.as_str(), inputs),
        ("error: no space left for up.d", [("up".to_owned(), None)].into())
    );
    let problem = next(&mut inbox, |fact| match fact {
        Fact::Error { problem } => Some(problem),
        _ => None,
    })
    .await;
    assert_eq!(
        (problem.code, problem.message.as_str()),
        ("cargo_failed", "run cargo: when all was built, it said: error: no space left for up.d")
    );
}

/// Binaries that are shipped, for a runtime; cargo-zigbuild is looked for in `path`.
fn shipped(fixture: &Fixture, runtime: &str, path: OsString) -> crate::build::Builder {
    use crate::machine::{Demand, Demands, Purpose};
    let demand = || Demand { runtime: runtime.to_owned(), ..Demand::default() };
    let functions = ["up", "mid"].map(|function| (function.to_owned(), demand())).into();
    let machines = crate::build::Machines::new(Demands { purpose: Purpose::Ship, functions }).with_path(path);
    crate::build::Builder { machines: std::sync::Arc::new(machines), ..fixture.builder() }
}

/// What the builder makes, and the codes of its problems. Amazon Linux 2 is older than any machine that builds with this Rust.
async fn build_for_amazon_linux_2(fixture: &Fixture, path: OsString) -> (Built, Vec<&'static str>) {
    let built = build_with(&shipped(fixture, "provided.al2", path)).await;
    let problems = built.events.iter().filter_map(|event| match &event.fact {
        Fact::Error { problem } => Some(problem.code),
        _ => None,
    });
    let problems = problems.collect();
    (built, problems)
}

#[tokio::test]
async fn what_needs_too_new_a_glibc_is_refused_where_there_is_no_zigbuild() {
    let (built, problems) = build_for_amazon_linux_2(&Fixture::new(), OsString::new()).await;
    assert!(built.artifacts.is_empty() && built.failure.is_some());
    assert_eq!(problems, ["zigbuild_missing", "zigbuild_missing"]);
}

#[tokio::test]
async fn what_needs_too_new_a_glibc_is_built_against_an_older_one_by_zigbuild() {
    test_tools::program("cargo-zigbuild");
    let fixture = Fixture::new();
    let (built, problems) = build_for_amazon_linux_2(&fixture, test_tools::path()).await;
    assert_eq!((built.failure, problems), (None, vec![]));
    assert_eq!(built.artifacts.len(), 2);
    for artifact in built.artifacts {
        let binary = crate::machine::inspect(&artifact.executable).unwrap();
        assert!(binary.glibc <= Some(crate::machine::Glibc { major: 2, minor: 26 }), "{binary:?}");
        let read = built.inputs[&artifact.function].as_ref().unwrap();
        assert!(read.files.contains(&fixture.path("model/src/lib.rs")));
        let output = std::process::Command::new(&artifact.executable).output().unwrap();
        assert!(String::from_utf8_lossy(&output.stdout).contains("model 1"), "{output:?}");
    }
}

#[tokio::test]
async fn binaries_of_one_name_are_built_one_after_the_other() {
    let fixture = Fixture::new();
    for package in ["first", "second"] {
        let manifest = format!(
            "[package]\nname = \"{package}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             [[bin]]\nname = \"bootstrap\"\npath = \"src/main.rs\"\n\
             [dependencies]\nlambda_runtime.path = \"../lambda_runtime\"\n"
        );
        fixture.write(&format!("{package}/Cargo.toml"), &manifest);
        fixture.write(
            &format!("{package}/src/main.rs"),
            &format!("fn main() {{ println!(\"{package} 1\") }}\n"),
        );
    }
    let workspace = fixture.read().await.workspace;
    let functions: Vec<String> = workspace.functions().map(str::to_owned).collect();
    assert_eq!(functions, ["first", "mid", "second", "up"]);
    let order = BuildOrder::of(&workspace, 1, functions);
    let built = async || {
        let (events, _inbox) = Events::channel();
        let outcome = run(&fixture.builder(), &order, &CancellationToken::new(), &events).await.unwrap();
        let Outcome::Finished { artifacts, failure, inputs } = outcome else { panic!("nobody cancelled") };
        assert_eq!(failure, None);
        let said = |function: &str| {
            let artifact = artifacts.iter().find(|artifact| artifact.function == function).unwrap();
            let output = std::process::Command::new(&artifact.executable).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        let read = inputs["first"].as_ref().unwrap();
        assert!(read.files.contains(&fixture.path("first/src/main.rs")), "{read:?}");
        (said("first"), said("second"), artifacts.len())
    };
    assert_eq!(built().await, ("first 1".to_owned(), "second 1".to_owned(), 4));
    fixture.write("second/src/main.rs", "fn main() { println!(\"second 2\") }\n");
    assert_eq!(built().await, ("first 1".to_owned(), "second 2".to_owned(), 4));
}

#[tokio::test]
async fn a_function_may_have_the_name_of_one_of_its_dependencies() {
    let fixture = Fixture::new();
    fixture.write(
        "schemas/up/Cargo.toml",
        "[package]\nname = \"up\"\nversion = \"1.0.0\"\nedition = \"2024\"\n",
    );
    fixture.write("schemas/up/src/lib.rs", "pub const WORD: &str = \"its namesake\";\n");
    let manifest = std::fs::read_to_string(fixture.path("up/Cargo.toml")).unwrap();
    let namesake = "namesake = { package = \"up\", path = \"../schemas/up\" }\n";
    fixture.write("up/Cargo.toml", &format!("{manifest}{namesake}"));
    fixture.write("up/src/main.rs", "fn main() { println!(\"up 1, {}\", namesake::WORD) }\n");
    let order = BuildOrder::of(&fixture.read().await.workspace, 1, vec!["up".to_owned()]);
    let (events, _inbox) = Events::channel();
    let outcome = run(&fixture.builder(), &order, &CancellationToken::new(), &events).await.unwrap();
    let Outcome::Finished { artifacts, failure, .. } = outcome else { panic!("nobody cancelled") };
    assert_eq!(failure, None);
    let output = std::process::Command::new(&artifacts[0].executable).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "up 1, its namesake\n");
}
