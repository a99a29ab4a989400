//! The terminal UI on a real pseudo-terminal: it takes the terminal, and restores it however it ends.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::Value;
use support::{
    Artificial, Fate, GIVEN_BACK, LIMIT, TAKEN, Terminal, Workspace, children_of, eventually, processes_in,
    program, send, signal_to, write_program,
};

const MOUSE_TAKEN: &str = "\u{1b}[?1000h";
const MOUSE_LEFT: &str = "\u{1b}[?1000l";

/// The arguments of an empty cloud.
const EMPTY: [&str; 4] = ["up", "--no-template", "--port", "0"];

/// Waits for the screen, does something, and waits for the end.
fn check(act: impl FnOnce(&mut Terminal)) {
    let mut session = Terminal::start(&EMPTY);
    session.wait_for(TAKEN);
    session.wait_for("4 logs");
    assert!(session.is_raw(), "keys come raw");
    act(&mut session);
    session.ends();
}

#[test]
fn keys_end_the_session() {
    check(|session| session.press("q"));
    check(|session| session.press("\u{3}"));
}

#[test]
fn signals_end_the_session() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        check(|session| session.signal(signal));
    }
}

#[test]
fn help_and_a_new_size_are_drawn() {
    check(|session| {
        session.press("?");
        session.wait_for("▸help");
        tcsetwinsize(&session.keys, Winsize { ws_row: 6, ws_col: 20, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        session.signal(Signal::WINCH);
        // The title's line has exactly the new width.
        session.wait_for(&format!("▸help {}\u{1b}", "━".repeat(13)));
        session.press("\u{3}");
    });
}

#[test]
fn commands_are_typed_and_wrong_ones_are_reported() {
    check(|session| {
        session.press("r");
        session.wait_for("there is no API to call");
        session.press(":nonsense\r");
        session.wait_for("there is no command `nonsense`");
        session.press("\u{3}");
    });
    check(|session| session.press(":quit\r"));
}

#[test]
fn the_mouse_is_taken_and_left() {
    check(|session| {
        session.wait_for(MOUSE_TAKEN);
        // A click on the title of the first pane, as a terminal reports it `[SGR mouse mode, XTerm Control Sequences]`.
        session.press("\u{1b}[<0;5;2M");
        session.wait_for("▸1 functions");
        session.press("m");
        session.wait_for(MOUSE_LEFT);
        session.forget();
        session.press("m");
        session.wait_for(MOUSE_TAKEN);
        session.press("q");
        session.wait_for(MOUSE_LEFT);
    });
    let mut session = Terminal::start(&["up", "--no-template", "--port", "0", "--no-mouse"]);
    session.wait_for("4 logs");
    session.press("?");
    session.wait_for("▸help");
    assert!(!session.seen.contains(MOUSE_TAKEN), "{:?}", session.seen);
    session.press("q");
    session.ends();
}

#[test]
fn a_stopped_job_gives_the_terminal_to_the_shell_and_takes_it_again() {
    check(|session| {
        for round in 0..2 {
            session.forget();
            if round == 0 {
                session.signal(Signal::TSTP);
            } else {
                session.press("\u{1a}");
            }
            session.wait_until_stopped(true);
            session.wait_for(GIVEN_BACK);
            assert!(!session.is_raw(), "the shell reads lines");
            session.forget();
            session.signal(Signal::CONT);
            session.wait_for(TAKEN);
            session.wait_for("4 logs");
            assert!(session.is_raw());
        }
        session.press("?");
        session.wait_for("▸help");
        session.press("q");
    });
}

/// Writes a program of this name with this script.
fn fake_editor(name: &str, script: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join(name);
    write_program(&program, script);
    (directory, program)
}

/// Writes a program of this name that writes its arguments and the first line that it reads into a file. Returns that file too.
fn editor(name: &str) -> (tempfile::TempDir, String, std::path::PathBuf) {
    let script = "echo EDITING\nread line\nprintf '%s\\n' \"$@\" \"$line\" > \"$(dirname \"$0\")\"/told";
    let (directory, program) = fake_editor(name, script);
    let told = directory.path().join("told");
    (directory, program.to_str().unwrap().to_owned(), told)
}

#[test]
fn enter_opens_the_editor_at_the_error_and_the_screen_comes_back() {
    let workspace = Workspace::tiny();
    workspace.save("beta/src/main.rs", "fn main() {\n    nonsense();\n}\n");
    let (_directory, vim, note) = editor("vim");
    let mut command = workspace.devloop(&["watch", "--port", "0"]);
    command.env("EDITOR", &vim).env_remove("VISUAL");
    let file = workspace.root().join("beta/src/main.rs");
    let mut session = Terminal::run(command, Box::new(workspace));
    session.wait_for("1 error");
    session.press("2\r");
    session.wait_for("EDITING");
    assert!(!session.is_raw(), "the editor has the terminal as a shell would give it");
    // Ctrl-C is for the editor, and does not end devloop. Here only devloop gets it, because a shell script would not survive it.
    session.signal(Signal::INT);
    session.forget();
    session.press("typed into the editor\r");
    session.wait_for(TAKEN);
    session.wait_for("2 errors");
    let noted = std::fs::read_to_string(note).unwrap();
    assert_eq!(noted, format!("+2\n{}\ntyped into the editor\n", file.display()));
    std::fs::write(&file, program("beta 1")).unwrap();
    session.wait_for("none");
    session.press("q");
    session.ends();
}

#[test]
fn a_ctrl_c_just_before_the_editor_ends_does_not_end_the_session() {
    let workspace = Workspace::tiny();
    workspace.save("beta/src/main.rs", "fn main() {\n    nonsense();\n}\n");
    // An editor that ends at Ctrl-C: both get the signal, and the editor has ended before devloop looks at it.
    let (_directory, vim) = fake_editor("vim", "echo EDITING\nkill -INT $PPID\nexit 130");
    let mut command = workspace.devloop(&["watch", "--port", "0"]);
    command.env("EDITOR", &vim).env_remove("VISUAL");
    let mut session = Terminal::run(command, Box::new(workspace));
    session.wait_for("1 error");
    session.press("2");
    for _ in 0..10 {
        session.forget();
        session.press("\r");
        session.wait_for("EDITING");
        session.wait_for(TAKEN);
        session.wait_for("ended with exit status: 130");
    }
    session.press("?");
    session.wait_for("▸help");
    session.press("q");
    session.ends();
}

#[test]
fn without_an_editor_the_place_is_shown() {
    let workspace = Workspace::tiny();
    workspace.save("beta/src/main.rs", "fn main() {\n    nonsense();\n}\n");
    let mut command = workspace.devloop(&["watch", "--port", "0"]);
    command.env_remove("EDITOR").env_remove("VISUAL");
    let mut session = Terminal::run(command, Box::new(workspace));
    session.wait_for("1 error");
    session.press("2\r");
    session.wait_for("set EDITOR to open");
    session.press("q");
    session.ends();
}

#[test]
fn saves_are_noted_while_paused_and_built_when_resumed() {
    let workspace = Workspace::tiny();
    let file = workspace.root().join("beta/src/main.rs");
    let log = workspace.root().join("target/devloop/logs/beta.log");
    let _ = std::fs::remove_file(&log);
    let mut session = Terminal::run(workspace.devloop(&["watch", "--port", "0"]), Box::new(workspace));
    let logged = |text: &str| {
        eventually(text, LIMIT, || match std::fs::read_to_string(&log) {
            Ok(log) if log.contains(text) => Ok(()),
            other => Err(other),
        });
    };
    logged("build 1 is live");
    session.press("p");
    session.wait_for("PAUSED");
    std::fs::write(&file, program("beta 1")).unwrap();
    session.wait_for("noted beta");
    session.press("p");
    logged("build 2 is live");
    session.press("q");
    session.ends();
}

/// Waits for the first line of the session's log with this event.
fn told(log: &Path, event: &str) -> Value {
    told_times(log, 1, event, |_| true)
}

/// Waits for the `times`th line of the session's log with such an event.
fn told_times(log: &Path, times: usize, event: &str, is_such: impl Fn(&Value) -> bool) -> Value {
    eventually(event, LIMIT, || {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut such = lines.filter(|line| line["event"] == event && is_such(line));
        such.nth(times - 1).ok_or(text.clone())
    })
}

/// Starts `devloop watch` in the tiny workspace, with all functions live. Returns its folder and the session's log too.
fn watching(environment: &[(&str, &str)]) -> (Terminal, std::path::PathBuf, std::path::PathBuf) {
    let workspace = Workspace::tiny();
    let root = workspace.root().to_owned();
    let log = root.join("target/devloop/session.jsonl");
    let _ = std::fs::remove_file(&log);
    let mut command = workspace.devloop(&["watch", "--port", "0"]);
    command.envs(environment.iter().copied());
    let session = Terminal::run(command, Box::new(workspace));
    eventually("every function is live", LIMIT, || {
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        if text.matches(r#""event":"live""#).count() == 3 { Ok(()) } else { Err(text) }
    });
    (session, root, log)
}

#[test]
fn one_key_rolls_back_and_the_next_save_goes_live() {
    let (mut session, root, log) = watching(&[]);
    let url = told(&log, "ready")["outputs"]["betaUrl"].as_str().unwrap().to_owned();
    let answers = |text: &str| {
        eventually(text, LIMIT, || match send("GET", &url, &[], "") {
            Ok(answer) if answer.body == text => Ok(()),
            other => Err(other),
        });
    };
    let save = |text: &str| std::fs::write(root.join("beta/src/main.rs"), program(text)).unwrap();
    answers("beta 0 one");
    // A client calls the function all the time, and gets an answer every time.
    let asks = Arc::new(AtomicBool::new(true));
    let asking = std::thread::spawn({
        let (url, asks) = (url.clone(), Arc::clone(&asks));
        move || {
            let answers = std::iter::repeat_with(|| send("GET", &url, &[], ""));
            let answers: Vec<_> = answers.take_while(|_| asks.load(Ordering::Relaxed)).collect();
            let is_good = |status: Option<u16>| status == Some(200);
            let bad = answers.iter().filter(|answer| !is_good(answer.as_ref().ok().map(|it| it.status)));
            (answers.len(), format!("{:?}", bad.collect::<Vec<_>>()))
        }
    });
    session.press("1jR");
    session.wait_for("has not put other code in its place yet");
    // The new code answers a moment before the session knows it, and until then a rollback is refused.
    let is_told =
        |times, event: &str| drop(told_times(&log, times, event, |line| line["function"] == "beta"));
    save("beta 1");
    is_told(2, "live");
    answers("beta 1 one");
    session.press("R");
    is_told(1, "rolled_back");
    session.wait_for("rolled back");
    answers("beta 0 one");
    // The code before the rollback goes live again when it is saved again.
    save("beta 1");
    is_told(3, "live");
    answers("beta 1 one");
    session.press(":rollback beta\r");
    is_told(2, "rolled_back");
    answers("beta 0 one");
    asks.store(false, Ordering::Relaxed);
    let (asked, bad) = asking.join().unwrap();
    assert_eq!(bad, "[]", "of {asked}");
    session.press("q");
    session.ends();
}

#[test]
fn the_terminal_is_lent_to_a_load_whose_end_does_not_end_the_session() {
    let mut session = Terminal::start(&EMPTY);
    session.wait_for("4 logs");
    session.press("T");
    session.wait_for("the cloud in this process");
    session.wait_for("devloop up --target aws");
    session.press("T");
    session.forget();
    // An empty cloud has no function, so the load ends at once and says why.
    session.press(":bench --vus 2\r");
    session.wait_for(GIVEN_BACK);
    session.wait_for("any key leads back");
    assert!(session.seen.contains("there are no functions"), "{:?}", session.seen);
    session.forget();
    session.press(" ");
    session.wait_for(TAKEN);
    session.wait_for("the load ended with exit status: 4");
    session.press("q");
    session.ends();
}

/// A session that has lent its terminal to a load, the pipeline under load, and the load's process.
fn loading() -> (Terminal, Artificial, i32) {
    let pipeline = Artificial::start(|_, _| Fate::default());
    let mut session = Terminal::start(&EMPTY);
    session.wait_for("4 logs");
    session.press(&format!(":bench --endpoint {} --vus 2 --warm-up 0s --duration 10m\r", pipeline.endpoint));
    session.wait_for("of 600 s");
    let load = children_of(session.child.id() as i32);
    assert_eq!(load.len(), 1, "an empty cloud has no processes");
    (session, pipeline, load[0])
}

#[test]
fn ctrl_c_ends_a_load_and_not_the_session() {
    let (mut session, _pipeline, load) = loading();
    // A terminal sends Ctrl-C to both.
    session.signal(Signal::INT);
    signal_to(load, Signal::INT);
    session.wait_for("ended by Ctrl-C");
    session.wait_for("any key leads back");
    session.forget();
    session.press(" ");
    session.wait_for(TAKEN);
    session.wait_for("4 logs");
    session.press("q");
    session.ends();
}

#[test]
fn a_session_that_ends_takes_its_load_along_and_leaves_the_terminal_in_order() {
    let (session, _pipeline, load) = loading();
    session.signal(Signal::TERM);
    session.ends();
    // The session waits a moment for its load; a load that needs longer has been told to end.
    let process = format!("/proc/{load}");
    eventually("the load ends", LIMIT, || if Path::new(&process).exists() { Err("it runs") } else { Ok(()) });
}

/// Makes a thread of the screen panic at the first key, and checks that nothing of the session is left.
fn panics(thread: &str, code: i32) {
    let (mut session, root, _) = watching(&[("DEVLOOP_TEST_PANIC", thread), ("RUST_BACKTRACE", "0")]);
    assert!(processes_in(&root).len() > 3, "devloop and its functions");
    session.wait_for("4 logs");
    // Starts a build, so that the screen gets an announcement.
    session.press("\u{1b}[15~");
    let screen = session.ends_with(code);
    assert!(screen.contains(&format!("a test wants the thread {thread} to panic")), "{screen}");
    eventually("no process is left", LIMIT, || match processes_in(&root).as_slice() {
        [] => Ok(()),
        left => Err(left.to_vec()),
    });
}

#[test]
fn a_panic_of_the_screen_gives_the_terminal_back_names_its_cause_and_ends_everything() {
    panics("tui-draw", 1);
    panics("main", 101);
}

#[test]
fn a_panic_of_the_keys_thread_ends_everything_too() {
    let (mut session, root, _) = watching(&[("DEVLOOP_TEST_PANIC", "tui-keys"), ("RUST_BACKTRACE", "0")]);
    session.wait_for("4 logs");
    session.press("jj");
    let screen = session.ends_with(1);
    assert!(screen.contains("a test wants the thread tui-keys to panic"), "{screen}");
    eventually("no process is left", LIMIT, || match processes_in(&root).as_slice() {
        [] => Ok(()),
        left => Err(left.to_vec()),
    });
}
