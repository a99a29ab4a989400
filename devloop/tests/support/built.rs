//! The functions and clients of this workspace, as cargo builds them.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of this workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Builds these binaries of the workspace, unless they are up to date; their folder. With the whole workspace chosen, dependencies have
/// the features that they have for the tests, so that few are compiled again.
pub fn built(binaries: &[&str]) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(root()).args(["build", "--quiet", "--workspace"]);
    cargo.args(binaries.iter().flat_map(|binary| ["--bin", binary]));
    assert!(cargo.status().unwrap().success(), "{} do not build", binaries.join(", "));
    // target/debug/deps/<this test>
    let own = std::env::current_exe().unwrap();
    own.parent().unwrap().parent().unwrap().to_owned()
}
