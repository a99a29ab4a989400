//! A workspace of two functions that is built in a second and without the network, and the program in it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Told, manifest, without_settings, workspace_manifest, write};

/// How long a build of the tiny workspace may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(3);

/// The stack of the workspace's template.
pub const STACK: &str = "TinyStack";

/// The workspace; it is deleted when this is dropped.
pub struct Tiny {
    _home: TempDir,
    root: PathBuf,
}

impl Tiny {
    /// Writes the workspace: `up` and `mid`, which print a word and end.
    pub fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().canonicalize().unwrap();
        let tiny = Self { _home: home, root };
        tiny.write("Cargo.toml", &workspace_manifest(&["up", "mid", "lambda_runtime"]));
        tiny.write("lambda_runtime/Cargo.toml", &manifest("lambda_runtime", &[]));
        tiny.write("lambda_runtime/src/lib.rs", "");
        for name in ["up", "mid"] {
            let manifest = manifest(name, &[("lambda_runtime", "../lambda_runtime")]);
            tiny.write(&format!("{name}/Cargo.toml"), &manifest);
            tiny.says(name, "one");
        }
        let function = |name: &str| {
            json!({
                "Type": "AWS::Lambda::Function",
                "Properties": { "Runtime": "provided.al2023", "Code": { "S3Bucket": "hot-reload", "S3Key": format!("/d/{name}") } },
            })
        };
        let template = json!({ "Resources": { "Up": function("up"), "Mid": function("mid") } });
        tiny.write(&format!("stack/templates/{STACK}.template.json"), &template.to_string());
        tiny
    }

    /// A path below the root.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The directory of a function's directory.
    pub fn dist(&self, function: &str) -> PathBuf {
        self.root.join("target/devloop/dist").join(function)
    }

    /// Saves a file.
    pub fn write(&self, path: &str, text: &str) {
        write(&self.root.join(path), text);
    }

    /// Edits the function so that it prints the word.
    pub fn says(&self, function: &str, word: &str) {
        self.write(&format!("{function}/src/main.rs"), &format!("fn main() {{ println!(\"{word}\") }}\n"));
    }

    /// The output of the program in the directory.
    pub fn word_in(directory: &Path) -> String {
        let output = Command::new(directory.join("bootstrap")).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// devloop with a umask that gives rights to its user only, and without the settings of the shell that runs the tests.
    pub fn devloop(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "umask 077; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_devloop")]).args(arguments);
        command.current_dir(&self.root);
        without_settings(&mut command);
        // No profile of the developer's, and no metadata service of a cloud machine.
        command.env("HOME", &self.root).env("AWS_EC2_METADATA_DISABLED", "true");
        if let Ok(home) = std::env::var("HOME") {
            let of_user =
                |name: &str, path: &str| std::env::var(name).unwrap_or_else(|_| format!("{home}/{path}"));
            command.env("CARGO_HOME", of_user("CARGO_HOME", ".cargo"));
            command.env("RUSTUP_HOME", of_user("RUSTUP_HOME", ".rustup"));
        }
        command
    }
}

/// A running program that prints JSON lines; it is killed when this is dropped.
pub struct Lines(Told);

impl Lines {
    /// Starts the command.
    pub fn start(command: Command) -> Self {
        Self(Told::start(command))
    }

    /// Reads lines until one has this event for this function.
    pub fn wait(&mut self, event: &str, function: &str) -> Value {
        loop {
            let line = match self.0.next(PATIENCE) {
                Ok(line) => line,
                Err(error) => panic!("{event} of {function}: {error}; seen:\n{}", self.account()),
            };
            let mine = function.is_empty()
                || line["function"] == function
                || line["functions"].as_array().is_some_and(|all| all.iter().any(|name| name == function));
            if line["event"] == event && mine {
                return line;
            }
        }
    }

    /// Every line so far.
    pub fn seen(&self) -> &[Value] {
        self.0.seen()
    }

    /// Everything that was printed, for a test that fails.
    pub fn account(&self) -> String {
        self.0.account()
    }

    /// Waits until the program ends by itself.
    pub fn ended(&mut self) -> ExitStatus {
        self.0.ended(PATIENCE)
    }

    /// Ends the program as Ctrl-C does.
    pub fn end(&mut self) -> ExitStatus {
        self.0.end(Signal::INT)
    }
}
