//! A session of the real program: its JSON lines, its API, and its end.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::{Answer, Aws, LIMIT, Workspace, address_of, eventually, message, send, signal_to};

/// How long the first build of a machine may take: it compiles the AWS SDK.
const FIRST_BUILD: Duration = Duration::from_mins(20);

/// How long a build of our own packages may take.
const BUILD: Duration = Duration::from_mins(4);

/// How often a long wait says that it is alive.
const PROGRESS: Duration = Duration::from_secs(15);

/// The functions of the pipeline's template.
pub const FUNCTIONS: [&str; 3] = ["downstream", "midstream", "upstream"];

/// A running `devloop`; it is killed when this is dropped.
pub struct Session {
    pub workspace: Workspace,
    pub endpoint: String,
    /// The template's outputs.
    pub outputs: Value,
    child: Child,
    lines: Receiver<Value>,
    /// Every line so far.
    seen: Vec<Value>,
    /// What was written to the standard error.
    words: Arc<Mutex<String>>,
}

impl Session {
    /// `devloop watch` on a fresh copy, with every function live.
    pub fn live() -> Self {
        Self::live_with(&[])
    }

    /// The same with more arguments.
    pub fn live_with(arguments: &[&str]) -> Self {
        let arguments = [&["watch", "--port", "0", "--json"], arguments].concat();
        Self::live_in(Workspace::take(), &arguments, &FUNCTIONS)
    }

    /// The program with these arguments, with every function live.
    pub fn live_in(workspace: Workspace, arguments: &[&str], functions: &[&str]) -> Self {
        let mut session = Self::start(workspace, arguments);
        session.wait_for_all_live(functions);
        session
    }

    /// The same, started by another program that runs it in its own place, and with more in its environment.
    pub fn live_through(
        workspace: Workspace,
        starter: &[&str],
        environment: &[(&str, &str)],
        arguments: &[&str],
        functions: &[&str],
    ) -> Self {
        let command = workspace.devloop_through(starter, environment, arguments);
        let mut session = Self::run(workspace, command);
        session.wait_for_all_live(functions);
        session
    }

    /// Waits until each of the functions has gone live.
    pub fn wait_for_all_live(&mut self, functions: &[&str]) {
        let mut missing = functions.to_vec();
        while !missing.is_empty() {
            let live = self.wait_at_most(
                FIRST_BUILD,
                "the first build goes live, which compiles the dependencies once a machine",
                |line| {
                    assert_ne!(line["event"], "build_failed", "{line}");
                    (line["event"] == "live").then(|| line["function"].as_str().unwrap().to_owned())
                },
            );
            missing.retain(|function| *function != live);
        }
    }

    /// The program with these arguments, with its cloud ready.
    pub fn start(workspace: Workspace, arguments: &[&str]) -> Self {
        let command = workspace.devloop(arguments);
        Self::run(workspace, command)
    }

