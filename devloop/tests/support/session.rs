//! A session of the real program: its JSON lines, its API, and its end.

use std::io::Write;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::{Answer, Aws, Told, Workspace, address_of, message, need_postgres, send};

/// How long the first build of a machine may take: it compiles the AWS SDK.
const FIRST_BUILD: Duration = Duration::from_mins(20);

/// How long a build of the workspace's own packages may take.
const BUILD: Duration = Duration::from_mins(4);

/// How often a long wait prints its progress.
const PROGRESS: Duration = Duration::from_secs(15);

/// The functions of the pipeline's template.
pub const FUNCTIONS: [&str; 3] = ["downstream", "midstream", "upstream"];

/// A running `devloop`; it is killed when this is dropped.
pub struct Session {
    /// The program; it is dropped, and thereby killed, before another test gets the workspace.
    told: Told,
    pub workspace: Workspace,
    pub endpoint: String,
    pub outputs: Value,
}

impl Session {
    /// Starts `devloop watch` on a fresh copy, and waits until every function is live.
    pub fn live() -> Self {
        Self::live_with(&[])
    }

    /// The same with further arguments.
    pub fn live_with(arguments: &[&str]) -> Self {
        if arguments.contains(&"--postgres") {
            need_postgres();
        }
        let arguments = [&["watch", "--port", "0", "--json"], arguments].concat();
        Self::live_in(Workspace::take(), &arguments, &FUNCTIONS)
    }

    /// Starts the program with these arguments, and waits until every function is live.
    pub fn live_in(workspace: Workspace, arguments: &[&str], functions: &[&str]) -> Self {
        let mut session = Self::start(workspace, arguments);
        session.wait_for_all_live(functions);
        session
    }

    /// The same, started through another program that executes it, and with further variables.
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

    /// A function's answer at its URL.
    pub fn ask(&self, function: &str) -> String {
        let url = self.outputs[format!("{function}Url")].as_str().unwrap();
        send("GET", url, &[], "").unwrap().body
    }

    /// Starts the program with these arguments, and waits until its cloud is ready.
    pub fn start(workspace: Workspace, arguments: &[&str]) -> Self {
        let command = workspace.devloop(arguments);
        Self::run(workspace, command)
    }

    fn run(workspace: Workspace, command: Command) -> Self {
        let told = Told::start(command);
        let mut session = Self { workspace, endpoint: String::new(), outputs: Value::Null, told };
        let ready = session.wait("the cloud is ready", |line| of(line, "ready"));
        session.endpoint = text(&ready, "endpoint");
        session.outputs = ready["outputs"].clone();
        session
    }

    /// Reads lines until `pick` accepts one.
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
            match self.told.next(PROGRESS.min(limit.saturating_sub(began.elapsed()))) {
                Ok(line) => {
                    if let Some(picked) = pick(&line) {
                        return picked;
                    }
                }
                Err(RecvTimeoutError::Timeout) if began.elapsed() < limit => {
                    // Written around the test runner, which hides a test's output: the first build takes minutes.
                    let _ =
                        writeln!(std::io::stderr(), "{what}: waiting for {} s", began.elapsed().as_secs());
                }
                Err(error) => panic!("{what}: {error}; seen:\n{}", self.account()),
            }
        }
    }

    /// Everything that the session has printed, for a test that fails.
    pub fn account(&self) -> String {
        self.told.account()
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

    /// Waits until the build has ended for this function: `live` or `unchanged`.
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

    /// Posts a message with this id.
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

    /// Checks that the cloud answers and still has its functions.
    pub fn assert_alive(&self) {
        let answer = send("GET", &format!("{}/_devloop/status", self.endpoint), &[], "").unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["functions"].as_array().unwrap().len(), 3, "{answer:?}");
    }

    /// The program's process id.
    pub fn process(&self) -> i32 {
        self.told.process()
    }

    /// The port of its cloud.
    pub fn port(&self) -> u16 {
        address_of(&self.endpoint).0.rsplit_once(':').unwrap().1.parse().unwrap()
    }

    /// Sends the program a signal and waits for its end.
    pub fn end(&mut self, signal: Signal) -> ExitStatus {
        self.told.end(signal)
    }
}

/// The line, if it has this event.
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
