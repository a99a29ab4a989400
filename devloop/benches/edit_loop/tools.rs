//! The programs that are compared, found and asked for their versions.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::options::Options;

/// Linkers that devloop would use if it found them.
const LINKERS: [&str; 5] = ["wild", "mold", "ld.mold", "ld.lld", "lld"];

/// The programs that take part.
pub(crate) struct Tools {
    /// `cargo-lambda`, if it is installed.
    pub(crate) cargo_lambda: Option<PathBuf>,
    /// `wild`, if it is installed.
    pub(crate) wild: Option<PathBuf>,
    /// One line for each program: its name and version.
    pub(crate) versions: Vec<String>,
}

impl Tools {
    /// Looks for the programs; a program that the options name must exist.
    pub(crate) fn find(options: &Options) -> Result<Self> {
        ensure!(
            options.functions.iter().any(|name| name == "upstream"),
            "`upstream` is what is edited: name it too"
        );
        let cargo_lambda = named_or_found(options.cargo_lambda.as_deref(), "cargo-lambda")?;
        let wild = named_or_found(options.wild.as_deref(), "wild")?;
        let mut versions = vec![
            version(Path::new("rustc"), &["--version"])?,
            version(Path::new("cargo"), &["--version"])?,
            version(&options.program, &["--version"])?,
        ];
        if let Some(program) = &cargo_lambda {
            versions.push(version(program, &["lambda", "--version"])?);
        }
        if let Some(program) = &wild {
            versions.push(version(program, &["--version"])?);
        }
        Ok(Self { cargo_lambda, wild, versions })
    }

    /// The contestants that do not take part, and how to install their programs.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        let mut missing = Vec::new();
        if self.cargo_lambda.is_none() {
            missing.push("cargo lambda watch (no `cargo-lambda`: python3 -m pip install cargo-lambda==1.9.2, or --cargo-lambda FILE)");
        }
        if self.wild.is_none() {
            missing.push("devloop with wild (no `wild`: cargo install wild-linker, or --wild FILE)");
        }
        missing
    }

    /// The PATH of a contestant: with the linker in front, or without any linker that devloop would use by itself.
    pub(crate) fn path(linker: Option<&Path>) -> Result<OsString> {
        let path = env::var_os("PATH").context("there is no PATH")?;
        let directories = env::split_paths(&path);
        let directories: Vec<PathBuf> = match linker.and_then(Path::parent) {
            Some(directory) => std::iter::once(directory.to_owned()).chain(directories).collect(),
            None => directories
                .filter(|directory| directory == Path::new("/usr/bin") || !has_linker(directory))
                .collect(),
        };
        env::join_paths(directories).context("join the PATH")
    }
}

fn has_linker(directory: &Path) -> bool {
    LINKERS.iter().any(|name| directory.join(name).is_file())
}

fn named_or_found(named: Option<&Path>, name: &str) -> Result<Option<PathBuf>> {
    if let Some(path) = named {
        return path.canonicalize().map(Some).with_context(|| format!("{name}: {}", path.display()));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    Ok(env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file()))
}

fn version(program: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("run {}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}
