//! Rollbacks: the previous code serves again. The sources are not changed, so the next build of the function goes live as usual, even
//! with the same code.

use crate::engine::install::started_or_not;
use crate::engine::{Effect, FunctionState, Millis, Notice, Problem, RolledBack, Serving, State};

/// Begins a rollback. It is refused while newer code of the function is on its way, which would replace the old code at once.
pub(super) fn begin(state: &mut State, function: String, agreed: bool) -> Vec<Effect> {
    let problem = match state.functions.get_mut(&function) {
        None => {
            let message = format!("roll {function} back: the session has no such function");
            Problem::new("function_unknown", message)
        }
        Some(current) if current.is_on_its_way() => {
            let message = format!("roll {function} back: other code of it is on its way");
            Problem::new("rollback_busy", message).with_hint("ask again when that is live, or has failed")
        }
        Some(current) => {
            let before = Box::new(current.clone());
            *current = FunctionState::RollingBack { before };
            return vec![Effect::RollBack { function, agreed }];
        }
    };
    vec![Effect::Announce(Notice::NotRolledBack { function, problem })]
}

/// The user has to agree first; nothing is changed until then.
pub(super) fn planned(state: &mut State, function: String, plan: Vec<String>) -> Vec<Effect> {
    ended(state, &function, |before| before, Notice::RollbackPlanned { function: function.clone(), plan })
}

/// The former code serves. A build that failed before the rollback still counts as failed: the next build tries it again.
pub(super) fn done(state: &mut State, at: Millis, done: RolledBack) -> Vec<Effect> {
    let digest = done.digest.clone();
    let becomes = |before| match before {
        FunctionState::Failed { generation, failure, .. } => {
            let serving = Serving { code: Some((digest, at)), in_place: true };
            FunctionState::Failed { generation, failure, serving }
        }
        _ => FunctionState::RolledBack { digest, since: at },
    };
    ended(state, &done.function.clone(), becomes, Notice::RolledBack(done))
}

/// The rollback failed: the function is in the state before it.
pub(super) fn failed(state: &mut State, function: String, problem: Problem) -> Vec<Effect> {
    ended(state, &function, |before| before, Notice::NotRolledBack { function: function.clone(), problem })
}

/// The rollback has ended. A newer build that waited for this, or still runs, now takes the function over.
fn ended(
    state: &mut State,
    function: &str,
    becomes: impl FnOnce(FunctionState) -> FunctionState,
    notice: Notice,
) -> Vec<Effect> {
    // A function that vanished meanwhile has no state any more.
    let Some(current) = state.functions.get_mut(function) else { return Vec::new() };
    let FunctionState::RollingBack { before } = current else { return Vec::new() };
    *current = becomes((**before).clone());
    let mut effects = vec![Effect::Announce(notice)];
    effects.extend(started_or_not(state, function));
    effects
}