    fn run(workspace: Workspace, mut command: Command) -> Self {
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
        std::thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = errors.read(&mut chunk) {
                kept.lock().unwrap().push_str(&String::from_utf8_lossy(&chunk[..read]));
            }
        });
        let mut session = Self {
            workspace,
            endpoint: String::new(),
            outputs: Value::Null,
            child,
            lines,
            seen: Vec::new(),
            words,
        };
        let ready = session.wait("the cloud is ready", |line| of(line, "ready"));
        session.endpoint = text(&ready, "endpoint");
        session.outputs = ready["outputs"].clone();
        session
    }

    /// Reads lines until one is what is waited for.
    pub fn wait<T>(&mut self, what: &str, pick: impl FnMut(&Value) -> Option<T>) -> T {
        self.wait_at_most(BUILD, what, pick)
    }

    fn wait_at_most<T>(
        &mut self,
        limit: Duration,
        what: &str,
        mut pick: impl FnMut(&Value) -> Option<T>,
    ) -> T {
        let began = Instant::now();
        loop {
            match self.lines.recv_timeout(PROGRESS.min(limit.saturating_sub(began.elapsed()))) {
                Ok(line) => {
                    let picked = pick(&line);
                    self.seen.push(line);
                    if let Some(picked) = picked {
                        return picked;
                    }
                }
                Err(RecvTimeoutError::Timeout) if began.elapsed() < limit => {
                    // Past the test runner, which holds back what a test prints: the first build takes minutes.
                    let _ =
                        writeln!(std::io::stderr(), "{what}: waiting for {} s", began.elapsed().as_secs());
                }
                Err(error) => panic!("{what}: {error}; seen:\n{}", self.account()),
            }
        }
    }

    /// What the session has said, for a test that fails.
    pub fn account(&self) -> String {
        let lines: Vec<String> = self.seen.iter().map(Value::to_string).collect();
        format!("{}\nstderr: {}", lines.join("\n"), self.words.lock().unwrap())
    }

    /// The next build: its number, its functions, and its reason.
    pub fn next_build(&mut self) -> (u64, Vec<String>, String) {
        let build = self.wait("a build begins", |line| of(line, "build"));
        (generation(&build), names(&build["functions"]), build["reason"].as_str().unwrap().to_owned())
    }

    /// Waits until this function's new code answers.
    pub fn next_live(&mut self, function: &str) -> Value {
        self.wait(&format!("{function} goes live"), |line| {
            assert_ne!(line["event"], "build_failed", "{line}");
            of(line, "live").filter(|line| line["function"] == function)
        })
    }

    /// Waits until the build has led somewhere for this function: `live` or `unchanged`.
    pub fn next_outcome(&mut self, function: &str) -> Value {
        self.wait(&format!("{function} goes live, or is the same"), |line| {
            assert_ne!(line["event"], "build_failed", "{line}");
            let outcome = line["event"] == "live" || line["event"] == "unchanged";
            (outcome && line["function"] == function).then(|| line.clone())
        })
    }

    /// Saves an edit of a source file.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        self.workspace.edit(path, from, to);
    }

    /// The URL of the API's only method.
    pub fn url(&self) -> String {
        self.outputs["ApiGatewayMethodEndpoint"].as_str().unwrap().to_owned()
    }

    /// Posts a body to the API.
    pub fn post(&self, body: impl AsRef<[u8]>) -> Answer {
        send("POST", &self.url(), &[("content-type", "application/json")], body).unwrap()
    }

    /// Posts a message of this id.
    pub fn post_message(&self, id: &str) -> Answer {
        self.post(message(id).to_string())
    }

    /// The cloud's services.
    pub fn aws(&self) -> Aws {
        Aws::new(&self.endpoint, &self.outputs)
    }

    /// The report of `devloop status --json`, and whether it says that all is well.
    pub fn status(&self) -> (bool, Value) {
        let arguments = ["status", "--json", "--endpoint", &self.endpoint];
        let output = self.workspace.devloop(&arguments).output().unwrap();
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        (output.status.success(), report)
    }

    /// The cloud answers and has not lost its functions.
    pub fn assert_alive(&self) {
        let answer = send("GET", &format!("{}/_devloop/status", self.endpoint), &[], "").unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["functions"].as_array().unwrap().len(), 3, "{answer:?}");
    }

    /// The program's process id.
    pub fn process(&self) -> i32 {
        self.child.id() as i32
    }

    /// The port of its cloud.
    pub fn port(&self) -> u16 {
        address_of(&self.endpoint).0.rsplit_once(':').unwrap().1.parse().unwrap()
    }

    /// Sends the program a signal and waits for its end.
    pub fn end(&mut self, signal: Signal) -> ExitStatus {
        signal_to(self.process(), signal);
        eventually("devloop ends", LIMIT, || match self.child.try_wait().unwrap() {
            Some(status) => Ok(status),
            None => Err(self.account()),
        })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = writeln!(std::io::stderr(), "the session said:\n{}", self.account());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The line, if it tells this event.
pub fn of(line: &Value, event: &str) -> Option<Value> {
    (line["event"] == event).then(|| line.clone())
}

/// A member that is a text.
fn text(line: &Value, member: &str) -> String {
    line[member].as_str().unwrap_or_else(|| panic!("no {member}: {line}")).to_owned()
}

/// The number of a line's build.
pub fn generation(line: &Value) -> u64 {
    line["generation"].as_u64().unwrap_or_else(|| panic!("{line}"))
}

fn names(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}
