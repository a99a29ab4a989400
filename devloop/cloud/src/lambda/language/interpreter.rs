//! The interpreter of this machine for a runtime. It is looked for once and then asked for its own path: the program in `PATH`
//! may be a version manager's, which only starts the right interpreter with the developer's environment.

use std::{
    collections::HashMap,
    ffi::{OsStr, OsString},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{ChildStdout, Stdio},
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use devloop_system::children;
use parking_lot::Mutex;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::{Pid, Signal, kill_process_group},
};
use tokio::process::Command;

use super::Language;

/// The arguments with which an interpreter prints its path and its version, on a line each.
const ASK_NODE: [&str; 2] = ["-p", "process.execPath + '\\n' + process.versions.node"];
const ASK_PYTHON: [&str; 3] =
    ["-S", "-c", "import sys, platform; print(sys.executable); print(platform.python_version())"];

/// How long a program may take to answer. A version manager's may wait for something that never comes.
const PATIENCE: Duration = Duration::from_secs(10);

/// An interpreter that runs functions.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Interpreter {
    pub(crate) language: Language,
    program: PathBuf,
    version: String,
}

impl Interpreter {
    /// The command that starts it. It reads the runtime client from its standard input.
    pub(crate) fn command(&self) -> io::Result<Command> {
        let (reader, mut writer) = io::pipe()?;
        // The client is shorter than any pipe is large, so this waits for no reader.
        writer.write_all(self.language.client().as_bytes())?;
        let mut command = Command::new(&self.program);
        match self.language {
            Language::Node => command.arg("-"),
            // Without buffers for output, and without a `__pycache__` in the developer's folder.
            Language::Python => command.args(["-u", "-B", "-"]),
        };
        command.stdin(Stdio::from(reader));
        Ok(command)
    }

    /// Its name and version, such as `Node.js 22.15.0`.
    pub(crate) fn described(&self) -> String {
        match self.language {
            Language::Node => format!("Node.js {}", self.version),
            Language::Python => format!("Python {}", self.version),
        }
    }
}

/// The interpreter for `runtime`, whose language is `language`. The error says what is missing and how to get it. May start a program:
/// call it where blocking is fine.
pub(crate) fn interpreter(language: Language, runtime: &str) -> Result<Arc<Interpreter>, String> {
    static FOUND: LazyLock<Mutex<HashMap<String, Arc<Interpreter>>>> = LazyLock::new(Mutex::default);
    if let Some(known) = FOUND.lock().get(runtime) {
        return Ok(Arc::clone(known));
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = Arc::new(look_for(language, runtime, &path, PATIENCE)?);
    // One that is missing is looked for again: it may be installed meanwhile.
    FOUND.lock().insert(runtime.to_owned(), Arc::clone(&found));
    Ok(found)
}

/// Looks through the folders of `path`: for Python of the runtime's own version first.
fn look_for(
    language: Language,
    runtime: &str,
    path: &OsStr,
    patience: Duration,
) -> Result<Interpreter, String> {
    let (names, install): (&[&str], &str) = match language {
        Language::Node => (&["node"], "apt-get install nodejs"),
        Language::Python => (&[runtime, "python3"], "apt-get install python3"),
    };
    let ask = |program: PathBuf| ask(language, &program, patience);
    let found =
        names.iter().find_map(|name| std::env::split_paths(path).find_map(|folder| ask(folder.join(name))));
    found.ok_or_else(|| {
        format!(
            "the runtime {runtime} needs `{}`, and PATH has none that runs; install it, for example with `{install}`",
            names[names.len() - 1]
        )
    })
}

/// The interpreter that `program` is or chooses; `None` when it does not run, or not within `patience`.
fn ask(language: Language, program: &Path, patience: Duration) -> Option<Interpreter> {
    if !program.is_file() {
        return None;
    }
    let question: &[&str] = match language {
        Language::Node => &ASK_NODE,
        Language::Python => &ASK_PYTHON,
    };
    // Settings for the developer's own programs must not change what they print here.
    let mut command = Command::new(program);
    command.args(question).env_remove("NODE_OPTIONS").process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    // This thread waits for it.
    children::die_with_this_process(&mut command, Signal::KILL);
    let mut child = command.into_std().spawn().ok()?;
    let answer = child.stdout.take().and_then(|output| two_lines(output, Instant::now() + patience));
    // It and what it has started may run on.
    let _ = kill_process_group(Pid::from_child(&child), Signal::KILL);
    let _ = child.wait();
    let answer = answer?;
    // A version manager's may say in two lines why it runs nothing.
    let (program, version) = answer.trim().split_once('\n').filter(|(path, _)| path.starts_with('/'))?;
    Some(Interpreter {
        language,
        program: OsString::from(program).into(),
        version: version.trim().to_owned(),
    })
}

/// The first two lines that a program prints; `None` if they do not come in time.
fn two_lines(mut output: ChildStdout, end: Instant) -> Option<String> {
    let (mut text, mut chunk) = (Vec::new(), [0; 1024]);
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let left = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
        if poll(&mut [PollFd::new(&output, PollFlags::IN)], Some(&left)).ok()? == 0 {
            return None;
        }
        match output.read(&mut chunk).ok()? {
            0 => return None,
            read => text.extend(&chunk[..read]),
        }
        if text.split(|byte| *byte == b'\n').count() > 2 {
            return String::from_utf8(text).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    /// A folder with programs that say they are these interpreters.
    fn folder(programs: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, script) in programs {
            let file = folder.path().join(name);
            fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    #[test]
    fn a_missing_interpreter_is_named_with_what_to_install() {
        let empty = tempfile::tempdir().unwrap();
        let check = |language, runtime: &str, parts: [&str; 3]| {
            let why = look_for(language, runtime, empty.path().as_os_str(), PATIENCE).unwrap_err();
            assert!(parts.iter().all(|part| why.contains(part)), "{why}");
        };
        check(Language::Node, "nodejs22.x", ["nodejs22.x", "`node`", "apt-get install nodejs"]);
        check(Language::Python, "python3.13", ["python3.13", "`python3`", "apt-get install python3"]);
    }

    #[test]
    fn the_runtimes_own_version_goes_first_and_one_that_does_not_run_is_passed_over() {
        let says = |version: &str| format!("printf '/real/{version}\\n{version}\\n'");
        let both = folder(&[("python3.13", &says("3.13.1")), ("python3", &says("3.11.7"))]);
        let found = look_for(Language::Python, "python3.13", both.path().as_os_str(), PATIENCE).unwrap();
        assert_eq!(
            (found.program.as_path(), found.described().as_str()),
            (Path::new("/real/3.13.1"), "Python 3.13.1")
        );
        let shim = folder(&[("python3.13", "exit 127"), ("python3", &says("3.11.7"))]);
        let found = look_for(Language::Python, "python3.13", shim.path().as_os_str(), PATIENCE).unwrap();
        assert_eq!(found.version, "3.11.7");
    }

    #[test]
    fn one_that_never_answers_is_ended_and_passed_over() {
        let hangs = folder(&[("node", "sleep 600")]);
        let patience = Duration::from_millis(100);
        let why = look_for(Language::Node, "nodejs22.x", hangs.path().as_os_str(), patience).unwrap_err();
        assert!(why.contains("PATH has none that runs"), "{why}");
    }
}
