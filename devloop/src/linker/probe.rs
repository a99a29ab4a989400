//! Finds linkers, and with each of them links and runs a small program.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::cargo::{self, Toolchain};
use crate::linker::{Linker, Probe, Verdict};

/// The oldest mold that is used: older ones are slower than rustc's own lld (devloop/benches).
const OLDEST_MOLD: u32 = 2;

/// How long a linker may take to link the small program.
const PATIENCE: Duration = Duration::from_secs(30);

/// Tries one linker. `home` is a directory of devloop's own, which holds the linker under the name that compilers look for.
pub(crate) async fn probe(linker: Linker, toolchain: &Toolchain, home: &Path) -> Probe {
    let verdict = match cargo::find(linker.program().as_ref()).or_else(|| in_cargo_home(linker)) {
        None => Verdict::Missing,
        Some(path) => tried(linker, path, toolchain, home).await.unwrap_or_else(Verdict::Unusable),
    };
    Probe { linker, verdict }
}

/// Tries all linkers, the fastest first.
pub(crate) async fn probe_all(toolchain: &Toolchain, home: &Path) -> Vec<Probe> {
    let mut probes = Vec::new();
    for linker in Linker::CANDIDATES {
        probes.push(probe(linker, toolchain, home).await);
    }
    probes
}

/// The linker's path if `cargo install` installed it, in case that directory is not on the PATH.
fn in_cargo_home(linker: Linker) -> Option<PathBuf> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")))?;
    Some(home.join("bin").join(linker.program())).filter(|path| path.is_file())
}

async fn tried(linker: Linker, path: PathBuf, toolchain: &Toolchain, home: &Path) -> Result<Verdict, String> {
    let said = said_by(Command::new(&path).arg("--version"))
        .await
        .map_err(|error| format!("{linker} does not run: {error}"))?;
    let version = said.lines().next().unwrap_or_default().trim().to_owned();
    if linker == Linker::Mold && major(&version).is_none_or(|major| major < OLDEST_MOLD) {
        return Err(format!("{version} is older than mold {OLDEST_MOLD}.0 and no faster than the default"));
    }
    let directory = shelf(linker, &path, home).map_err(|error| format!("link to {linker}: {error}"))?;
    let mut reason = String::new();
    for arguments in argument_forms(&directory) {
        match link(linker, toolchain, home, &arguments).await {
            Ok(()) => return Ok(Verdict::Works { path, version, arguments }),
            Err(error) => reason = error,
        }
    }
    Err(format!("{version} does not link a small program: {reason}"))
}

/// The number before the first dot of the first word that begins with a digit.
fn major(version: &str) -> Option<u32> {
    let number =
        version.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    number.split('.').next()?.parse().ok()
}

/// Makes a directory with the linker under the name `ld`. Compilers look there first when they get it with `-B`, whichever names
/// they know for `-fuse-ld`.
fn shelf(linker: Linker, path: &Path, home: &Path) -> std::io::Result<PathBuf> {
    let directory = home.join("linker").join(linker.name());
    std::fs::create_dir_all(&directory)?;
    let link = directory.join("ld");
    if std::fs::read_link(&link).ok().as_deref() != Some(path) {
        let _ = std::fs::remove_file(&link);
        symlink(path, &link)?;
    }
    Ok(directory)
}

/// The arguments by which rustc uses the linker. Where rustc's own lld is the default, that has to be switched off first; elsewhere
/// rustc does not know the option, or does not allow it.
fn argument_forms(directory: &Path) -> [Vec<String>; 2] {
    let here = format!("-Clink-arg=-B{}", directory.display());
    [vec!["-Clinker-features=-lld".to_owned(), here.clone()], vec![here]]
}

/// Links a program and runs it. The note that linkers leave in their output shows which linker was used.
async fn link(
    linker: Linker,
    toolchain: &Toolchain,
    home: &Path,
    arguments: &[String],
) -> Result<(), String> {
    let place =
        tempfile::Builder::new().prefix("probe-").tempdir_in(home).map_err(|error| error.to_string())?;
    let (source, program) = (place.path().join("probe.rs"), place.path().join("probe"));
    std::fs::write(&source, "fn main() { println!(\"linked\") }\n").map_err(|error| error.to_string())?;
    let mut rustc = toolchain.command_of(&toolchain.rustc(), place.path());
    rustc
        .args(["--edition", "2024", "--crate-name", "probe", "-Cdebuginfo=0", "-o"])
        .arg(&program)
        .arg(&source);
    said_by(rustc.args(arguments)).await?;
    let noted = std::fs::read(&program).map_err(|error| error.to_string())?;
    if !mentions(&noted, linker) {
        return Err("the compiler used another linker".to_owned());
    }
    let said = said_by(&mut Command::new(&program)).await?;
    if said.trim() == "linked" { Ok(()) } else { Err("the linked program does not run".to_owned()) }
}

/// Whether the program's `.comment` names the linker.
fn mentions(program: &[u8], linker: Linker) -> bool {
    let name: &[u8] = match linker {
        Linker::Wild => b"Wild",
        Linker::Mold => b"mold ",
        Linker::Lld => b"Linker: LLD",
        Linker::Default => return true,
    };
    program.windows(name.len()).any(|window| window == name)
}

/// The program's standard output. The error is its last error line, or how it ended.
async fn said_by(command: &mut Command) -> Result<String, String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output())
        .await
        .map_err(|_| format!("it did not end within {} s", PATIENCE.as_secs()))?
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let words = words.lines().map(str::trim).filter(|line| !line.is_empty());
    Err(words
        .into_iter()
        .find(|line| line.starts_with("error"))
        .map_or_else(|| output.status.to_string(), str::to_owned))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::{major, tried};
    use crate::cargo::Lookup;
    use crate::linker::{Linker, Verdict};

    #[test]
    fn versions_are_read() {
        assert_eq!(major("mold 1.10.1 (compatible with GNU ld)"), Some(1));
        assert_eq!(major("mold 2.40.4 (abc; compatible with GNU ld)"), Some(2));
        assert_eq!(major("mold"), None);
    }

    /// Probes a script that prints the version and otherwise runs `then`.
    async fn check(linker: Linker, version: &str, then: &str) -> Result<Verdict, String> {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("program");
        let script = format!("#!/bin/sh\n[ \"$1\" = --version ] && echo '{version}' && exit\n{then}\n");
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        let toolchain = Lookup::default().toolchain("cargo".as_ref(), Path::new("/")).await;
        tried(linker, path, &toolchain, home.path()).await
    }

    #[tokio::test]
    async fn an_old_mold_is_refused_by_its_version() {
        let verdict = check(Linker::Mold, "mold 1.10.1 (compatible with GNU ld)", "exit 1").await;
        assert!(verdict.as_ref().unwrap_err().contains("mold 1.10.1"), "{verdict:?}");
    }

    #[tokio::test]
    async fn a_linker_that_fails_is_refused_with_its_message() {
        let verdict = check(Linker::Wild, "Wild version 9.9.9", "echo 'error: I crash' >&2; exit 1").await;
        assert!(
            verdict.as_ref().unwrap_err().starts_with("Wild version 9.9.9 does not link a small program: "),
            "{verdict:?}"
        );
    }

    /// The compiler's own `ld` under another name links well, but is not the linker that was asked for.
    #[tokio::test]
    async fn a_program_that_only_claims_to_be_the_linker_is_found_out() {
        let verdict = check(Linker::Wild, "Wild version 9.9.9", "exec ld \"$@\"").await;
        assert!(verdict.as_ref().unwrap_err().ends_with("the compiler used another linker"), "{verdict:?}");
    }
}
