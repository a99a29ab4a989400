//! The functions and clients of this workspace, as cargo builds them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of this workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Builds the packages, unless they are up to date; the folder of their binaries.
pub fn built(packages: &[&str]) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["build", "--quiet"]);
    cargo.args(packages.iter().flat_map(|package| ["-p", package]));
    assert!(cargo.status().unwrap().success(), "{} do not build", packages.join(", "));
    // target/debug/deps/<this test>
    let own = std::env::current_exe().unwrap();
    own.parent().unwrap().parent().unwrap().to_owned()
}
