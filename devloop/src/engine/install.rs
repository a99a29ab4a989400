//! Puts built binaries in place, starts them, and notes when they answer.

use crate::engine::build::begin;
use crate::engine::plan::Workshop;
use crate::engine::{
    Artifact, Digest, Effect, Failure, FunctionState, Generation, Millis, Notice, Problem, Serving, State,
    SwapOrder,
};

/// Puts a binary in place, or holds it while its function still starts the previous one.
pub(super) fn swap(state: &mut State, artifact: Artifact) -> Option<Effect> {
    let Workshop::Swapping { plan, busy, held, .. } = &mut state.workshop else { return None };
    let generation = plan.generation;
    let current = state.functions.get_mut(&artifact.function)?;
    if current.is_starting() {
        held.insert(artifact.function.clone(), artifact);
        return None;
    }
    let serving = current.serving();
    let unless = serving.settled();
    *current = FunctionState::Swapping { generation, serving };
    busy.insert(artifact.function.clone());
    let Artifact { function, executable, .. } = artifact;
    Some(Effect::Swap(SwapOrder { generation, function, executable, unless }))
}

pub(super) fn unchanged(
    state: &mut State,
    at: Millis,
    generation: Generation,
    function: &str,
    digest: Digest,
) -> Vec<Effect> {
    let Some(serving) = swapping(state, generation, function) else { return Vec::new() };
    let since = serving.code.map_or(at, |(_, since)| since);
    state.functions.insert(function.to_owned(), FunctionState::Live { digest: digest.clone(), since });
    let mut effects =
        vec![Effect::Announce(Notice::Unchanged { generation, function: function.to_owned(), digest })];
    effects.extend(swap_done(state, function));
    effects
}

pub(super) fn swapped(
    state: &mut State,
    at: Millis,
    generation: Generation,
    function: &str,
    digest: Digest,
    staged_at: Millis,
    warnings: Vec<String>,
) -> Vec<Effect> {
    let Some(serving) = swapping(state, generation, function) else { return Vec::new() };
    let phases = state.workshop.plan().map(|plan| plan.phases(staged_at, at)).unwrap_or_default();
    state.timings.swapped(function, at, phases);
    let starting = FunctionState::Starting {
        generation,
        digest: digest.clone(),
        serving: Serving { in_place: false, ..serving },
    };
    state.functions.insert(function.to_owned(), starting);
    let mut effects = vec![
        Effect::Announce(Notice::Swapped {
            generation,
            function: function.to_owned(),
            digest: digest.clone(),
            warnings,
        }),
        Effect::Activate { generation, function: function.to_owned(), digest },
    ];
    effects.extend(swap_done(state, function));
    effects
}

pub(super) fn swap_failed(
    state: &mut State,
    generation: Generation,
    function: &str,
    problem: Problem,
) -> Vec<Effect> {
    let Some(serving) = swapping(state, generation, function) else { return Vec::new() };
    let mut effects = vec![Effect::Announce(Notice::Error {
        generation: Some(generation),
        function: Some(function.to_owned()),
        serving: serving.digest(),
        problem: problem.clone(),
    })];
    let failed = FunctionState::Failed { generation, failure: Failure::Swap(problem), serving };
    state.functions.insert(function.to_owned(), failed);
    effects.extend(swap_done(state, function));
    effects
}

pub(super) fn live(state: &mut State, at: Millis, generation: Generation, function: &str) -> Vec<Effect> {
    if state.inputs.are_awaited(generation, function) {
        return Vec::new();
    }
    match state.functions.get(function) {
        Some(FunctionState::Starting { generation: started, digest, .. }) if *started == generation => {
            let phases = state.timings.live(function, at);
            let digest = digest.clone();
            let now = FunctionState::Live { digest: digest.clone(), since: at };
            state.functions.insert(function.to_owned(), now);
            let told = Notice::Live { generation, function: function.to_owned(), digest, phases };
            let mut effects = vec![Effect::Announce(told)];
            effects.extend(started_or_not(state, function));
            effects
        }
        _ => Vec::new(),
    }
}

pub(super) fn activation_failed(
    state: &mut State,
    generation: Generation,
    function: &str,
    problem: Problem,
) -> Vec<Effect> {
    match state.functions.get(function) {
        Some(FunctionState::Starting { generation: started, serving, .. }) if *started == generation => {
            let serving = serving.clone();
            state.timings.forget(function);
            let mut effects = vec![Effect::Announce(Notice::Error {
                generation: Some(generation),
                function: Some(function.to_owned()),
                serving: serving.digest(),
                problem: problem.clone(),
            })];
            let failed = FunctionState::Failed { generation, failure: Failure::Activation(problem), serving };
            state.functions.insert(function.to_owned(), failed);
            effects.extend(started_or_not(state, function));
            effects
        }
        _ => Vec::new(),
    }
}

/// What serves while this build's binary of the function is put in place; `None` if that is not going on.
fn swapping(state: &State, generation: Generation, function: &str) -> Option<Serving> {
    match state.functions.get(function) {
        Some(FunctionState::Swapping { generation: current, serving }) if *current == generation => {
            Some(serving.clone())
        }
        _ => None,
    }
}

fn swap_done(state: &mut State, function: &str) -> Vec<Effect> {
    if let Workshop::Swapping { busy, .. } = &mut state.workshop {
        busy.remove(function);
    }
    proceed(state)
}

/// A function's code was started, or its start failed. A newer build that waited for this, or still runs, now takes the function
/// over.
pub(super) fn started_or_not(state: &mut State, function: &str) -> Vec<Effect> {
    match &mut state.workshop {
        Workshop::Building(plan) if plan.concerns(function) => {
            let generation = plan.generation;
            if let Some(current) = state.functions.get_mut(function) {
                *current = FunctionState::Building { generation, serving: current.serving() };
            }
            Vec::new()
        }
        Workshop::Swapping { held, .. } => {
            let mut effects: Vec<Effect> =
                held.remove(function).and_then(|artifact| swap(state, artifact)).into_iter().collect();
            effects.extend(proceed(state));
            effects
        }
        _ => Vec::new(),
    }
}

/// Ends the build when its last binary is in place, and builds what was saved meanwhile.
pub(super) fn proceed(state: &mut State) -> Vec<Effect> {
    match &state.workshop {
        Workshop::Swapping { busy, held, .. } if busy.is_empty() && held.is_empty() => {
            match std::mem::take(&mut state.workshop) {
                Workshop::Swapping { next: Some(next), .. } => begin(state, next),
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}
