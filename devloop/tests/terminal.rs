//! The terminal UI on a real pseudo-terminal: it takes the terminal, and every way out gives it back.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

mod support;

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use support::{LIMIT, Workspace, eventually};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

const TAKEN: &str = "\u{1b}[?1049h";
const GIVEN_BACK: &str = "\u{1b}[?1049l";
const MOUSE_TAKEN: &str = "\u{1b}[?1000h";
const MOUSE_LEFT: &str = "\u{1b}[?1000l";

/// An empty cloud.
const EMPTY: [&str; 4] = ["up", "--no-template", "--port", "0"];

/// devloop with an empty cloud on a terminal of its own.
struct Session {
    child: Child,
    keys: File,
    /// The side that devloop holds, to look at its modes.
    terminal: OwnedFd,
    output: Receiver<Vec<u8>>,
    /// What was written to the terminal.
    seen: String,
    /// What that made of the screen: a letter that stands there already is not written again.
    screen: vt100::Parser,
    /// What the session runs in.
    _place: Box<dyn std::any::Any>,
}

impl Session {
    fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_devloop"));
        command.args(arguments).current_dir(directory.path());
        Self::run(command, Box::new(directory))
    }

    fn run(mut command: Command, place: Box<dyn std::any::Any>) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let open =
            || OpenOptions::new().read(true).write(true).open(OsStr::from_bytes(name.to_bytes())).unwrap();
        let child = command
            .env("LC_ALL", "C.UTF-8")
            .env("TERM", "xterm-256color")
            .env_remove("AWS_ENDPOINT_URL")
            .env_remove("USE_LOCALSTACK")
            .env_remove("NO_COLOR")
            .stdin(open())
            .stdout(open())
            .stderr(open())
            .spawn()
            .unwrap();
        let (sender, output) = channel();
        let terminal = open().into();
        let keys = File::from(master);
        let mut reader = keys.try_clone().unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, keys, terminal, output, seen: String::new(), screen: blank(), _place: place }
    }

    /// Reads until the text was written to the terminal.
    fn wait_for(&mut self, text: &str) {
        let until = Instant::now() + PATIENCE;
        while !has(&self.seen, text) && !has(&self.screen.screen().contents(), text) {
            let left = until.saturating_duration_since(Instant::now());
            let bytes =
                self.output.recv_timeout(left).unwrap_or_else(|_| panic!("no {text:?} in {:?}", self.seen));
            self.seen.push_str(&String::from_utf8_lossy(&bytes));
            self.screen.process(&bytes);
        }
    }

    /// What was written until now is not looked at any more.
    fn forget(&mut self) {
        self.seen.clear();
        self.screen = blank();
    }

    fn is_raw(&self) -> bool {
        !tcgetattr(&self.terminal).unwrap().local_modes.contains(LocalModes::ICANON)
    }

    /// Waits until the kernel has stopped it, or lets it run.
    fn wait_until_stopped(&self, stopped: bool) {
        eventually("the job stops or goes on", LIMIT, || {
            let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
            let state = text.rsplit_once(") ").unwrap().1.chars().next().unwrap();
            if (state == 'T') == stopped { Ok(()) } else { Err(state) }
        });
    }

    fn press(&mut self, key: &str) {
        self.keys.write_all(key.as_bytes()).unwrap();
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// The session ends well, and leaves the terminal as a shell wants it.
    fn ends(mut self) {
        self.wait_for(GIVEN_BACK);
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        let modes = tcgetattr(&self.terminal).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG), "{modes:?}");
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // After a test that failed; the others have waited for the end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether the text was written. Only what changes is drawn, so blanks may have been there already, and the cursor moves between
/// words: both are left out, unless a sequence of the terminal itself is looked for.
fn has(seen: &str, text: &str) -> bool {
    if text.contains('\u{1b}') {
        return seen.contains(text);
    }
    let mut words = String::new();
    let mut characters = seen.chars();
    while let Some(character) = characters.next() {
        if character == '\u{1b}' {
            // `ESC [`, parameters, and a letter.
            characters.next();
            let _ = characters.by_ref().find(|character| ('@'..='~').contains(character));
        } else if !character.is_whitespace() {
            words.push(character);
        }
    }
    words.contains(&text.replace(' ', ""))
}

