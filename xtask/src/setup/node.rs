//! Node with npm, the packages of the CDK stack, and those that the CDK's own functions need.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{answer, run};
use crate::setup::{SetUp, cached, python};

/// The oldest Node that `stack/package.json` takes.
const OLDEST: u32 = 20;

/// The machine's own Node if it is new enough, or else the one from PyPI.
pub(super) fn programs(root: &Path, set_up: &SetUp) -> Result<Vec<PathBuf>, String> {
    let version = set_up.find("node").and_then(|node| answer(node, &["--version"], &set_up.path));
    let major = version.as_deref().and_then(major_of);
    if major >= Some(OLDEST) && set_up.find("npm").is_some() {
        return Ok(Vec::new());
    }
    Ok(vec![python::environment(root, set_up, "node")?.join("bin")])
}

/// The major version in the output of `node --version`.
fn major_of(version: &str) -> Option<u32> {
    version.trim_start_matches('v').split('.').next()?.parse().ok()
}

/// Installs what `stack/package-lock.json` lists, where npm puts it.
pub(super) fn stack(root: &Path, set_up: &SetUp) -> Result<Vec<PathBuf>, String> {
    let stack = root.join("stack");
    install(&stack, set_up, &[])?;
    Ok(Vec::new())
}

/// Installs the parts of the AWS SDK that the CDK's functions need in the test `cdk` of the package `devloop-cloud`.
pub(super) fn sdk(root: &Path, set_up: &SetUp) -> Result<Vec<PathBuf>, String> {
    install(&root.join("devloop/cloud/tests/fixtures/cdk"), set_up, &["--ignore-scripts"])?;
    Ok(Vec::new())
}

/// Installs a folder's locked packages.
pub(super) fn install(folder: &Path, set_up: &SetUp, options: &[&str]) -> Result<(), String> {
    let lock = folder.join("package-lock.json");
    let made_of = fs::read_to_string(&lock).map_err(|error| format!("read {}: {error}", lock.display()))?;
    cached::once(&folder.join("node_modules"), &made_of, ".package-lock.json", || {
        let npm = set_up.find("npm").ok_or("there is no npm")?;
        let mut command = Command::new(npm);
        command.current_dir(folder).env("PATH", &set_up.path);
        command.args(["ci", "--no-audit", "--no-fund"]).args(options);
        run("npm", command)
    })
}

#[cfg(test)]
mod tests {
    use super::{OLDEST, major_of};

    #[test]
    fn node_s_version_is_read() {
        assert_eq!(major_of("v18.20.4"), Some(18));
        assert!(major_of("v100.0.0") > Some(OLDEST));
        assert_eq!(major_of("nonsense"), None);
    }
}
