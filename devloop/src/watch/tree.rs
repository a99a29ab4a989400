//! The directories below a directory, without those that contain only noise.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::watch::noise::Noise;

/// The result of a walk.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// The directory itself and those below it.
    pub(super) directories: Vec<PathBuf>,
    /// The files in them.
    pub(super) files: Vec<PathBuf>,
    /// The links in them.
    pub(super) links: Vec<PathBuf>,
}

/// Walks the directory, and adds the ignore files on the way to the filter. Links are reported and not followed; what vanishes
/// during the walk is left out.
pub(super) fn walk(start: &Path, noise: &mut Noise) -> Tree {
    let mut tree = Tree::default();
    let mut open = vec![start.to_owned()];
    while let Some(directory) = open.pop() {
        noise.learn(&directory);
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_symlink() {
                tree.links.push(entry.path());
            } else if kind.is_file() {
                tree.files.push(entry.path());
            } else if kind.is_dir() && !noise.is_noisy_directory(&entry.path()) {
                open.push(entry.path());
            }
        }
        tree.directories.push(directory);
    }
    tree
}

/// How many directories would be watched; each takes a watch.
pub(crate) fn count(starts: &[PathBuf], outputs: Vec<PathBuf>) -> usize {
    let mut noise = Noise::new(outputs);
    let found: BTreeSet<PathBuf> =
        starts.iter().flat_map(|start| walk(start, &mut noise).directories).collect();
    found.len()
}
