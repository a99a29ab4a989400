//! Takes one event into account and returns the effects that follow from it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::engine::build::{built, inputs_read, request, rewatch, workspace_read};
use crate::engine::install::{activation_failed, live, swap_failed, swapped, unchanged};
use crate::engine::plan::{Pause, Request};
use crate::engine::rollback;
use crate::engine::standby;
use crate::engine::templates::{self, Saved};
use crate::engine::{Effect, Event, Fact, Failure, FunctionState, Millis, Notice, State, SwapOrder};
use crate::graph::{self, Reason};

/// Takes one event into account and says what is to be done now.
pub(crate) fn update(state: &mut State, event: Event) -> Vec<Effect> {
    let mut effects = consequences(state, event);
    effects.extend(standby::stand_by(state));
    effects
}

fn consequences(state: &mut State, event: Event) -> Vec<Effect> {
    let at = event.at;
    match event.fact {
        Fact::CloudReady { endpoint, outputs } => cloud_ready(state, at, endpoint, outputs),
        Fact::FsStirred => {
            state.burst.begin();
            Vec::new()
        }
        Fact::FsChanged { seen_at, paths, gone, lost } => {
            let failed = state.burst.end();
            let mut effects: Vec<Effect> =
                standby::stand_down_for(state, &paths, &gone, lost).into_iter().collect();
            let saved = Saved { seen_at, paths, gone, lost };
            effects.extend(templates::hold(state, saved).unwrap_or_else(
                |Saved { seen_at, paths, gone, lost }| files_changed(state, at, seen_at, paths, &gone, lost),
            ));
            // If the burst had changed what was built, the build would be cancelled by now. So it has really failed.
            if let Some((ended_at, ended)) = failed {
                effects.extend(built(state, ended_at, ended));
            }
            effects
        }
        Fact::Pause => pause(state),
        Fact::Resume => resume(state, at),
        Fact::Rerun => rerun(state, at),
        Fact::RollBack { function, agreed } => rollback::begin(state, function, agreed),
        Fact::RollbackPlanned { function, plan } => rollback::planned(state, function, plan),
        Fact::RolledBack(done) => rollback::done(state, at, done),
        Fact::RollbackFailed { function, problem } => rollback::failed(state, function, problem),
        Fact::WorkspaceRead { generation, result } => workspace_read(state, generation, result),
        Fact::BuildStarted { generation } => {
            if let Some(plan) = state.workshop.building(generation) {
                plan.started_at = at;
            }
            Vec::new()
        }
        Fact::Progress { generation, line } => match state.workshop.building(generation) {
            Some(_) => vec![Effect::Announce(Notice::Progress { generation, line })],
            None => Vec::new(),
        },
        Fact::Diagnostic { generation, diagnostic } => match state.workshop.building(generation) {
            Some(plan) => {
                plan.diagnostics.push(diagnostic.clone());
                vec![Effect::Announce(Notice::Diagnostic { generation, diagnostic })]
            }
            None => Vec::new(),
        },
        Fact::Made { generation, function, executable } => match state.workshop.building(generation) {
            Some(_) if state.functions.contains_key(&function) => {
                vec![Effect::Copy(SwapOrder { generation, function, executable, unless: None })]
            }
            _ => Vec::new(),
        },
        Fact::Built(ended) => match state.burst.hold(at, ended) {
            Some(ended) => built(state, at, ended),
            None => Vec::new(),
        },
        Fact::InputsRead { generation, inputs } => inputs_read(state, at, generation, inputs),
        Fact::Unchanged { generation, function, digest } => {
            unchanged(state, at, generation, &function, digest)
        }
        Fact::Swapped { generation, function, digest, staged_at, warnings } => {
            swapped(state, at, generation, &function, digest, staged_at, warnings)
        }
        Fact::SwapFailed { generation, function, problem } => {
            swap_failed(state, generation, &function, problem)
        }
        Fact::Live { generation, function } => live(state, at, generation, &function),
        Fact::ActivationFailed { generation, function, problem } => {
            activation_failed(state, generation, &function, problem)
        }
        Fact::Deployed { function } => deployed(state, at, function),
        Fact::Log { function, line } => vec![Effect::Announce(Notice::Log { function, line })],
        Fact::Reported { function, line } => vec![Effect::Announce(Notice::Reported { function, line })],
        Fact::Adopted { function, url } => vec![Effect::Announce(Notice::Added { function, url })],
        Fact::Dismissed { function, removed, serving } => {
            vec![Effect::Announce(Notice::Gone { function, removed, serving })]
        }
        Fact::StackMade { stack, resources, took_ms } => {
            vec![Effect::Announce(Notice::Stack { stack, resources, took_ms })]
        }
        Fact::TemplatesApplied(done) => templates::applied(state, at, done),
        Fact::Warning { problem } => vec![Effect::Announce(Notice::Warning { problem })],
        Fact::Error { problem } => {
            vec![Effect::Announce(Notice::Error { generation: None, function: None, serving: None, problem })]
        }
    }
}

