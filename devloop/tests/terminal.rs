//! The terminal UI on a real pseudo-terminal: it takes the terminal, and every way out gives it back.

#![expect(clippy::unwrap_used, reason = "what goes wrong in a helper fails its test")]

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
use tempfile::TempDir;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

const TAKEN: &str = "\u{1b}[?1049h";
const GIVEN_BACK: &str = "\u{1b}[?1049l";

/// devloop with an empty cloud on a terminal of its own.
struct Session {
    child: Child,
    keys: File,
    /// The side that devloop holds, to look at its modes.
    terminal: OwnedFd,
    output: Receiver<Vec<u8>>,
    seen: String,
    _directory: TempDir,
}

impl Session {
    fn start() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        tcsetwinsize(&master, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let open =
            || OpenOptions::new().read(true).write(true).open(OsStr::from_bytes(name.to_bytes())).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_devloop"))
            .args(["up", "--no-template", "--port", "0"])
            .current_dir(directory.path())
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
        Self { child, keys, terminal, output, seen: String::new(), _directory: directory }
    }

    /// Reads until the text was written to the terminal.
    fn wait_for(&mut self, text: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.seen.contains(text) {
            let left = until.saturating_duration_since(Instant::now());
            let bytes =
                self.output.recv_timeout(left).unwrap_or_else(|_| panic!("no {text:?} in {:?}", self.seen));
            self.seen.push_str(&String::from_utf8_lossy(&bytes));
        }
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

/// Waits for the screen, does something, and waits for the end.
fn check(act: impl FnOnce(&mut Session)) {
    let mut session = Session::start();
    session.wait_for(TAKEN);
    session.wait_for("4 logs");
    assert!(!tcgetattr(&session.terminal).unwrap().local_modes.contains(LocalModes::ICANON), "keys come raw");
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
