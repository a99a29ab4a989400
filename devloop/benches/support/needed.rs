//! What must be there before a benchmark starts: other programs, and the functions' binaries.

#![allow(dead_code, reason = "each benchmark uses a part of it")]

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use zip::write::SimpleFileOptions;

/// Where cargo puts builds of this profile, found from the path of the built devloop.
pub(crate) fn built() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_devloop")).parent().map(Path::to_owned).unwrap_or_default()
}

/// How long a program may take to show its help. Some start their server instead, and are ended then.
const HELPS_WITHIN: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(20);

/// Checks that the program starts. The error says how to get it.
pub(crate) fn must_start(program: &Path, hint: &str) -> Result<()> {
    let mut command = Command::new(program);
    command.arg("--help").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { bail!("{} does not start: {hint}", program.display()) };
    let began = Instant::now();
    while child.try_wait()?.is_none() {
        if began.elapsed() > HELPS_WITHIN {
            child.kill()?;
            child.wait()?;
            break;
        }
        thread::sleep(STEP);
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
