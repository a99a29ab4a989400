//! The whole loop: real files, a real watcher, the real cargo, real swaps. Only the place where functions run is a fake: it starts
//! the swapped program once and takes its output as the function's answer.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::bus::Events;
use crate::engine::{Digest, Fact, Following, Millis, Notice, Problem, State};
use crate::error::UserError;
use crate::session::main_loop::{main_loop, tell_last_lines};
use crate::session::run::start_watcher;
use crate::session::workers::Workers;
use crate::sink::{Plain, Sink};
use crate::target::{Pending, Target, Whereabouts};
use crate::testing::Fixture;

/// How long a test waits for what must come; cargo may have to wait for a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// The last answer of each function, and the number of starts.
#[derive(Default)]
struct Fake {
    answers: Mutex<BTreeMap<String, String>>,
    starts: Mutex<Vec<String>>,
}

impl Target for Fake {
    fn activate<'a>(
        &'a self,
        function: &'a str,
        directory: &'a Path,
        _digest: &'a Digest,
    ) -> Pending<'a, Result<(), Problem>> {
        Box::pin(async move {
            let output = run(&directory.join("bootstrap"));
            self.starts.lock().unwrap().push(function.to_owned());
            if !output.status.success() {
                return Err(Problem::new("init_failed", format!("it ended with {}", output.status)));
            }
            let answer = String::from_utf8(output.stdout).unwrap().trim().to_owned();
            self.answers.lock().unwrap().insert(function.to_owned(), answer);
            Ok(())
        })
    }

    fn whereabouts(&self) -> Whereabouts {
        Whereabouts { target: "fake", account: String::new(), region: String::new() }
    }

    fn dismiss(&self, function: &str) -> Result<bool, Problem> {
        Ok(self.answers.lock().unwrap().remove(function).is_some())
    }

    fn adopt(&self, function: &str, directory: &Path) -> Result<String, Problem> {
        assert!(directory.is_dir());
        Ok(format!("http://e/{function}"))
    }
}

/// Another thread's fork may hold the program open for writing until its exec.
fn run(program: &Path) -> std::process::Output {
    loop {
        match Command::new(program).output() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => std::thread::yield_now(),
            output => return output.unwrap(),
        }
    }
}

struct Recorder(UnboundedSender<Notice>);

