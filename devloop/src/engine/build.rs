//! Builds: starts one cargo at a time, lets a newer save cancel an older build, and takes the results.

use std::collections::BTreeMap;

use crate::engine::install::{live, proceed, swap};
use crate::engine::plan::{Plan, Request, Workshop};
use crate::engine::standby;
use crate::engine::{
    Artifact, Diagnostic, Effect, Ended, Failure, FunctionState, Generation, Level, Millis, Notice, Problem,
    State,
};
use crate::graph::{Read, Reason, Workspace};

/// Builds what is requested. A running build is cancelled and becomes part of the new one. The request waits instead if its change
/// cannot alter what the running build makes, if too many builds were cancelled before, or while binaries are being swapped.
pub(super) fn request(state: &mut State, mut request: Request) -> Vec<Effect> {
    if request.reasons.is_empty() && !request.reread {
        return Vec::new();
    }
    match std::mem::take(&mut state.workshop) {
        Workshop::Idle => begin(state, request),
        Workshop::Reading(mut plan) if !request.reread => {
            // Cargo has read no source yet.
            request.take_over(std::mem::take(&mut plan.request));
            plan.request = request;
            state.workshop = Workshop::Reading(plan);
            Vec::new()
        }
        unfinished @ (Workshop::Reading(_) | Workshop::Building(_)) if !state.queue.cancels(&request) => {
            state.queue.keep(request);
            state.workshop = unfinished;
            Vec::new()
        }
        Workshop::Reading(plan) => {
            request.take_over(plan.request);
            begin(state, request)
        }
        Workshop::Building(plan) => {
            let generation = plan.generation;
            let functions = plan.functions();
            request.take_over(plan.request);
            let mut effects = vec![
                Effect::CancelBuild { generation },
                Effect::Announce(Notice::Cancelled { generation, functions }),
            ];
            effects.extend(begin(state, request));
            effects
        }
        Workshop::Swapping { plan, busy, held, next } => {
            for function in held.into_keys() {
                let reason = plan.request.reasons.get(&function).cloned().unwrap_or(Reason::Retry);
                request.reasons.entry(function).or_insert(reason);
            }
            if let Some(earlier) = next {
                request.take_over(earlier);
            }
            if busy.is_empty() {
                return begin(state, request);
            }
            state.workshop = Workshop::Swapping { plan, busy, held: BTreeMap::new(), next: Some(request) };
            Vec::new()
        }
    }
}

/// Numbers the request and starts its build. No other build runs.
pub(super) fn begin(state: &mut State, mut request: Request) -> Vec<Effect> {
    for (function, current) in &state.functions {
        if matches!(current, FunctionState::Failed { failure: Failure::Build, .. }) {
            request.reasons.entry(function.to_owned()).or_insert(Reason::Retry);
        }
    }
    if let Some(waiting) = state.queue.take() {
        request.take_over(waiting);
    }
    state.generation += 1;
    let generation = state.generation;
    if request.alters || request.reread {
        state.inputs.alter(generation);
    }
    let plan = Plan::new(generation, request);
    if plan.request.reread {
        state.workshop = Workshop::Reading(plan);
        return vec![Effect::ReadWorkspace { generation }];
    }
    start_cargo(state, plan)
}

fn start_cargo(state: &mut State, plan: Plan) -> Vec<Effect> {
    let generation = plan.generation;
    for (function, current) in &mut state.functions {
        if plan.concerns(function) && !current.is_starting() {
            *current = FunctionState::Building { generation, serving: current.serving() };
        }
    }
    state.standby.is_taken();
    let order = standby::order(state);
    let announcement = Notice::Build { generation, reasons: plan.request.reasons.clone() };
    state.workshop = Workshop::Building(plan);
    vec![Effect::Announce(announcement), Effect::Build(order)]
}

pub(super) fn workspace_read(
    state: &mut State,
    generation: Generation,
    result: Result<Workspace, Problem>,
) -> Vec<Effect> {
    match std::mem::take(&mut state.workshop) {
        Workshop::Reading(mut plan) if plan.generation == generation => match result {
            Ok(workspace) => {
                state.workspace = workspace;
                state.inputs.forget_unread();
                let mut effects = exchange_functions(state, &mut plan);
                effects.extend(rewatch(state));
                if !plan.request.reasons.is_empty() {
                    effects.extend(start_cargo(state, plan));
                } else if let Some(waiting) = state.queue.ended() {
                    effects.extend(begin(state, waiting));
                }
                effects
            }
            Err(problem) => {
                let failed = plan.functions();
                let mut effects =
                    vec![Effect::Announce(build_failed(state, &plan, &failed, problem.message))];
                if let Some(waiting) = state.queue.ended() {
                    effects.extend(begin(state, waiting));
                }
                effects
            }
        },
        other => {
            state.workshop = other;
            Vec::new()
        }
    }
}

