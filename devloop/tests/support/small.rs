//! A workspace of two functions that builds in a second: their `lambda_runtime` is an empty crate outside of it, which stands
//! for everything that comes from a registry.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::{manifest, workspace_manifest, write, write_program};

/// The workspace and the files beside it; all of them are deleted when this is dropped.
pub struct Small {
    home: TempDir,
}

impl Small {
    pub fn new() -> Self {
        let small = Self { home: tempfile::tempdir().unwrap() };
        small.write("runtime/Cargo.toml", &manifest("lambda_runtime", &[]));
        small.write("runtime/src/lib.rs", "pub fn run() -> &'static str { \"run\" }\n");
        small.write("w/Cargo.toml", &workspace_manifest(&["up", "mid", "model"]));
        small.write("w/model/Cargo.toml", &manifest("model", &[]));
        small.write("w/model/src/lib.rs", "pub const MODEL: &str = \"model 1\";\n");
        for name in ["up", "mid"] {
            let dependencies = [("lambda_runtime", "../../runtime"), ("model", "../model")];
            small.write(&format!("w/{name}/Cargo.toml"), &manifest(name, &dependencies));
            let main = "fn main() { println!(\"NAME {} {}\", model::MODEL, lambda_runtime::run()) }\n";
            small.write(&format!("w/{name}/src/main.rs"), &main.replace("NAME", name));
        }
        small
    }

    pub fn root(&self) -> PathBuf {
        self.path("w")
    }

    /// A path beside the workspace, or below `w` in it.
    pub fn path(&self, path: &str) -> PathBuf {
        self.home.path().canonicalize().unwrap().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        write(&self.path(path), text);
    }

    /// Writes a program for `sh`.
    pub fn write_program(&self, path: &str, script: &str) {
        write_program(&self.path(path), script);
    }

    /// A program with none of the settings of the shell that runs the tests.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(self.root());
        for (name, _) in std::env::vars() {
            let kept = ["CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"].contains(&name.as_str());
            let settings = ["CARGO", "RUST", "AWS_", "LAMBDA_", "USE_LOCALSTACK"]
                .iter()
                .any(|start| name.starts_with(start));
            if settings && !kept {
                command.env_remove(name);
            }
        }
        command
    }

    /// `PATH` with a directory beside the workspace before all others.
    pub fn path_with(&self, directory: &str) -> std::ffi::OsString {
        let rest = std::env::var_os("PATH").unwrap();
        std::env::join_paths(std::iter::once(self.path(directory)).chain(std::env::split_paths(&rest)))
            .unwrap()
    }

    /// Builds with cargo and returns each crate with whether cargo had nothing to do for it.
    pub fn build(&self, change: impl FnOnce(&mut Command)) -> Vec<(String, bool)> {
        let mut command = self.command("cargo");
        command.args(["build", "--offline", "-p", "up", "-p", "mid", "--message-format=json"]);
        change(&mut command);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut crates: Vec<(String, bool)> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|message| message["reason"] == "compiler-artifact")
            .map(|message| (message["target"]["name"].as_str().unwrap().to_owned(), message["fresh"] == true))
            .collect();
        crates.sort();
        crates
    }
}
