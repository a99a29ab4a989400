//! What must be there before a benchmark starts: other programs, and the functions' binaries.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use zip::write::SimpleFileOptions;

/// Where cargo puts builds of this profile, found from the path of the built devloop.
pub(crate) fn built() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_devloop")).parent().map(Path::to_owned).unwrap_or_default()
}

/// Checks that the program starts. The error says how to get it.
pub(crate) fn must_start(program: &Path, hint: &str) -> Result<()> {
    let mut command = Command::new(program);
    command.arg("--help").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if command.status().is_err() {
        bail!("{} does not start: {hint}", program.display());
    }
    Ok(())
}

/// A function's binary as a zip for Lambda. The error says how to build it.
pub(crate) fn zip(binary: &Path, build: &str) -> Result<Vec<u8>> {
    let code = fs::read(binary).with_context(|| format!("read {}: `{build}`", binary.display()))?;
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("bootstrap", SimpleFileOptions::default().unix_permissions(0o755))?;
    zip.write_all(&code)?;
    Ok(zip.finish()?.into_inner())
}
