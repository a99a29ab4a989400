//! What the last successful builds read, and the functions whose code answers but is called live only when its inputs are known.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::engine::Generation;
use crate::graph::{Inputs, Read};

/// The files that each function was made from. Cargo writes them a moment after the binary, so new code may answer before they are
/// known.
#[derive(Debug, Default)]
pub(super) struct KnownInputs {
    of_functions: Inputs,
    /// Every file that a build has read in this session, whatever became of that build.
    ever_read: BTreeSet<PathBuf>,
    /// The newest build whose inputs are known.
    newest: Generation,
    /// Functions whose code answers already, with the build whose inputs are awaited.
    awaited: Vec<(Generation, String)>,
    /// Files that have changed and were not read by the build that followed.
    unread: BTreeSet<PathBuf>,
    /// The newest build that was begun for a change which may have made cargo read other files than before.
    altered: Generation,
}

/// How many unread files are remembered. When there are more, all of them are forgotten.
const UNREAD: usize = 10_000;

impl KnownInputs {
    /// What each function was made from.
    pub(super) fn of_functions(&self) -> &Inputs {
        &self.of_functions
    }

    /// Every file that a build has read in this session.
    pub(super) fn ever_read(&self) -> &BTreeSet<PathBuf> {
        &self.ever_read
    }

    /// The newest build whose inputs are known.
    pub(super) fn newest(&self) -> Generation {
        self.newest
    }

    /// Cargo has told what a function was made from, or nothing of it.
    pub(super) fn learn(&mut self, function: String, read: Option<Read>) {
        match read {
            Some(read) => {
                self.ever_read.extend(read.files.iter().cloned());
                self.of_functions.insert(function, read);
            }
            None => self.forget(&function),
        }
    }

    /// Forgets what the function was made from.
    pub(super) fn forget(&mut self, function: &str) {
        self.of_functions.remove(function);
    }

    /// Whether the build's inputs are still unknown. If so, the function is kept for [`Self::are_known_of`].
    pub(super) fn are_awaited(&mut self, generation: Generation, function: &str) -> bool {
        let is_awaited = generation > self.newest;
        if is_awaited {
            self.awaited.push((generation, function.to_owned()));
        }
        is_awaited
    }

    /// The build's inputs are known now. Returns the functions that waited for that.
    pub(super) fn are_known_of(&mut self, generation: Generation) -> Vec<(Generation, String)> {
        self.newest = self.newest.max(generation);
        std::mem::take(&mut self.awaited)
    }

    /// The build's inputs may differ from those of the build before, so they are not known yet.
    pub(super) fn alter(&mut self, generation: Generation) {
        self.altered = generation;
    }

    /// Whether the newest change of any input has been built, and cargo has told what it read then.
    pub(super) fn are_settled(&self) -> bool {
        self.newest >= self.altered
    }

    /// These files had changed when a build began, and cargo found nothing to do.
    pub(super) fn found_unread(&mut self, files: BTreeSet<PathBuf>) {
        self.unread.extend(files);
        if self.unread.len() > UNREAD {
            self.unread.clear();
        }
    }

    /// Whether cargo is known not to read the file in builds of these functions.
    pub(super) fn is_unread<'a>(&self, path: &Path, mut functions: impl Iterator<Item = &'a String>) -> bool {
        self.unread.contains(path)
            && functions.all(|function| self.of_functions.get(function).is_some_and(|read| !read.holds(path)))
    }

    /// Forgets the unread files: the workspace has changed, and it decides which files cargo looks at.
    pub(super) fn forget_unread(&mut self) {
        self.unread.clear();
    }
}
