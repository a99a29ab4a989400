//! Programs that served before, kept beside the functions' directories for a rollback.

use std::fs;
use std::path::{Path, PathBuf};

use crate::engine::{Digest, SwapOrder};
use crate::swap::SwapError;
use crate::swap::install::{BOOTSTRAP, STAGE, exchange, make_directory, stage_copy};

/// Their directory, by function and digest. It lies in the directory of the functions' directories, so that hard links are
/// possible.
const FORMER: &str = ".former";

fn home(dist: &Path, function: &str) -> PathBuf {
    dist.join(FORMER).join(function)
}

/// Keeps the program in the function's directory. A hard link is enough, because a program in place is never written to.
pub(crate) fn keep(dist: &Path, function: &str, digest: &Digest) -> Result<(), SwapError> {
    let (source, home) = (dist.join(function).join(BOOTSTRAP), home(dist, function));
    let kept = home.join(digest.to_string());
    if kept.is_file() {
        return Ok(());
    }
    make_directory(&dist.join(FORMER))?;
    make_directory(&home)?;
    let linked = fs::hard_link(&source, &kept).or_else(|_| fs::copy(&source, &kept).map(drop));
    linked.map_err(|error| SwapError::copy(&source, &home, error))
}

/// Deletes the kept programs of the function, except these.
pub(crate) fn forget(dist: &Path, function: &str, but: &[&Digest]) {
    let home = home(dist, function);
    let wanted: Vec<PathBuf> = but.iter().map(|digest| home.join(digest.to_string())).collect();
    let Ok(entries) = fs::read_dir(&home) else { return };
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| !wanted.contains(path)) {
        // A file that cannot be deleted only takes up space.
        let _ = fs::remove_file(path);
    }
    if but.is_empty() {
        let _ = fs::remove_dir(home);
    }
}

/// Puts a kept program into the function's directory, by the same steps as a new binary. Blocks for as long as the copy takes.
pub(crate) fn restore(dist: &Path, function: &str, digest: &Digest) -> Result<(), SwapError> {
    let (stage, kept) = (dist.join(STAGE), home(dist, function).join(digest.to_string()));
    if !kept.is_file() {
        return Err(SwapError::FormerLost(kept));
    }
    make_directory(&stage)?;
    let order =
        SwapOrder { generation: 0, function: function.to_owned(), executable: kept.clone(), unless: None };
    let (staged, content) = stage_copy(&stage, &order)?;
    if content != *digest {
        return Err(SwapError::FormerLost(kept));
    }
    exchange(&stage, &dist.join(function), staged, false).map(drop)
}
