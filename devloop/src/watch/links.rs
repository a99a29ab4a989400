//! Sources behind symbolic links. File events name the file itself, but cargo knows it by the link's name. This maps the one to the
//! other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::watch::noise::Noise;
use crate::watch::tree::walk;

/// How many links are followed one after the other, so that a circle of links ends.
const DEPTH: usize = 8;

/// The links that were found.
#[derive(Debug, Default)]
pub(super) struct Links {
    /// Targets with their links.
    ways: BTreeSet<(PathBuf, PathBuf)>,
}

impl Links {
    /// Adds links. Returns the directories that must be watched for them.
    pub(super) fn learn(&mut self, links: &[PathBuf], noise: &mut Noise) -> BTreeSet<PathBuf> {
        let mut wanted = BTreeSet::new();
        let mut open: Vec<(PathBuf, PathBuf)> =
            links.iter().map(|link| (link.clone(), link.clone())).collect();
        for _ in 0..DEPTH {
            for (name, link) in std::mem::take(&mut open) {
                // A broken link is not a source.
                let Ok(real) = link.canonicalize() else { continue };
                if !self.ways.insert((real.clone(), name.clone())) {
                    continue;
                }
                if real.is_dir() {
                    let tree = walk(&real, noise);
                    let inner = |link: PathBuf| {
                        let below = link.strip_prefix(&real).ok()?;
                        Some((name.join(below), link.clone()))
                    };
                    open.extend(tree.links.into_iter().filter_map(inner));
                    wanted.extend(tree.directories);
                } else {
                    wanted.extend(real.parent().map(Path::to_owned));
                }
            }
        }
        wanted
    }

    /// The names by which links lead to the file.
    pub(super) fn names(&self, file: &Path) -> Vec<PathBuf> {
        let name = |(real, name): &(PathBuf, PathBuf)| {
            let below = file.strip_prefix(real).ok()?;
            Some(if below.as_os_str().is_empty() { name.clone() } else { name.join(below) })
        };
        self.ways.iter().filter_map(name).collect()
    }
}
