//! devloop on a real pseudo-terminal, as a user sees it and types into it.

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

use super::{LIMIT, eventually, without_settings};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// The sequences that take the whole screen of a terminal, and give it back.
pub const TAKEN: &str = "\u{1b}[?1049h";
pub const GIVEN_BACK: &str = "\u{1b}[?1049l";

/// devloop with an empty cloud on a terminal of its own.
pub struct Terminal {
    pub child: Child,
    pub keys: File,
    /// devloop's side of the terminal, for reading its modes.
    side: OwnedFd,
    output: Receiver<Vec<u8>>,
    /// Everything that was written to the terminal.
    pub seen: String,
    /// The resulting screen, because a letter that is there already is not written again.
    screen: vt100::Parser,
    /// The session's folder.
    _place: Box<dyn std::any::Any>,
}

impl Terminal {
    /// Starts devloop with these arguments in an empty folder.
    pub fn start(arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_devloop"));
        command.args(arguments).current_dir(directory.path());
        without_settings(&mut command);
        Self::run(command, Box::new(directory))
    }

    /// Starts the command on a terminal of its own; `place` is dropped when it has ended.
    pub fn run(mut command: Command, place: Box<dyn std::any::Any>) -> Self {
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
            .env_remove("NO_COLOR")
            .stdin(open())
            .stdout(open())
            .stderr(open())
            .spawn()
            .unwrap();
        let (sender, output) = channel();
        let side = open().into();
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
        Self { child, keys, side, output, seen: String::new(), screen: blank(), _place: place }
    }

    /// Reads until the text was written to the terminal.
    pub fn wait_for(&mut self, text: &str) {
        let until = Instant::now() + PATIENCE;
        while !has(&self.seen, text) && !has(&self.screen.screen().contents(), text) {
            let left = until.saturating_duration_since(Instant::now());
            let bytes =
                self.output.recv_timeout(left).unwrap_or_else(|_| panic!("no {text:?} in {:?}", self.seen));
            self.seen.push_str(&String::from_utf8_lossy(&bytes));
            self.screen.process(&bytes);
        }
    }

    /// Forgets everything that was written until now.
    pub fn forget(&mut self) {
        self.seen.clear();
        self.screen = blank();
    }

    /// Whether the terminal is in raw mode, in which keys come one by one.
    pub fn is_raw(&self) -> bool {
        !tcgetattr(&self.side).unwrap().local_modes.contains(LocalModes::ICANON)
    }

    /// Waits until the kernel has stopped devloop, or runs it again.
    pub fn wait_until_stopped(&self, stopped: bool) {
        eventually("the job stops or goes on", LIMIT, || {
            let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
            let state = text.rsplit_once(") ").unwrap().1.chars().next().unwrap();
            if (state == 'T') == stopped { Ok(()) } else { Err(state) }
        });
    }

    /// Types a key.
    pub fn press(&mut self, key: &str) {
        self.keys.write_all(key.as_bytes()).unwrap();
    }

    /// Sends devloop a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Checks that the session succeeds, and leaves the terminal as a shell needs it.
    pub fn ends(self) {
        self.ends_with(0);
    }

    /// The same with another exit code. Returns the screen's text at the end.
    pub fn ends_with(mut self, code: i32) -> String {
        self.wait_for(GIVEN_BACK);
        let status = eventually("devloop ends", PATIENCE, || self.child.try_wait().unwrap().ok_or("it runs"));
        assert_eq!(status.code(), Some(code), "{:?}", self.seen);
        let modes = tcgetattr(&self.side).unwrap().local_modes;
        assert!(modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG), "{modes:?}");
        while let Ok(bytes) = self.output.try_recv() {
            self.screen.process(&bytes);
        }
        self.screen.screen().contents()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Only reached after a failed test; other tests have waited for the end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether the text was written. Only changes are drawn, so blanks may have been there already, and the cursor moves between words.
/// Both are ignored, unless a terminal sequence is looked for.
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
