//! A copy of this workspace that tests may edit. It outlives them, with cargo's output in it, so that the AWS SDK is compiled only
//! once on a machine.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::without_settings;

/// The parts of this workspace that cargo and devloop need.
const PARTS: [&str; 6] = ["Cargo.toml", "Cargo.lock", "devloop", "functions", "stack/templates", "xtask"];

/// The copy, as fresh as a clone except for its target folder. One test at a time uses it.
pub struct Workspace {
    root: PathBuf,
    /// Held for the lifetime: sessions in other threads and other test programs wait.
    _turn: File,
}

impl Workspace {
    /// Waits for this test's turn, and undoes the changes of the previous test.
    pub fn take() -> Self {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let root = home.join("loop");
        fs::create_dir_all(&root).unwrap();
        let turn = File::create(home.join("loop.lock")).unwrap();
        turn.lock().unwrap();
        let original = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for part in PARTS {
            mirror(&original.join(part), &root.join(part));
        }
        settle(&root.join("devloop.toml"));
        let workspace = Self { root, _turn: turn };
        match fs::remove_dir_all(workspace.dist()) {
            Err(error) if error.kind() != ErrorKind::NotFound => panic!("empty the dist folder: {error}"),
            _ => workspace,
        }
    }

    /// Another workspace, whose turn this test has.
    pub fn of(root: PathBuf, turn: File) -> Self {
        Self { root, _turn: turn }
    }

    /// The workspace's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder in which devloop puts the functions' binaries.
    pub fn dist(&self) -> PathBuf {
        self.root.join("target/devloop/dist")
    }

    /// The real program, with none of the settings of the shell that runs the tests.
    pub fn devloop(&self, arguments: &[&str]) -> Command {
        self.devloop_through(&[], &[], arguments)
    }

    /// The same, started through another program, which gets it and its arguments as its last arguments.
    pub fn devloop_through(
        &self,
        starter: &[&str],
        environment: &[(&str, &str)],
        arguments: &[&str],
    ) -> Command {
        let program = env!("CARGO_BIN_EXE_devloop");
        let words: Vec<&str> = starter.iter().chain(&[program]).chain(arguments).copied().collect();
        let mut command = Command::new(words[0]);
        command.current_dir(&self.root).args(&words[1..]);
        without_settings(&mut command);
        command.envs(environment.iter().copied());
        command
    }

    /// A file's text.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Saves a file in place, as a simple editor does.
    pub fn save(&self, path: &str, text: &str) {
        fs::write(self.root.join(path), text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Saves the file with one text replaced by another; the file must contain the text.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} no longer says `{from}`: this test has to follow");
        self.save(path, &text.replacen(from, to, 1));
    }
}

/// Writes the settings. A variable makes the pipeline's tests run with prelinked functions.
fn settle(settings: &Path) {
    match std::env::var_os("DEVLOOP_TESTS_PRELINK") {
        Some(_) => fs::write(settings, "[build]\nprelink = true\n").unwrap(),
        None => match fs::remove_file(settings) {
            Err(error) if error.kind() != ErrorKind::NotFound => panic!("remove the settings: {error}"),
            _ => {}
        },
    }
}

/// Makes `copy` the same as `original`. Equal files keep their modification time, so that cargo builds nothing anew.
fn mirror(original: &Path, copy: &Path) {
    if original.is_dir() {
        fs::create_dir_all(copy).unwrap();
        let names = |path: &Path| -> BTreeSet<_> {
            fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect()
        };
        let wanted = names(original);
        for extra in names(copy).difference(&wanted) {
            let path = copy.join(extra);
            if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
        }
        // Sockets and the like are not sources.
        for name in wanted.iter().filter(|name| *name != "target" && *name != "node_modules") {
            mirror(&original.join(name), &copy.join(name));
        }
    } else if original.is_file() {
        let text = fs::read(original).unwrap();
        if fs::read(copy).ok().as_ref() != Some(&text) {
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::write(copy, text).unwrap();
        }
    }
}