impl Sink for Recorder {
    fn tell(&mut self, _at: Millis, notice: &Notice, _state: &State) -> io::Result<()> {
        self.0.send(notice.clone()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

struct Session {
    fixture: Fixture,
    target: Arc<Fake>,
    notices: UnboundedReceiver<Notice>,
    stop: CancellationToken,
    turning: JoinHandle<Result<(), UserError>>,
}

impl Session {
    /// Starts the loop; nothing is built yet.
    async fn start(fixture: Fixture) -> Self {
        Self::start_with(fixture, false).await
    }

    /// Starts the loop; if `follow` is set, it takes in functions that appear.
    async fn start_with(fixture: Fixture, follow: bool) -> Self {
        let target = Arc::new(Fake::default());
        let (sender, notices) = unbounded_channel();
        let stop = CancellationToken::new();
        let (events, mut inbox) = Events::channel();
        let watcher = start_watcher(vec![fixture.path("target")], Vec::new(), &events).unwrap();
        let dist = fixture.path("target/devloop/dist");
        let mut workers = Workers::new(
            fixture.builder(),
            dist,
            Arc::clone(&target) as Arc<dyn Target>,
            Some(watcher),
            events.clone(),
            None,
            stop.clone(),
        );
        let workspace = fixture.read().await.workspace;
        let functions: Vec<String> = workspace.functions().map(str::to_owned).collect();
        events.send(Fact::CloudReady { endpoint: "http://e".to_owned(), outputs: BTreeMap::new() }).await;
        let token = stop.clone();
        let turning = tokio::spawn(async move {
            let mut state = State::new(workspace, functions);
            if follow {
                state = state.following(Following::default());
            }
            let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(Recorder(sender))];
            let result = main_loop(&mut state, &mut inbox, &mut sinks, &mut workers, &token, false).await;
            token.cancel();
            drop(inbox);
            workers.finish().await;
            result
        });
        Self { fixture, target, notices, stop, turning }
    }

    /// Starts the loop and waits until both functions answer.
    async fn live() -> Self {
        let mut session = Self::start(Fixture::new()).await;
        session.wait_for_live(1, 2).await;
        session
    }

    async fn next(&mut self) -> Notice {
        tokio::time::timeout(PATIENCE, self.notices.recv()).await.unwrap().unwrap()
    }

    /// The first notice that fits; none before it may be an error or a failed build.
    async fn wait_for<T>(&mut self, fits: impl Fn(&Notice) -> Option<T>) -> T {
        loop {
            let notice = self.next().await;
            if let Some(found) = fits(&notice) {
                return found;
            }
            assert!(!matches!(notice, Notice::Error { .. } | Notice::BuildFailed { .. }), "{notice:?}");
        }
    }

    async fn wait_for_live(&mut self, wanted: u64, functions: usize) {
        for _ in 0..functions {
            let fits = |notice: &Notice| matches!(notice, Notice::Live { .. }).then(|| notice.clone());
            match self.wait_for(fits).await {
                Notice::Live { generation, .. } => assert_eq!(generation, wanted),
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next build as `function: reason` lines.
    async fn wait_for_build(&mut self, wanted: u64) -> Vec<String> {
        let reasons = |notice: &Notice| match notice {
            Notice::Build { generation, reasons } => {
                assert_eq!(*generation, wanted);
                Some(reasons.iter().map(|(function, reason)| format!("{function}: {reason}")).collect())
            }
            _ => None,
        };
        self.wait_for(reasons).await
    }

    fn answer(&self, function: &str) -> String {
        self.target.answers.lock().unwrap()[function].clone()
    }

    fn starts(&self) -> usize {
        self.target.starts.lock().unwrap().len()
    }

    async fn end(self) {
        self.stop.cancel();
        self.turning.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_save_goes_live_and_restarts_nothing_else() {
    let mut session = Session::live().await;
    assert_eq!(
        (session.answer("up"), session.answer("mid")),
        ("up 1, model 1".into(), "mid 1, model 1".into())
    );
    session.fixture.write("up/README.md", "not a source");
    session.fixture.write("up/src/main.rs", "fn main() { println!(\"up 2, {}\", model::MODEL) }");
    assert_eq!(session.wait_for_build(2).await, ["up: src/main.rs"]);
    session.wait_for_live(2, 1).await;
    assert_eq!(session.answer("up"), "up 2, model 1");
    assert_eq!(session.starts(), 3);
    session.end().await;
}

#[tokio::test]
async fn a_shared_edit_rebuilds_its_dependents_in_one_cargo_process() {
    let mut session = Session::live().await;
    session.fixture.write("model/src/lib.rs", "pub const MODEL: &str = \"model 2\";\n");
    let because = "path dependency model, src/lib.rs";
    assert_eq!(session.wait_for_build(2).await, [format!("mid: {because}"), format!("up: {because}")]);
    session.wait_for_live(2, 2).await;
    assert_eq!(
        (session.answer("up"), session.answer("mid")),
        ("up 1, model 2".into(), "mid 1, model 2".into())
    );
    session.end().await;
}

#[tokio::test]
async fn an_edit_that_changes_no_code_swaps_nothing() {
    let mut session = Session::live().await;
    session
        .fixture
        .write("up/src/main.rs", "fn main() { println!(\"up 1, {}\", model::MODEL) } // said twice\n");
    let unchanged = |notice: &Notice| match notice {
        Notice::Unchanged { function, .. } => Some(function.clone()),
        Notice::Swapped { .. } => panic!("{notice:?}"),
        _ => None,
    };
    assert_eq!(session.wait_for(unchanged).await, "up");
    assert_eq!(session.starts(), 2);
    session.end().await;
}

#[tokio::test]
async fn an_error_is_shown_and_its_fix_goes_live() {
    let mut session = Session::live().await;
    session.fixture.write("up/src/main.rs", "fn main() { let _: u8 = \"text\"; }");
    let failed = |notice: &Notice| match notice {
        Notice::BuildFailed { functions, diagnostics, .. } => Some((functions.clone(), diagnostics.clone())),
        _ => None,
    };
    let (functions, diagnostics) = session.wait_for(failed).await;
    assert_eq!(functions.keys().collect::<Vec<_>>(), ["up"]);
    assert!(functions["up"].is_some(), "the first code still serves");
    assert!(diagnostics[0].rendered.contains("mismatched types"));
    session.fixture.write("up/src/main.rs", "fn main() { println!(\"fixed\") }");
    session.wait_for_live(3, 1).await;
    assert_eq!(session.answer("up"), "fixed");
    session.end().await;
}

#[tokio::test]
async fn code_that_fails_to_start_is_reported() {
    let mut session = Session::live().await;
    session.fixture.write("up/src/main.rs", "fn main() { std::process::exit(3) }");
    let error = |notice: &Notice| match notice {
        Notice::Error { function, serving, problem, .. } => {
            Some((function.clone().unwrap(), serving.is_some(), problem.code))
        }
        _ => None,
    };
    assert_eq!(session.wait_for(error).await, ("up".to_owned(), true, "init_failed"));
    session.fixture.write("up/src/main.rs", "fn main() { println!(\"up 1, {}\", model::MODEL) }\n");
    session.wait_for_live(3, 1).await;
    session.end().await;
}

#[tokio::test]
async fn a_manifest_edit_builds_what_it_governs() {
    let mut session = Session::live().await;
    session
        .fixture
        .write("extra/Cargo.toml", "[package]\nname = \"extra\"\nversion = \"0.0.0\"\nedition = \"2024\"\n");
    session.fixture.write("extra/src/lib.rs", "pub const EXTRA: &str = \"extra 1\";\n");
    let manifest = std::fs::read_to_string(session.fixture.path("up/Cargo.toml")).unwrap();
    session.fixture.write("up/Cargo.toml", &format!("{manifest}extra.path = \"../extra\"\n"));
    assert_eq!(session.wait_for_build(2).await, ["up: Cargo.toml"]);
    let done =
        |notice: &Notice| matches!(notice, Notice::Unchanged { .. } | Notice::Live { .. }).then_some(());
    session.wait_for(done).await;
    session.fixture.write("up/src/main.rs", "fn main() { println!(\"{}\", extra::EXTRA) }");
    session.wait_for_live(3, 1).await;
    session.fixture.write("extra/src/lib.rs", "pub const EXTRA: &str = \"extra 2\";\n");
    assert_eq!(session.wait_for_build(4).await, ["up: path dependency extra, src/lib.rs"]);
    session.wait_for_live(4, 1).await;
    assert_eq!(session.answer("up"), "extra 2");
    session.end().await;
}

/// Makes the build script of `up` wait until somebody writes into the gate, and note its process id meanwhile.
fn block_builds_of_up(fixture: &Fixture) {
    assert!(Command::new("mkfifo").arg(fixture.path("gate")).status().unwrap().success());
    let script = r#"fn main() {
        println!("cargo::rerun-if-changed=build.rs");
        std::fs::write("../number", std::process::id().to_string()).unwrap();
        if std::path::Path::new("../gate").exists() {
            println!("cargo::warning=blocked");
            std::fs::read("../gate").unwrap();
        }
    }"#;
    fixture.write("up/build.rs", script);
}

/// Waits until the build script is blocked, which is when it has written its process id. Returns that id.
async fn blocked_script(fixture: &Fixture) -> u32 {
    let number = async {
        loop {
            match std::fs::read_to_string(fixture.path("number")).ok().and_then(|text| text.parse().ok()) {
                Some(number) => return number,
                None => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, number).await.unwrap()
}

/// Whether the process runs. A killed process whose parent died with it may still wait to be reaped.
fn is_running(number: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{number}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().unwrap_or_default().trim_start().starts_with('Z'))
}

#[tokio::test]
async fn a_save_during_a_build_cancels_it_with_everything_it_started() {
    let mut session = Session::live().await;
    block_builds_of_up(&session.fixture);
    assert_eq!(session.wait_for_build(2).await, ["up: build.rs"]);
    let script = blocked_script(&session.fixture).await;
    std::fs::remove_file(session.fixture.path("gate")).unwrap();
    session.fixture.write("up/src/main.rs", "fn main() { println!(\"newer\") }");
    let cancelled = |notice: &Notice| match notice {
        Notice::Cancelled { generation, functions } => Some((*generation, functions.clone())),
        _ => None,
    };
    assert_eq!(session.wait_for(cancelled).await, (2, vec!["up".to_owned()]));
    session.wait_for_live(3, 1).await;
    assert_eq!(session.answer("up"), "newer");
    assert!(!is_running(script));
    session.end().await;
}

#[tokio::test]
async fn the_end_of_a_session_leaves_no_process() {
    let fixture = Fixture::new();
    block_builds_of_up(&fixture);
    let session = Session::start(fixture).await;
    let script = blocked_script(&session.fixture).await;
    assert!(is_running(script));
    session.stop.cancel();
    session.turning.await.unwrap().unwrap();
    assert!(!is_running(script));
}

#[tokio::test]
async fn an_output_that_nobody_reads_ends_the_session_in_good_order() {
    let session = Session::start(Fixture::new()).await;
    drop(session.notices);
    tokio::time::timeout(PATIENCE, session.turning).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn what_a_build_reads_beside_its_sources_is_followed() {
    let fixture = Fixture::new();
    fixture.write("schemas/a.txt", "a");
    fixture.write("text.txt", "text 1");
    let script = r#"fn main() {
        println!("cargo::rerun-if-changed=../schemas");
        let count = std::fs::read_dir("../schemas").unwrap().count();
        println!("cargo::rustc-env=COUNT={count}");
    }"#;
    fixture.write("model/build.rs", script);
    fixture.write("model/src/lib.rs", "pub const MODEL: &str = concat!(\"model \", env!(\"COUNT\"));\n");
    let main = "fn main() { println!(\"up {}, {}\", include_str!(\"../../text.txt\"), model::MODEL) }\n";
    fixture.write("up/src/main.rs", main);
    fixture.write(".cargo/config.toml", "");
    fixture.write("up/examples/example.rs", "fn main() {}\n");
    let mut session = Session::start(fixture).await;
    session.wait_for_live(1, 2).await;
    assert_eq!(session.answer("up"), "up text 1, model 1");

    session.fixture.write("up/examples/example.rs", "fn main() { println!() }\n");
    session.fixture.write("up/tests/it.rs", "#[test]\nfn it() {}\n");
    session.fixture.write("text.txt", "text 2");
    assert_eq!(session.wait_for_build(2).await, ["up: build input text.txt"]);
    session.wait_for_live(2, 1).await;
    assert_eq!(session.answer("up"), "up text 2, model 1");

    session.fixture.write("schemas/b.txt", "b");
    let because = "build input schemas/b.txt";
    assert_eq!(session.wait_for_build(3).await, [format!("mid: {because}"), format!("up: {because}")]);
    session.wait_for_live(3, 2).await;
    assert_eq!(session.answer("up"), "up text 2, model 2");

    session.fixture.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg=other\"]\n");
    let because = "workspace file .cargo/config.toml";
    assert_eq!(session.wait_for_build(4).await, [format!("mid: {because}"), format!("up: {because}")]);
    session.end().await;
}

/// The name of a function that is gone.
fn gone(notice: &Notice) -> Option<String> {
    match notice {
        Notice::Gone { function, removed: true, .. } => Some(function.clone()),
        _ => None,
    }
}

#[tokio::test]
async fn functions_that_appear_move_and_vanish_are_followed() {
    let mut session = Session::start_with(Fixture::new(), true).await;
    session.wait_for_live(1, 2).await;

    session.fixture.write("up/src/bin/second.rs", "fn main() { println!(\"second\") }\n");
    assert_eq!(session.wait_for_build(2).await, ["second: new function"]);
    session.wait_for_live(2, 1).await;
    assert_eq!(session.answer("second"), "second");

    let bin = session.fixture.path("up/src/bin");
    std::fs::rename(bin.join("second.rs"), bin.join("third.rs")).unwrap();
    assert_eq!(session.wait_for(gone).await, "second");
    session.wait_for_live(3, 1).await;
    assert_eq!(session.answer("third"), "second");

    let manifest = std::fs::read_to_string(session.fixture.path("up/Cargo.toml")).unwrap();
    session.fixture.write("new/src/main.rs", "fn main() { println!(\"new\") }\n");
    session.fixture.write("new/Cargo.toml", &manifest.replace("\"up\"", "\"new\""));
    let added = |notice: &Notice| match notice {
        Notice::Added { function, url } => Some((function.clone(), url.clone())),
        _ => None,
    };
    assert_eq!(session.wait_for(added).await, ("new".to_owned(), "http://e/new".to_owned()));
    session
        .wait_for(|notice| matches!(notice, Notice::Live { function, .. } if function == "new").then_some(()))
        .await;
    assert_eq!(session.answer("new"), "new");

    std::fs::remove_dir_all(session.fixture.path("new")).unwrap();
    assert_eq!(session.wait_for(gone).await, "new");
    session.fixture.write("mid/src/main.rs", "fn main() { println!(\"mid 2\") }\n");
    session
        .wait_for(|notice| matches!(notice, Notice::Live { function, .. } if function == "mid").then_some(()))
        .await;
    assert_eq!(session.answer("mid"), "mid 2");
    session.end().await;
}

/// Records the order of the calls it gets.
struct Keeper(UnboundedSender<&'static str>);

impl Sink for Keeper {
    fn tell(&mut self, _at: Millis, notice: &Notice, _state: &State) -> io::Result<()> {
        let kind = match notice {
            Notice::Log { .. } | Notice::Reported { .. } => "line",
            _ => "other",
        };
        self.0.send(kind).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.send("flush");
        Ok(())
    }
}

fn workers(fixture: &Fixture, events: &Events, stop: &CancellationToken) -> Workers {
    let target = Arc::new(Fake::default()) as Arc<dyn Target>;
    let dist = fixture.path("target/devloop/dist");
    Workers::new(fixture.builder(), dist, target, None, events.clone(), None, stop.clone())
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_the_session_and_the_other_outputs_keep_their_lines() {
    let fixture = Fixture::new();
    let (reader, output) = io::pipe().unwrap();
    drop(reader);
    let (sender, mut asked) = unbounded_channel();
    let (events, mut inbox) = Events::channel();
    let stop = CancellationToken::new();
    let mut workers = workers(&fixture, &events, &stop);
    events.send(Fact::Log { function: "alpha".to_owned(), line: "one".to_owned() }).await;
    let mut state = State::new(crate::graph::Workspace::default(), []);
    let mut sinks: Vec<Box<dyn Sink>> =
        vec![Box::new(Plain::new(output, false, true)), Box::new(Keeper(sender))];
    let turning = main_loop(&mut state, &mut inbox, &mut sinks, &mut workers, &stop, false);
    tokio::time::timeout(PATIENCE, turning).await.unwrap().unwrap();
    drop(sinks);
    assert_eq!(std::iter::from_fn(|| asked.try_recv().ok()).collect::<Vec<_>>(), ["line", "flush", "flush"]);
}

#[tokio::test]
async fn lines_that_are_on_their_way_at_the_end_are_told_and_nothing_else() {
    let (sender, mut asked) = unbounded_channel();
    let (events, mut inbox) = Events::channel();
    let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(Keeper(sender))];
    // More than the queue holds, so that the lines wait for their reader.
    let passing_on = tokio::spawn(async move {
        events.send(Fact::Error { problem: Problem::new("odd", "something odd") }).await;
        for number in 0..3_000 {
            events.send(Fact::Log { function: "alpha".to_owned(), line: number.to_string() }).await;
        }
    });
    let mut state = State::new(crate::graph::Workspace::default(), []);
    tell_last_lines(&mut state, &mut inbox, &mut sinks, passing_on).await.unwrap();
    drop(sinks);
    let seen: Vec<_> = std::iter::from_fn(|| asked.try_recv().ok()).collect();
    assert_eq!(seen.iter().filter(|what| **what == "line").count(), 3_000);
    assert_eq!((seen.len(), seen.last()), (3_001, Some(&"flush")));
}

#[tokio::test]
async fn functions_lines_are_written_together_a_moment_later_and_everything_else_at_once() {
    let fixture = Fixture::new();
    let (sender, mut asked) = unbounded_channel();
    let (events, mut inbox) = Events::channel();
    let stop = CancellationToken::new();
    let mut workers = workers(&fixture, &events, &stop);
    // A request leaves lines of the function and a report of Lambda, and there may be thousands of requests a second.
    let line = |number: u32| {
        let (function, line) = ("alpha".to_owned(), number.to_string());
        if number.is_multiple_of(2) {
            Fact::Log { function, line }
        } else {
            Fact::Reported { function, line }
        }
    };
    for number in 0..200 {
        events.send(line(number)).await;
    }
    events.send(Fact::Error { problem: Problem::new("odd", "something odd") }).await;
    events.send(line(200)).await;
    let mut state = State::new(crate::graph::Workspace::default(), []);
    let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(Keeper(sender))];
    let turning = main_loop(&mut state, &mut inbox, &mut sinks, &mut workers, &stop, false);
    let looking = async {
        let mut seen = Vec::new();
        // Nothing comes after the last line, so only the passing of time gets it written.
        while !(seen.contains(&"other") && seen.ends_with(&["line", "flush"])) {
            seen.push(tokio::time::timeout(PATIENCE, asked.recv()).await.unwrap().unwrap());
        }
        stop.cancel();
        seen
    };
    let (result, seen) = tokio::join!(turning, looking);
    result.unwrap();
    assert_eq!(seen.iter().filter(|what| **what == "line").count(), 201);
    let error = seen.iter().position(|what| *what == "other").unwrap();
    assert_eq!(seen[error + 1], "flush", "an error is in the log before a crash that it may announce");
    assert!(seen.iter().filter(|what| **what == "flush").count() < 40, "many lines at once: {seen:?}");
    assert_eq!(asked.try_recv(), Ok("flush"), "and whatever is left at the end");
}
