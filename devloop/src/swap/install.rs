//! Puts a binary in place: copies it beside its target, checks it, and renames it.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempPath;

use crate::bus::now;
use crate::engine::{Destination, Digest, Machine, Millis, SwapOrder};
use crate::machine::{self, Architecture, Demand, Demands, Purpose};
use crate::swap::staged::{copy, digest_of};
use crate::swap::{Early, SwapError};

/// The file that Lambda starts.
pub(super) const BOOTSTRAP: &str = "bootstrap";

/// The directory where binaries are prepared. It lies in the directory of the functions' directories, so that the rename stays on
/// one file system.
pub(super) const STAGE: &str = ".stage";

/// The directory of binaries that get a folder of their own, by function and digest.
const ASIDE: &str = ".gen";

/// The result of a swap.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Swapped {
    /// The binary is in place.
    InPlace {
        /// Its content.
        digest: Digest,
        /// When the binary was ready for the rename.
        staged_at: Millis,
        /// What would be a problem on another machine than this one.
        warnings: Vec<String>,
    },
    /// The binary was in place already and serves.
    Unchanged {
        /// Its content.
        digest: Digest,
    },
}

/// The directory of a function's binary.
pub(crate) fn folder(dist: &Path, function: &str, digest: &Digest, aside: bool) -> PathBuf {
    if aside { dist.join(ASIDE).join(function).join(digest.to_string()) } else { dist.join(function) }
}

/// Puts the ordered binary into its directory below `dist`, as the target wants it. Blocks for as long as the copy takes.
///
/// The copy is never a link to cargo's file, because the next build may overwrite that file while a process runs from it. The
/// function's directory is never replaced, because whoever watches or mounts it would keep looking at the old one.
pub(crate) fn swap(
    dist: &Path,
    order: &SwapOrder,
    demands: &Demands,
    place: &Destination,
    early: &Early,
) -> Result<Swapped, SwapError> {
    let stage = dist.join(STAGE);
    make_directory(&stage)?;
    make_directory(&dist.join(&order.function))?;
    let (staged, digest) = match early.take(order) {
        Some(copied) => copied,
        None => stage_copy(&stage, order)?,
    };
    let binary =
        machine::inspect(&staged).map_err(|error| SwapError::unreadable(&order.executable, error))?;
    let (demand, purpose) = demanded(demands, order, place.machine);
    let warnings = machine::check(&order.function, &binary, &demand, purpose)?;
    let directory = folder(dist, &order.function, &digest, place.aside);
    // What serves aside was read from the folder that the function runs from, which may be another one.
    let is_there = place.aside || directory.join(BOOTSTRAP).is_file();
    if place.unless.as_ref() == Some(&digest) && is_there {
        return Ok(Swapped::Unchanged { digest });
    }
    let staged_at = if place.aside {
        fill(dist, &order.function, &digest, staged)?.1
    } else {
        exchange(&stage, &directory, staged, false)?
    };
    Ok(Swapped::InPlace { digest, staged_at, warnings })
}

/// Puts the program into the directory, with the shared object that it needs. Returns the time when all was ready for the rename.
pub(super) fn exchange(
    stage: &Path,
    directory: &Path,
    staged: TempPath,
    is_filled: bool,
) -> Result<Millis, SwapError> {
    let bootstrap = directory.join(BOOTSTRAP);
    let companion = companion_of(&staged)?;
    if let Some(companion) = &companion {
        place_companion(stage, directory, companion)?;
    }
    let replaced = companion_of(&bootstrap).ok().flatten();
    let staged_at = now();
    if !is_filled {
        put(staged, &bootstrap)?;
    }
    clear_companions_away(directory, &[companion, replaced]);
    Ok(staged_at)
}

/// The machine that the binary must fit. If the target knows the deployed function's processor, it overrides the stack's.
fn demanded(demands: &Demands, order: &SwapOrder, machine: Machine) -> (Demand, Purpose) {
    let demand = demands.of(&order.function);
    let architecture = match machine {
        Machine::Host => return (demand, demands.purpose),
        Machine::X86_64 => Architecture::X86_64,
        Machine::Arm64 => Architecture::Arm64,
    };
    (Demand { architecture, ..demand }, Purpose::Ship)
}

fn companion_of(program: &Path) -> Result<Option<PathBuf>, SwapError> {
    devloop_prelink::companion_of(program)
        .map_err(|error| SwapError::Companion { path: program.to_owned(), reason: error.to_string() })
}

/// Puts the shared object of prelinked dependencies into the directory before the program. Its name contains its digest and nobody
/// writes into it, so it may be a hard link, and an existing file of this name is the same.
fn place_companion(stage: &Path, directory: &Path, companion: &Path) -> Result<(), SwapError> {
    let Some(name) = companion.file_name() else { return Ok(()) };
    let place = directory.join(name);
    if place.is_file() {
        return Ok(());
    }
    let staging = tempfile::Builder::new().prefix("companion-").make_in(stage, |path| {
        fs::hard_link(companion, path).or_else(|_| fs::copy(companion, path).map(drop))
    });
    let staged = staging.map_err(|error| SwapError::copy(companion, stage, error))?.into_temp_path();
    make_public(&staged)?;
    staged.persist(&place).map_err(|error| SwapError::io("rename to", &place, error.error))
}

