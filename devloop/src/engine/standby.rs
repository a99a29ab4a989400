//! When the next build's cargo is started ahead of it, and when what it has read is no longer so.

use std::path::PathBuf;

use crate::engine::plan::Workshop;
use crate::engine::{BuildOrder, Effect, State};
use crate::graph;

/// Starts a cargo ahead of its build as soon as the session rests.
pub(super) fn stand_by(state: &mut State) -> Option<Effect> {
    let rests = matches!(state.workshop, Workshop::Idle)
        && state.is_settled()
        && state.read == state.generation
        && !(state.stirring || state.pause.is_some() || state.functions.is_empty());
    if state.stands_by || !rests {
        return None;
    }
    state.stands_by = true;
    Some(Effect::StandBy(order(state)))
}

/// Ends it if it may have read what has changed.
pub(super) fn stand_down_for(
    state: &mut State,
    paths: &[PathBuf],
    gone: &[PathBuf],
    lost: bool,
) -> Option<Effect> {
    // What has been compiled before and is still there was there for it too.
    let is_as_before = |path| state.compiled.contains(path) && !gone.contains(path);
    let is_late = |path| is_as_before(path) || graph::is_mere_source(&state.workspace, path);
    let stale = lost || !paths.iter().all(is_late) || graph::changes_model(&state.workspace, paths, gone);
    for path in gone {
        state.compiled.remove(path);
    }
    if stale { stand_down(state) } else { None }
}

/// Ends it.
pub(super) fn stand_down(state: &mut State) -> Option<Effect> {
    std::mem::take(&mut state.stands_by).then_some(Effect::StandDown)
}

/// What cargo is to build now.
pub(super) fn order(state: &State) -> BuildOrder {
    BuildOrder::of(&state.workspace, state.generation, state.functions.keys().cloned().collect())
}
