//! How long each phase of a save took. What the engine decides does not depend on it.

use std::collections::BTreeMap;

use crate::engine::{Millis, Phases};

/// The phases of the functions whose code is being started.
#[derive(Debug, Default)]
pub(super) struct Timings(BTreeMap<String, (Millis, Phases)>);

impl Timings {
    /// The function's binary was put in place, after these phases.
    pub(super) fn swapped(&mut self, function: &str, at: Millis, phases: Phases) {
        self.0.insert(function.to_owned(), (at, phases));
    }

    /// The function's code answers. Returns all phases, all zero if its swap was not seen.
    pub(super) fn live(&mut self, function: &str, at: Millis) -> Phases {
        let Some((swapped_at, phases)) = self.0.remove(function) else { return Phases::default() };
        Phases { reload: at.saturating_sub(swapped_at), ..phases }
    }

    /// The function's code did not come up, or the function is gone.
    pub(super) fn forget(&mut self, function: &str) {
        self.0.remove(function);
    }
}
