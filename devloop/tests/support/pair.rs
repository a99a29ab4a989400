//! A workspace of two functions that is built in a second and without the network, and the program in it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{LIMIT, eventually, signal_to};

/// How long a build of the tiny workspace may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(3);

/// The variables that would change what devloop does.
const SETTINGS: [&str; 22] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_LAMBDA",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_CLOUDFORMATION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "LOCALSTACK_FILE_WATCHER_STRATEGY",
    "USE_LOCALSTACK",
    "LAMBDA_SRC_PATH",
    "LAMBDA_DIST_PATH",
    "CARGO_TARGET_DIR",
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
];

/// The stack of the workspace's template.
pub const STACK: &str = "TinyStack";

/// The workspace; it is deleted with this.
pub struct Tiny {
    _home: TempDir,
    root: PathBuf,
}

impl Tiny {
    /// `up` and `mid`, which print a word and end.
    pub fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().canonicalize().unwrap();
        let tiny = Self { _home: home, root };
        tiny.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"up\", \"mid\", \"lambda_runtime\"]\n",
        );
        tiny.write(
            "lambda_runtime/Cargo.toml",
            "[package]\nname = \"lambda_runtime\"\nversion = \"0.0.0\"\nedition = \"2024\"\n",
        );
        tiny.write("lambda_runtime/src/lib.rs", "");
        for name in ["up", "mid"] {
            let manifest = format!(
                "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
                 [dependencies]\nlambda_runtime.path = \"../lambda_runtime\"\n"
            );
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
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Edits the function so that it prints the word.
    pub fn says(&self, function: &str, word: &str) {
        self.write(&format!("{function}/src/main.rs"), &format!("fn main() {{ println!(\"{word}\") }}\n"));
    }

    /// What a program in the directory prints.
    pub fn word_in(directory: &Path) -> String {
        let output = Command::new(directory.join("bootstrap")).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The program with rights for nobody but its user, and without the settings of the shell that runs the tests.
    pub fn devloop(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "umask 077; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_devloop")]).args(arguments);
        command.current_dir(&self.root);
        for name in SETTINGS {
            command.env_remove(name);
        }
        // Nobody's profile, and no service of a machine in a cloud.
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

/// A running program that tells JSON lines; it is killed when this is dropped.
pub struct Lines {
    child: Child,
    output: Receiver<Value>,
    seen: Vec<Value>,
    words: Arc<Mutex<String>>,
}

impl Lines {
    /// Starts the command.
    pub fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, told) = channel();
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
        Self { child, output: told, seen: Vec::new(), words }
    }

    /// Reads lines until one tells this event of this function.
    pub fn wait(&mut self, event: &str, function: &str) -> Value {
        loop {
            let line = match self.output.recv_timeout(PATIENCE) {
                Ok(line) => line,
                Err(error) => panic!("{event} of {function}: {error}; seen:\n{}", self.account()),
            };
            self.seen.push(line.clone());
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
        &self.seen
    }

    /// What was said, for a test that fails.
    pub fn account(&self) -> String {
        let lines: Vec<String> = self.seen.iter().map(Value::to_string).collect();
        format!("{}\nstderr: {}", lines.join("\n"), self.words.lock().unwrap())
    }

    /// Waits for the program's own end.
    pub fn ended(&mut self) -> ExitStatus {
        let status =
            eventually("the program ends", PATIENCE, || self.child.try_wait().unwrap().ok_or("it runs"));
        self.seen.extend(self.output.iter());
        status
    }

    /// Ends the program as Ctrl-C does.
    pub fn end(&mut self) -> ExitStatus {
        signal_to(self.child.id() as i32, Signal::INT);
        eventually("the program ends", LIMIT, || self.child.try_wait().unwrap().ok_or_else(|| self.account()))
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = std::io::Write::write_fmt(
                &mut std::io::stderr(),
                format_args!("said:\n{}\n", self.account()),
            );
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
