//! Binaries of one name in several packages: cargo writes them all to one place. They are built one after the other, and each is
//! put aside before the next one comes.

use std::collections::BTreeMap;
use std::path::Path;

use crate::engine::{Artifact, BuildOrder};
use crate::graph::Read;
use crate::machine::Compilation;

/// Each way of building with what one cargo makes in it.
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

/// Gives what cargo made the function's name, and puts it aside below `target`.
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
        // A link costs nothing; another file system takes a copy.
        if std::fs::hard_link(&artifact.executable, &next).is_err() {
            std::fs::copy(&artifact.executable, &next)?;
        }
        std::fs::rename(&next, &aside)?;
        artifact.function = function.to_owned();
        artifact.executable = aside;
    }
    Ok(())
}
