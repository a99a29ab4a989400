//! A running program that prints JSON lines, with its output so far.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use super::{LIMIT, eventually, signal_to};

/// The program; it is killed when this is dropped.
pub struct Told {
    child: Child,
    lines: Receiver<Value>,
    /// Every line so far.
    seen: Vec<Value>,
    /// What was written to the standard error.
    words: Arc<Mutex<String>>,
    /// Reads the standard error; ends with it.
    reader: JoinHandle<()>,
}

impl Told {
    /// Starts the command.
    pub fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let words = Arc::new(Mutex::new(String::new()));
        let (mut errors, kept) = (child.stderr.take().unwrap(), Arc::clone(&words));
        let reader = std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = errors.read(&mut chunk) {
                kept.lock().unwrap().push_str(&String::from_utf8_lossy(&chunk[..read]));
            }
        });
        Self { child, lines, seen: Vec::new(), words, reader }
    }

    /// The next line.
    pub fn next(&mut self, limit: Duration) -> Result<Value, RecvTimeoutError> {
        let line = self.lines.recv_timeout(limit)?;
        self.seen.push(line.clone());
        Ok(line)
    }

    /// Every line so far.
    pub fn seen(&self) -> &[Value] {
        &self.seen
    }

    /// Everything that was printed, for a test that fails.
    pub fn account(&self) -> String {
        let lines: Vec<String> = self.seen.iter().map(Value::to_string).collect();
        format!("{}\nstderr: {}", lines.join("\n"), self.words.lock().unwrap())
    }

    /// The process id.
    pub fn process(&self) -> i32 {
        self.child.id() as i32
    }

    /// Waits until the program ends by itself, and reads its output until then.
    pub fn ended(&mut self, limit: Duration) -> ExitStatus {
        let status =
            eventually("the program ends", limit, || self.child.try_wait().unwrap().ok_or("it runs"));
        self.seen.extend(self.lines.iter());
        eventually("its last words are read", limit, || {
            self.reader.is_finished().then_some(()).ok_or("more")
        });
        status
    }

    /// Sends the program a signal and waits for its end.
    pub fn end(&mut self, signal: Signal) -> ExitStatus {
        signal_to(self.process(), signal);
        eventually("the program ends", LIMIT, || self.child.try_wait().unwrap().ok_or_else(|| self.account()))
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "the program said:\n{}", self.account());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
