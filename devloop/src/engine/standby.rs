//! When the next build's cargo is started ahead of its save, and when what that cargo has read is out of date.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::engine::plan::Workshop;
use crate::engine::{BuildOrder, Effect, State};
use crate::graph;

/// The cargo that waits for the next save.
#[derive(Debug, Default)]
pub(super) struct Standby {
    is_started: bool,
    /// Every source file that a build has read in this session, and that is still there.
    compiled: BTreeSet<PathBuf>,
}

impl Standby {
    /// A build has begun, with the waiting cargo or without: none waits for the next one yet.
    pub(super) fn is_taken(&mut self) {
        self.is_started = false;
    }

    /// A build has read these files.
    pub(super) fn compiled<'a>(&mut self, files: impl IntoIterator<Item = &'a PathBuf>) {
        self.compiled.extend(files.into_iter().cloned());
    }
}

/// Starts a cargo ahead of its build as soon as the session rests.
pub(super) fn stand_by(state: &mut State) -> Option<Effect> {
    let rests = matches!(state.workshop, Workshop::Idle)
        && state.is_settled()
        && state.inputs.newest() == state.generation
        && !(state.burst.is_on_its_way() || state.pause.is_some() || state.functions.is_empty());
    if state.standby.is_started || !rests {
        return None;
    }
    state.standby.is_started = true;
    Some(Effect::StandBy(order(state)))
}

/// Ends the waiting cargo if it may have read what has changed.
pub(super) fn stand_down_for(
    state: &mut State,
    paths: &[PathBuf],
    gone: &[PathBuf],
    lost: bool,
) -> Option<Effect> {
    // A file that a build has read, and that still exists, existed when the waiting cargo started.
    let compiled = &state.standby.compiled;
    let is_as_before = |path| compiled.contains(path) && !gone.contains(path);
    let is_unread = |path: &PathBuf| state.inputs.is_unread(path, state.functions.keys());
    let is_read_later =
        |path| is_as_before(path) || is_unread(path) || graph::is_mere_source(&state.workspace, path);
    let is_stale =
        lost || !paths.iter().all(is_read_later) || graph::changes_model(&state.workspace, paths, gone);
    for path in gone {
        state.standby.compiled.remove(path);
    }
    if is_stale { stand_down(state) } else { None }
}

/// Ends the waiting cargo.
pub(super) fn stand_down(state: &mut State) -> Option<Effect> {
    std::mem::take(&mut state.standby.is_started).then_some(Effect::StandDown)
}

/// What cargo is to build now.
pub(super) fn order(state: &State) -> BuildOrder {
    BuildOrder::of(&state.workspace, state.generation, state.functions.keys().cloned().collect())
}
