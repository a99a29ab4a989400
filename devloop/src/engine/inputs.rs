//! What the last successful builds read, and the functions that are called live when that is known.

use crate::engine::Generation;
use crate::graph::{Inputs, Read};

/// The files that each function was made from. Cargo tells them a moment after it has made the binary, so that new code may answer
/// before they are known.
#[derive(Debug, Default)]
pub(super) struct KnownInputs {
    of_functions: Inputs,
    /// The newest build whose inputs are known.
    newest: Generation,
    /// Functions whose code answers already, with the build whose inputs are awaited.
    awaited: Vec<(Generation, String)>,
}

impl KnownInputs {
    /// What each function was made from.
    pub(super) fn of_functions(&self) -> &Inputs {
        &self.of_functions
    }

    /// The newest build whose inputs are known.
    pub(super) fn newest(&self) -> Generation {
        self.newest
    }

    /// Cargo has told what a function was made from, or nothing of it.
    pub(super) fn learn(&mut self, function: String, read: Option<Read>) {
        match read {
            Some(read) => {
                self.of_functions.insert(function, read);
            }
            None => self.forget(&function),
        }
    }

    /// What was known of the function is not to be trusted any more.
    pub(super) fn forget(&mut self, function: &str) {
        self.of_functions.remove(function);
    }

    /// Whether the build's inputs are still unknown. The function that answers is then kept for [`Self::are_known_of`].
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
}
