//! Installs the distribution's packages where that is possible: on Debian and Ubuntu, as root, which is what CI machines and fresh
//! containers are. Otherwise, and when this fails, the other sources follow.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use crate::command::{answer, run};
use crate::say::say;
use crate::setup::{browser, postgres, python};

/// Installs missing packages. An earlier run may have set programs up in `home`.
pub(super) fn install(home: &Path) {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !is_root() || test_tools::find_in(&path, "apt-get").is_none() {
        return;
    }
    let mut packages = Vec::new();
    if !home.join("python/tests/bin/python3").exists() && !python::can_install(&path) {
        packages.extend(["python3", "python3-venv"]);
    }
    if postgres::installed(&path).is_none() {
        packages.push("postgresql");
    }
    if browser::found(&path).next().is_none() {
        packages.extend(["chromium", "fonts-liberation"]);
    }
    // What the portable way of `devloop/system` asks.
    let asked = [("ps", "procps"), ("lsof", "lsof")];
    let missing = asked.iter().filter(|(program, _)| test_tools::find_in(&path, program).is_none());
    packages.extend(missing.map(|(_, package)| *package));
    if packages.is_empty() {
        return;
    }
    say(&format!("apt-get installs {}", packages.join(", ")));
    let installed = run("apt-get", apt_get(&["update"])).and_then(|()| {
        // Packages are installed one by one, so that one failure does not affect the others.
        let known = packages.iter().copied().filter(|package| is_known(package, &path)).collect::<Vec<_>>();
        run("apt-get", apt_get(&[&["install", "--yes", "--no-install-recommends"], &*known].concat()))
    });
    if let Err(error) = installed {
        say(&format!("the distribution's packages cannot be installed: {error}"));
    }
}

fn is_known(package: &str, path: &OsString) -> bool {
    answer("apt-cache", &["show", "--no-all-versions", package], path).is_some_and(|text| !text.is_empty())
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.arg("--quiet").args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// Whether this process runs as root. Only needed on Linux, because nothing is installed on other systems.
pub(super) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}
