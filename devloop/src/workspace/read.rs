//! Runs `cargo metadata`, without the network if the lock file allows; at the start of a session only for the outline.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use cargo_metadata::MetadataCommand;

use crate::cargo::{self, Group, Refusal};
use crate::engine::Problem;
use crate::graph::Workspace;

/// A workspace, and the settings in its manifest.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The model.
    pub(crate) workspace: Workspace,
    /// `[workspace.metadata.devloop]`, or null.
    pub(crate) settings: serde_json::Value,
}

/// Why a workspace could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// There is no cargo to ask.
    #[error("start cargo: `{}` was not found", .0.display())]
    CargoMissing(PathBuf),
    /// Cargo could not be started, or its output could not be read.
    #[error("run cargo metadata: {0}")]
    Io(#[from] std::io::Error),
    /// The toolchain that the workspace names is not installed.
    #[error("start cargo: {}", .0.cause)]
    ToolchainMissing(Refusal),
    /// Cargo refuses the workspace.
    #[error("read the workspace: {0}")]
    Cargo(String),
    /// Cargo's answer could not be parsed.
    #[error("understand cargo metadata: {0}")]
    Format(#[from] cargo_metadata::Error),
    /// Functions of two packages have the same name, and would be the same file in the target directory.
    #[error("tell the functions apart: {0}")]
    Ambiguous(String),
}

impl ReadError {
    /// The error with its stable code and the next step.
    pub(crate) fn problem(&self) -> Problem {
        let message = self.to_string();
        match self {
            Self::CargoMissing(_) => Problem::new("cargo_missing", message)
                .with_hint("install Rust from https://rustup.rs, or put cargo on the PATH"),
            Self::ToolchainMissing(refusal) => {
                Problem::new("toolchain_missing", message).with_hint(&refusal.advice)
            }
            Self::Io(_) => Problem::new("cargo_failed", message),
            Self::Cargo(said) if said.contains("could not find `Cargo.toml`") => {
                Problem::new("workspace_missing", message).with_hint("start devloop inside a cargo workspace")
            }
            Self::Cargo(_) | Self::Format(_) => Problem::new("workspace_unreadable", message),
            Self::Ambiguous(_) => {
                Problem::new("function_ambiguous", message).with_hint("rename one binary with [[bin]] name")
            }
        }
    }
}

/// Reads the members of the workspace around the directory. Cargo resolves no dependencies for this, so it answers in a tenth of
/// the time; path dependencies outside of the workspace are missing, and the lock file is not read.
pub(crate) async fn outline(program: &Path, directory: &Path) -> Result<Reading, ReadError> {
    let text = metadata(program, directory, &["--no-deps", "--offline"]).await?;
    let mut reading = understood(&text, false)?;
    reading.workspace.outline = true;
    Ok(reading)
}

/// Reads the workspace around the directory.
pub(crate) async fn read(program: &Path, directory: &Path) -> Result<Reading, ReadError> {
    let (text, offline) = match metadata(program, directory, &["--offline"]).await {
        Ok(text) => (text, true),
        Err(ReadError::Cargo(said)) if said.contains("offline") => {
            (metadata(program, directory, &[]).await?, false)
        }
        Err(error) => return Err(error),
    };
    understood(&text, offline)
}

fn understood(text: &str, offline: bool) -> Result<Reading, ReadError> {
    let metadata = MetadataCommand::parse(text)?;
    let workspace = super::model::workspace(&metadata, offline);
    let ambiguous: Vec<String> = workspace
        .ambiguous()
        .into_iter()
        .map(|(function, packages)| format!("`{function}` is a binary of {}", packages.join(" and ")))
        .collect();
    if !ambiguous.is_empty() {
        return Err(ReadError::Ambiguous(ambiguous.join("; ")));
    }
    let settings = metadata.workspace_metadata.get("devloop").cloned().unwrap_or_default();
    Ok(Reading { workspace, settings })
}

async fn metadata(program: &Path, directory: &Path, options: &[&str]) -> Result<String, ReadError> {
    let mut command = cargo::command(program, directory);
    command.args(["metadata", "--format-version", "1", "--color", "never"]).args(options);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    cargo::lead_a_group(&mut command);
    let child = command.spawn().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ReadError::CargoMissing(program.to_owned()),
        _ => ReadError::Io(error),
    })?;
    let mut group = Group::of(&child);
    let output = child.wait_with_output().await?;
    group.disarm();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim();
        if let Some(refusal) = cargo::refusal(said) {
            return Err(ReadError::ToolchainMissing(refusal));
        }
        return Err(ReadError::Cargo(said.strip_prefix("error: ").unwrap_or(said).to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
