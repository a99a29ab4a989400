//! Rust programs that tests use, from crates.io.

use std::path::{Path, PathBuf};

use crate::command::{cargo, run};
use crate::setup::{SetUp, cached};

/// A package of crates.io.
struct Package {
    name: &'static str,
    version: &'static str,
    /// The program that it contains.
    program: &'static str,
    /// Options of `cargo install` that choose the needed features.
    options: &'static [&'static str],
}

/// The packages to compile.
const PACKAGES: [Package; 1] = [Package {
    name: "dynoxide-rs",
    version: "3.2.0",
    program: "dynoxide",
    options: &["--no-default-features", "--features", "native-sqlite,http-server,cli"],
}];

/// Compiles missing programs in target folders of their own, so that nothing of the workspace is built anew.
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
            // The dev profile compiles in a fraction of the time, and is fast enough for tests.
            command.args(["install", "--locked", "--debug", name, "--version", version]).args(options);
            command.arg("--root").arg(&folder).arg("--target-dir").arg(folder.join("target"));
            run("cargo install", command)?;
            // Only the program is needed.
            std::fs::remove_dir_all(folder.join("target"))
                .map_err(|error| format!("clear up after {name}: {error}"))
        })?;
        folders.push(folder.join("bin"));
    }
    Ok(folders)
}