/// Deletes the shared objects of older programs, but not that of the previous one, which may be started once more.
fn clear_companions_away(directory: &Path, kept: &[Option<PathBuf>]) {
    let kept: Vec<_> = kept.iter().flatten().filter_map(|path| path.file_name()).collect();
    let Ok(entries) = fs::read_dir(directory) else { return };
    for name in entries.flatten().map(|entry| entry.file_name()) {
        if devloop_prelink::is_companion(&name) && !kept.contains(&name.as_os_str()) {
            // A file that cannot be deleted only takes up space.
            let _ = fs::remove_file(directory.join(name));
        }
    }
}

/// Puts the same binary into the function's own directory as is in another of its directories.
pub(crate) fn mirror(dist: &Path, function: &str, from: &Path) -> Result<(), SwapError> {
    let (bootstrap, source) = (dist.join(function).join(BOOTSTRAP), from.join(BOOTSTRAP));
    if bootstrap.is_file() && digest_of(&bootstrap)? == digest_of(&source)? {
        return Ok(());
    }
    let stage = dist.join(STAGE);
    make_directory(&stage)?;
    make_directory(&dist.join(function))?;
    let order = SwapOrder { generation: 0, function: function.to_owned(), executable: source, unless: None };
    let staged = stage_copy(&stage, &order)?.0;
    exchange(&stage, &dist.join(function), staged, false).map(drop)
}

/// Puts the binary in the function's own directory into one that is named after its content. Returns that; `None` if there is no
/// binary.
pub(crate) fn keep_aside(dist: &Path, function: &str) -> Result<Option<PathBuf>, SwapError> {
    let executable = dist.join(function).join(BOOTSTRAP);
    if !executable.is_file() {
        return Ok(None);
    }
    let stage = dist.join(STAGE);
    make_directory(&stage)?;
    let order = SwapOrder { generation: 0, function: function.to_owned(), executable, unless: None };
    let (staged, digest) = stage_copy(&stage, &order)?;
    fill(dist, function, &digest, staged).map(|(directory, _)| Some(directory))
}

/// Fills the directory that is named after the binary's content, once, because functions may run from it. Returns it, and when all
/// was ready.
fn fill(
    dist: &Path,
    function: &str,
    digest: &Digest,
    staged: TempPath,
) -> Result<(PathBuf, Millis), SwapError> {
    let directory = folder(dist, function, digest, true);
    make_directory(&dist.join(ASIDE))?;
    make_directory(&dist.join(ASIDE).join(function))?;
    make_directory(&directory)?;
    let is_filled = directory.join(BOOTSTRAP).is_file();
    let staged_at = exchange(&dist.join(STAGE), &directory, staged, is_filled)?;
    Ok((directory, staged_at))
}

/// The digest of a program; `None` if there is no such file.
pub(crate) fn digest_at(path: &Path) -> Option<Digest> {
    digest_of(path).ok()
}

/// Deletes the folders of the function's former binaries, except those that are named.
pub(crate) fn collect(dist: &Path, function: &str, keep: &[PathBuf]) -> Result<(), SwapError> {
    let home = dist.join(ASIDE).join(function);
    let entries = match fs::read_dir(&home) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(|error| SwapError::io("read the directory", &home, error))?,
    };
    for entry in entries.flatten().map(|entry| entry.path()).filter(|path| !keep.contains(path)) {
        fs::remove_dir_all(&entry).map_err(|error| SwapError::io("delete", &entry, error))?;
    }
    Ok(())
}

/// Renames the program into place. Functions that poll their file only see its size and time, so the time must differ.
pub(super) fn put(staged: TempPath, bootstrap: &Path) -> Result<(), SwapError> {
    let failed = |error| SwapError::io("set the time of", bootstrap, error);
    if let Ok(before) = fs::metadata(bootstrap) {
        let file = File::options().append(true).open(&staged).map_err(failed)?;
        // File systems store times in steps of a nanosecond, one second, or two seconds.
        for step in [Duration::from_millis(1), Duration::from_secs(1), Duration::from_secs(2)] {
            let after = file.metadata().map_err(failed)?;
            if after.len() != before.len() || after.modified().ok() != before.modified().ok() {
                break;
            }
            file.set_modified(before.modified().map_err(failed)? + step).map_err(failed)?;
        }
    }
    staged.persist(bootstrap).map_err(|error| SwapError::io("rename to", bootstrap, error.error))
}

/// Makes the function's directory, so that it can be watched or mounted before its first binary comes.
pub(crate) fn make_function_directory(dist: &Path, function: &str) -> Result<(), SwapError> {
    make_directory(&dist.join(function))
}

/// Makes a directory with the permissions that the function's user needs. They are set explicitly, because the umask may remove
/// them.
pub(super) fn make_directory(path: &Path) -> Result<(), SwapError> {
    let failed = |error| SwapError::io("make the directory", path, error);
    fs::create_dir_all(path).map_err(failed)?;
    make_public(path)
}

fn make_public(path: &Path) -> Result<(), SwapError> {
    const MODE: u32 = 0o755;
    let failed = |error| SwapError::io("set the permissions of", path, error);
    let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & 0o7777 == MODE {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(MODE)).map_err(failed)
}

/// Makes a copy with the permissions that the function's user needs. A failed swap leaves nothing behind.
pub(super) fn stage_copy(stage: &Path, order: &SwapOrder) -> Result<(TempPath, Digest), SwapError> {
    let mut staged = tempfile::Builder::new()
        .prefix(&format!("{}-{}-", order.function, order.generation))
        .tempfile_in(stage)
        .map_err(|error| SwapError::io("write into", stage, error))?;
    let digest = copy(&order.executable, staged.as_file_mut())
        .map_err(|error| SwapError::copy(&order.executable, stage, error))?;
    let staged = staged.into_temp_path();
    make_public(&staged)?;
    Ok((staged, digest))
}
