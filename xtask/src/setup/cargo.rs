//! Programs that tests drive and that are Rust's, from crates.io.

use std::path::{Path, PathBuf};

use crate::command::{cargo, run};
use crate::setup::{SetUp, cached};

/// A package of crates.io.
struct Package {
    name: &'static str,
    version: &'static str,
    /// The program that it brings.
    program: &'static str,
    /// Of its features, those that the program needs.
    options: &'static [&'static str],
}

/// What is compiled.
const PACKAGES: [Package; 1] = [Package {
    name: "dynoxide-rs",
    version: "3.2.0",
    program: "dynoxide",
    options: &["--no-default-features", "--features", "native-sqlite,http-server,cli"],
}];

/// Compiles what is not there yet, in target folders of their own: nothing of the workspace is built anew for them.
pub(super) fn programs(root: &Path, set_up: &SetUp) -> Result<Vec<PathBuf>, String> {
    let mut folders = Vec::new();
    for Package { name, version, program, options } in PACKAGES {
        if let Some(found) = set_up.find(program) {
            folders.extend(found.parent().map(Path::to_owned));
            continue;
        }
        let folder = set_up.home.join("cargo").join(name);
        cached::once(&folder, version, &format!("bin/{program}"), || {
            let mut command = cargo(root);
            // The dev profile compiles in a fraction of the time, and is fast enough for a test's peer.
            command.args(["install", "--locked", "--debug", name, "--version", version]).args(options);
            command.arg("--root").arg(&folder).arg("--target-dir").arg(folder.join("target"));
            run("cargo install", command)?;
            // Only the program is of use.
            std::fs::remove_dir_all(folder.join("target"))
                .map_err(|error| format!("clear up after {name}: {error}"))
        })?;
        folders.push(folder.join("bin"));
    }
    Ok(folders)
}