/// Removes the functions that are no longer in the workspace, and adds the new ones.
fn exchange_functions(state: &mut State, plan: &mut Plan) -> Vec<Effect> {
    let mut effects = Vec::new();
    for function in state.leavers() {
        let serving = state.functions.remove(&function).and_then(|current| current.serving().digest());
        state.inputs.forget(&function);
        state.timings.forget(&function);
        plan.request.reasons.remove(&function);
        effects.push(Effect::Dismiss { function, serving });
    }
    for function in state.newcomers() {
        state.functions.insert(function.clone(), FunctionState::Unbuilt);
        plan.request.reasons.insert(function.clone(), Reason::Added);
        effects.push(Effect::Adopt { function });
    }
    effects
}

pub(super) fn built(state: &mut State, at: Millis, ended: Ended) -> Vec<Effect> {
    let Ended { generation, artifacts, failure } = ended;
    let Some(plan) = state.workshop.building(generation) else { return Vec::new() };
    plan.built_at = at;
    let plan = plan.clone();
    let artifacts: BTreeMap<String, Artifact> = artifacts
        .into_iter()
        .filter(|artifact| state.functions.contains_key(&artifact.function))
        .map(|artifact| (artifact.function.clone(), artifact))
        .collect();
    let missing: Vec<String> = state
        .functions
        .keys()
        .filter(|function| !artifacts.contains_key(*function))
        .filter(|function| failure.is_some() || plan.concerns(function))
        .cloned()
        .collect();

    let nothing_made = artifacts.values().all(|artifact| artifact.fresh);
    if failure.is_none() && missing.is_empty() && nothing_made {
        state.inputs.found_unread(plan.request.paths.clone());
    }

    let mut effects = Vec::new();
    let next = state.queue.ended();
    state.workshop = Workshop::Swapping { plan: plan.clone(), busy: [].into(), held: BTreeMap::new(), next };
    for (function, artifact) in artifacts {
        // Cargo decides: what it had to rebuild is swapped even where the graph did not expect that.
        if plan.concerns(&function) || !artifact.fresh {
            effects.extend(swap(state, artifact));
        }
    }
    if !missing.is_empty() {
        let failure = failure.unwrap_or_else(|| "cargo succeeded without making the binary".to_owned());
        effects.push(Effect::Announce(build_failed(state, &plan, &missing, failure)));
    }
    effects.extend(rewatch(state));
    effects.extend(proceed(state));
    effects
}

/// Remembers what the build has read. This is kept for failed and cancelled builds too: it is true of the files on disk.
pub(super) fn inputs_read(
    state: &mut State,
    at: Millis,
    generation: Generation,
    inputs: BTreeMap<String, Option<Read>>,
) -> Vec<Effect> {
    for (function, read) in inputs.into_iter().filter(|(function, _)| state.functions.contains_key(function))
    {
        if let Some(read) = &read {
            state.standby.compiled(&read.files);
        }
        state.inputs.learn(function, read);
    }
    let mut effects = rewatch(state);
    for (generation, function) in state.inputs.are_known_of(generation) {
        effects.extend(live(state, at, generation, &function));
    }
    effects
}

/// Marks the functions as failed and forgets their inputs, which the failed build may have changed.
fn build_failed(state: &mut State, plan: &Plan, functions: &[String], failure: String) -> Notice {
    let mut serving = BTreeMap::new();
    for function in functions {
        state.inputs.forget(function);
        if let Some(current) = state.functions.get_mut(function) {
            serving.insert(function.to_owned(), current.serving().digest());
            if !current.is_starting() {
                *current = FunctionState::Failed {
                    generation: plan.generation,
                    failure: Failure::Build,
                    serving: current.serving(),
                };
            }
        }
    }
    let mut diagnostics: Vec<Diagnostic> = plan.diagnostics.clone();
    diagnostics.sort_by_key(|diagnostic| diagnostic.level != Level::Error);
    Notice::BuildFailed { generation: plan.generation, functions: serving, diagnostics, failure }
}

pub(super) fn rewatch(state: &mut State) -> Vec<Effect> {
    let wanted = state.watch_list();
    if wanted == state.watching {
        return Vec::new();
    }
    state.watching = wanted.clone();
    vec![Effect::Watch(wanted)]
}
