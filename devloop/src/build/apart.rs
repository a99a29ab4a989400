//! Binaries of one name in several packages. Cargo writes them all to one place, so they are built one after the other, and each is
//! moved away before the next one is built.

use std::collections::BTreeMap;
use std::path::Path;

use crate::engine::{Artifact, BuildOrder};
use crate::graph::Read;
use crate::machine::Compilation;

/// The runs of cargo that an order takes: how each compiles, and which functions it builds.
pub(super) fn parts(
    compilations: BTreeMap<Compilation, Vec<String>>,
    order: &BuildOrder,
) -> Vec<(Compilation, Vec<String>)> {
    let mut parts = Vec::new();
    for (compilation, functions) in compilations {
        let (apart, together): (Vec<String>, Vec<String>) =
            functions.into_iter().partition(|function| order.apart.contains_key(function));
        if !together.is_empty() {
            parts.push((compilation.clone(), together));
        }
        parts.extend(apart.into_iter().map(|function| (compilation.clone(), vec![function])));
    }
    parts
}

/// Renames cargo's binary to the function's name, and moves it to a place of its own below `target`.
pub(super) fn rename(
    artifacts: &mut [Artifact],
    inputs: &mut BTreeMap<String, Option<Read>>,
    function: &str,
    target: &Path,
) -> std::io::Result<()> {
    for artifact in artifacts {
        if let Some(read) = inputs.remove(&artifact.function) {
            inputs.insert(function.to_owned(), read);
        }
        let folder = target.join("devloop/apart").join(function);
        std::fs::create_dir_all(&folder)?;
        let (aside, next) = (folder.join("bootstrap"), folder.join("bootstrap.next"));
        let _ = std::fs::remove_file(&next);
        // A hard link costs nothing; another file system needs a copy.
        if std::fs::hard_link(&artifact.executable, &next).is_err() {
            std::fs::copy(&artifact.executable, &next)?;
        }
        std::fs::rename(&next, &aside)?;
        artifact.function = function.to_owned();
        artifact.executable = aside;
    }
    Ok(())
}
