//! A real cargo workspace in a temporary directory, small enough to be built in a second and without the network.
//!
//! `up` and `mid` are functions, because they depend on a package called `lambda_runtime`, and share `model`. Their programs print
//! the versions of their parts and end.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::build::{Builder, Standby};
use crate::cargo;
use crate::engine::BuildOrder;
use crate::workspace::{self, Reading};

/// The workspace; it is deleted when this is dropped.
pub(crate) struct Fixture {
    _directory: TempDir,
    root: PathBuf,
}

const FILES: [(&str, &str); 9] = [
    (
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"*/\"]\nexclude = [\"target\", \".cargo\", \"schemas\"]\n",
    ),
    (
        "lambda_runtime/Cargo.toml",
        "[package]\nname = \"lambda_runtime\"\nversion = \"0.0.0\"\nedition = \"2024\"\n",
    ),
    ("lambda_runtime/src/lib.rs", ""),
    ("model/Cargo.toml", "[package]\nname = \"model\"\nversion = \"0.0.0\"\nedition = \"2024\"\n"),
    ("model/src/lib.rs", "pub const MODEL: &str = \"model 1\";\n"),
    ("up/Cargo.toml", FUNCTION),
    ("up/src/main.rs", "fn main() { println!(\"up 1, {}\", model::MODEL) }\n"),
    ("mid/Cargo.toml", FUNCTION),
    ("mid/src/main.rs", "fn main() { println!(\"mid 1, {}\", model::MODEL) }\n"),
];

const FUNCTION: &str = "[package]\nname = \"NAME\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
    [dependencies]\nlambda_runtime.path = \"../lambda_runtime\"\nmodel.path = \"../model\"\n";

impl Fixture {
    /// Writes the workspace.
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        let fixture = Self { _directory: directory, root };
        for (path, text) in FILES {
            let package = path.split('/').next().unwrap();
            fixture.write(path, &text.replace("NAME", package));
        }
        fixture
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the root.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Saves a file in one step, as most editors do: under another name outside the workspace first. A file that is emptied and
    /// then written is two saves on a busy machine, and the tests count builds.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Closed before it takes its place: the watcher sees a save when a file that was written is closed, too.
        let beside = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        fs::write(&beside, text).unwrap();
        beside.persist(path).unwrap();
    }

    /// A builder whose output directory is the fixture's own, whatever the environment says.
    pub(crate) fn builder(&self) -> Builder {
        Builder {
            program: "cargo".into(),
            root: self.root.clone(),
            target_directory: self.path("target"),
            profile: "dev".to_owned(),
            lookup: cargo::Lookup::default(),
            timeout: Duration::from_mins(10),
            linking: None,
            machines: Arc::default(),
            standby: Standby::new(true),
        }
    }

    /// Reads the workspace with cargo.
    pub(crate) async fn read(&self) -> Reading {
        let mut reading = workspace::read("cargo".as_ref(), &self.root).await.unwrap();
        reading.workspace.target_directory = self.path("target");
        reading
    }

    /// An order for both functions.
    pub(crate) fn order() -> BuildOrder {
        let names = || vec!["mid".to_owned(), "up".to_owned()];
        BuildOrder {
            generation: 1,
            packages: names(),
            specs: [].into(),
            binaries: names(),
            offline: true,
            apart: [].into(),
            features: vec![],
        }
    }
}