fn blank() -> vt100::Parser {
    vt100::Parser::new(24, 80, 0)
}

/// Waits for the screen, does something, and waits for the end.
fn check(act: impl FnOnce(&mut Session)) {
    let mut session = Session::start(&EMPTY);
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
        // The rule of the title fills just the new width.
        session.wait_for(&format!("▸help {}\u{1b}", "━".repeat(13)));
        session.press("\u{3}");
    });
}

#[test]
fn commands_are_typed_and_wrong_ones_are_told() {
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
    let mut session = Session::start(&["up", "--no-template", "--port", "0", "--no-mouse"]);
    session.wait_for("4 logs");
    session.press("?");
    session.wait_for("▸help");
    assert!(!session.seen.contains(MOUSE_TAKEN), "{:?}", session.seen);
    session.press("q");
    session.ends();
}

#[test]
fn a_job_that_is_stopped_gives_the_terminal_to_the_shell_and_takes_it_again() {
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

/// A program of this name that writes its arguments and the first line that it reads into a file, and the file.
fn editor(name: &str) -> (tempfile::TempDir, String, std::path::PathBuf) {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let (program, told) = (directory.path().join(name), directory.path().join("told"));
    let script =
        format!("#!/bin/sh\necho EDITING\nread line\nprintf '%s\\n' \"$@\" \"$line\" > {}\n", told.display());
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = program.to_str().unwrap().to_owned();
    (directory, program, told)
}

#[test]
fn enter_opens_the_editor_at_the_error_and_the_screen_comes_back() {
    let workspace = Workspace::tiny();
    workspace.save("beta/src/main.rs", "fn main() {\n    nonsense();\n}\n");
    let (_directory, program, told) = editor("vim");
    let mut command = workspace.devloop(&["watch", "--port", "0"]);
    command.env("EDITOR", &program).env_remove("VISUAL");
    let file = workspace.root().join("beta/src/main.rs");
    let mut session = Session::run(command, Box::new(workspace));
    session.wait_for("1 error");
    session.press("2\r");
    session.wait_for("EDITING");
    assert!(!session.is_raw(), "the editor has the terminal as a shell would give it");
    // Ctrl-C is the editor's, and ends nothing of ours; a shell script would not survive it, so only we get it here.
    session.signal(Signal::INT);
    session.forget();
    session.press("typed into the editor\r");
    session.wait_for(TAKEN);
    session.wait_for("2 errors");
    let told = std::fs::read_to_string(told).unwrap();
    assert_eq!(told, format!("+2\n{}\ntyped into the editor\n", file.display()));
    std::fs::write(&file, support::program("beta 1")).unwrap();
    session.wait_for("none");
    session.press("q");
    session.ends();
}

#[test]
fn without_an_editor_the_place_is_told() {
    let workspace = Workspace::tiny();
    workspace.save("beta/src/main.rs", "fn main() {\n    nonsense();\n}\n");
    let mut command = workspace.devloop(&["watch", "--port", "0"]);
    command.env_remove("EDITOR").env_remove("VISUAL");
    let mut session = Session::run(command, Box::new(workspace));
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
    let mut session = Session::run(workspace.devloop(&["watch", "--port", "0"]), Box::new(workspace));
    let logged = |text: &str| {
        eventually(text, LIMIT, || match std::fs::read_to_string(&log) {
            Ok(log) if log.contains(text) => Ok(()),
            other => Err(other),
        });
    };
    logged("build 1 is live");
    session.press("p");
    session.wait_for("PAUSED");
    std::fs::write(&file, support::program("beta 1")).unwrap();
    session.wait_for("noted beta");
    session.press("p");
    logged("build 2 is live");
    session.press("q");
    session.ends();
}
