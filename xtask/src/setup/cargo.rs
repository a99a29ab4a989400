//! Programs that tests drive and that are Rust's, from crates.io.

use std::path::{Path, PathBuf};

use crate::command::{cargo, run};
use crate::setup::{SetUp, cached};

/// Packages with their versions and a program of each.
pub(super) const PROGRAMS: [(&str, &str, &str); 0] = [];

/// Compiles what is not there yet, in target folders of their own: nothing of the workspace is built anew for them.
pub(super) fn programs(root: &Path, set_up: &SetUp) -> Result<Vec<PathBuf>, String> {
    let mut folders = Vec::new();
    for (package, version, program) in PROGRAMS {
        let folder = set_up.home.join("cargo").join(package);
        cached::once(&folder, version, &format!("bin/{program}"), || {
            let mut command = cargo(root);
            command.args(["install", "--locked", package, "--version", version]);
            command.arg("--root").arg(&folder).arg("--target-dir").arg(folder.join("target"));
            run("cargo install", command)?;
            // Only the program is of use.
            std::fs::remove_dir_all(folder.join("target"))
                .map_err(|error| format!("clear up after {package}: {error}"))
        })?;
        folders.push(folder.join("bin"));
    }
    Ok(folders)
}