fn cloud_ready(
    state: &mut State,
    at: Millis,
    endpoint: String,
    outputs: BTreeMap<String, String>,
) -> Vec<Effect> {
    let reasons = state.functions.keys().map(|function| (function.to_owned(), Reason::FirstBuild)).collect();
    let mut effects = vec![Effect::Announce(Notice::Ready { endpoint, outputs })];
    effects.extend(rewatch(state));
    let reread = state.workspace.outline;
    effects.extend(request(
        state,
        Request { reasons, seen_at: at, requested_at: at, reread, alters: true, paths: [].into() },
    ));
    effects
}

pub(super) fn files_changed(
    state: &mut State,
    at: Millis,
    seen_at: Millis,
    paths: Vec<PathBuf>,
    gone: &[PathBuf],
    lost: bool,
) -> Vec<Effect> {
    let own_doing = |path: &PathBuf| state.workshop.is_rereading() && path.ends_with("Cargo.lock");
    let (unread, telling): (Vec<PathBuf>, Vec<PathBuf>) = paths
        .into_iter()
        .filter(|path| !own_doing(path))
        .partition(|path| state.inputs.is_unread(path, state.functions.keys()));
    // The code that is being built may begin to read such a file, so cargo looks at it again afterwards.
    let rests = state.inputs.are_settled();
    let paths: Vec<PathBuf> = telling.iter().cloned().chain(unread.into_iter().filter(|_| !rests)).collect();
    let watched = state.functions.keys();
    let reasons = if lost {
        watched.map(|function| (function.to_owned(), Reason::Lost)).collect()
    } else {
        graph::affected(&state.workspace, watched.map(String::as_str), state.inputs.of_functions(), &paths)
    };
    let reread = lost || graph::changes_model(&state.workspace, &paths, gone);
    let alters = lost || {
        let watched = state.functions.keys().map(String::as_str);
        !graph::affected(&state.workspace, watched, state.inputs.of_functions(), &telling).is_empty()
    };
    // A change that concerns no function of the session may still add one.
    if reasons.is_empty() && !(reread && state.following.is_some()) {
        return Vec::new();
    }
    let paths = paths.into_iter().collect();
    let wanted = Request { reasons, seen_at, requested_at: at, reread, alters, paths };
    if let Some(pause) = &mut state.pause {
        return vec![Effect::Announce(pause.note(wanted))];
    }
    request(state, wanted)
}

fn pause(state: &mut State) -> Vec<Effect> {
    if state.pause.is_some() {
        return Vec::new();
    }
    state.pause = Some(Pause::default());
    let paused = Effect::Announce(Notice::Paused);
    // So that a cargo started by hand does not have to wait for the lock.
    std::iter::once(paused).chain(standby::stand_down(state)).collect()
}

/// Builds what was noted. Its latency counts from now: the pause is no part of it.
fn resume(state: &mut State, at: Millis) -> Vec<Effect> {
    let Some(pause) = state.pause.take() else { return Vec::new() };
    let mut effects = vec![Effect::Announce(Notice::Resumed { saves: pause.saves })];
    if let Some(noted) = pause.noted {
        effects.extend(request(state, Request { seen_at: at, requested_at: at, ..noted }));
    }
    effects
}

/// Builds everything now, even during a pause, including what was noted.
fn rerun(state: &mut State, at: Millis) -> Vec<Effect> {
    let reasons = state.functions.keys().map(|function| (function.to_owned(), Reason::Asked)).collect();
    let mut wanted = Request { reasons, seen_at: at, requested_at: at, alters: true, ..Request::default() };
    if let Some(noted) = state.pause.as_mut().and_then(|pause| std::mem::take(pause).noted) {
        wanted.take_over(noted);
    }
    request(state, wanted)
}

/// Swaps a function that could not be activated before. Cargo has nothing to build for it, unless it was saved meanwhile.
fn deployed(state: &mut State, at: Millis, function: String) -> Vec<Effect> {
    let waits = matches!(
        state.functions.get(&function),
        Some(FunctionState::Failed { failure: Failure::Activation(_), .. })
    );
    if !waits {
        return Vec::new();
    }
    let reasons = [(function, Reason::Deployed)].into();
    // Cargo has nothing to make for it, so a running build is not cancelled.
    request(state, Request { reasons, seen_at: at, requested_at: at, ..Request::default() })
}
