//! One event, and what follows from it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::engine::plan::{Pause, Plan, Request, Workshop};
use crate::engine::rollback;
use crate::engine::standby;
use crate::engine::{
    Artifact, Diagnostic, Digest, Effect, Ended, Event, Fact, Failure, FunctionState, Generation, Level,
    Millis, Notice, Problem, Serving, State, SwapOrder,
};
use crate::graph::{self, Read, Reason, Workspace};

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
            state.stirring = true;
            Vec::new()
        }
        Fact::FsChanged { seen_at, paths, gone, lost } => {
            state.stirring = false;
            let mut effects: Vec<Effect> =
                standby::stand_down_for(state, &paths, &gone, lost).into_iter().collect();
            effects.extend(files_changed(state, at, seen_at, paths, &gone, lost));
            // Unless the burst has cancelled it, the failure is a true one.
            if let Some((ended_at, ended)) = state.doubtful.take() {
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
        Fact::Built(ended) if state.stirring && ended.failure.is_some() => {
            state.doubtful = Some((at, ended));
            Vec::new()
        }
        Fact::Built(ended) => built(state, at, ended),
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
        Fact::Adopted { function, url } => vec![Effect::Announce(Notice::Added { function, url })],
        Fact::Dismissed { function, removed, serving } => {
            vec![Effect::Announce(Notice::Gone { function, removed, serving })]
        }
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
    effects.extend(request(state, Request { reasons, seen_at: at, requested_at: at, reread }));
    effects
}

fn files_changed(
    state: &mut State,
    at: Millis,
    seen_at: Millis,
    paths: Vec<PathBuf>,
    gone: &[PathBuf],
    lost: bool,
) -> Vec<Effect> {
    let own_doing = |path: &PathBuf| state.workshop.is_rereading() && path.ends_with("Cargo.lock");
    let paths: Vec<PathBuf> = paths.into_iter().filter(|path| !own_doing(path)).collect();
    let watched = state.functions.keys();
    let reasons = if lost {
        watched.map(|function| (function.to_owned(), Reason::Lost)).collect()
    } else {
        graph::affected(&state.workspace, watched.map(String::as_str), &state.inputs, &paths)
    };
    let reread = lost || graph::changes_model(&state.workspace, &paths, gone);
    // What concerns none of the functions may still bring another one.
    if reasons.is_empty() && !(reread && state.following.is_some()) {
        return Vec::new();
    }
    let wanted = Request { reasons, seen_at, requested_at: at, reread };
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
    // Who builds by hand now need not wait for a lock.
    std::iter::once(paused).chain(standby::stand_down(state)).collect()
}

/// The time of what was noted begins now: how long nothing was wanted says nothing about the loop.
fn resume(state: &mut State, at: Millis) -> Vec<Effect> {
    let Some(pause) = state.pause.take() else { return Vec::new() };
    let mut effects = vec![Effect::Announce(Notice::Resumed { saves: pause.saves })];
    if let Some(noted) = pause.noted {
        effects.extend(request(state, Request { seen_at: at, requested_at: at, ..noted }));
    }
    effects
}

/// Builds everything now, even while saves are only noted; what was noted is part of it.
fn rerun(state: &mut State, at: Millis) -> Vec<Effect> {
    let reasons = state.functions.keys().map(|function| (function.to_owned(), Reason::Asked)).collect();
    let mut wanted = Request { reasons, seen_at: at, requested_at: at, reread: false };
    if let Some(noted) = state.pause.as_mut().and_then(|pause| std::mem::take(pause).noted) {
        wanted.take_over(noted);
    }
    request(state, wanted)
}

/// Swaps what could not be activated before. Cargo has nothing to do for it, unless it was saved meanwhile.
fn deployed(state: &mut State, at: Millis, function: String) -> Vec<Effect> {
    let waits = matches!(
        state.functions.get(&function),
        Some(FunctionState::Failed { failure: Failure::Activation(_), .. })
    );
    if !waits {
        return Vec::new();
    }
    let reasons = [(function, Reason::Deployed)].into();
    request(state, Request { reasons, seen_at: at, requested_at: at, reread: false })
}

/// Builds what is asked for, as soon as the workshop allows; what is being made is cancelled and made part of it.
fn request(state: &mut State, mut request: Request) -> Vec<Effect> {
    if request.reasons.is_empty() && !request.reread {
        return Vec::new();
    }
    match std::mem::take(&mut state.workshop) {
        Workshop::Idle => begin(state, request),
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
        Workshop::Swapping { plan, busy, held } => {
            for function in held.into_keys() {
                let reason = plan.request.reasons.get(&function).cloned().unwrap_or(Reason::Retry);
                request.reasons.entry(function).or_insert(reason);
            }
            if let Some(earlier) = state.next.take() {
                request.take_over(earlier);
            }
            if busy.is_empty() {
                return begin(state, request);
            }
            state.next = Some(request);
            state.workshop = Workshop::Swapping { plan, busy, held: BTreeMap::new() };
            Vec::new()
        }
    }
}

/// Gives the request its number and starts it; the workshop is idle.
fn begin(state: &mut State, mut request: Request) -> Vec<Effect> {
    for (function, standing) in &state.functions {
        if matches!(standing, FunctionState::Failed { failure: Failure::Build, .. }) {
            request.reasons.entry(function.to_owned()).or_insert(Reason::Retry);
        }
    }
    state.generation += 1;
    let generation = state.generation;
    let plan = Plan::new(generation, request);
    if plan.request.reread {
        state.workshop = Workshop::Reading(plan);
        return vec![Effect::ReadWorkspace { generation }];
    }
    start_cargo(state, plan)
}

fn start_cargo(state: &mut State, plan: Plan) -> Vec<Effect> {
    let generation = plan.generation;
    for (function, standing) in &mut state.functions {
        if plan.concerns(function) && !standing.is_starting() {
            *standing = FunctionState::Building { generation, serving: standing.serving() };
        }
    }
    // Whether it was started ahead or not, there is none for the build after this one.
    state.stands_by = false;
    let order = standby::order(state);
    let announcement = Notice::Build { generation, reasons: plan.request.reasons.clone() };
    state.workshop = Workshop::Building(plan);
    vec![Effect::Announce(announcement), Effect::Build(order)]
}

fn workspace_read(
    state: &mut State,
    generation: Generation,
    result: Result<Workspace, Problem>,
) -> Vec<Effect> {
    match std::mem::take(&mut state.workshop) {
        Workshop::Reading(mut plan) if plan.generation == generation => match result {
            Ok(workspace) => {
                state.workspace = workspace;
                let mut effects = exchange_functions(state, &mut plan);
                effects.extend(rewatch(state));
                if !plan.request.reasons.is_empty() {
                    effects.extend(start_cargo(state, plan));
                }
                effects
            }
            Err(problem) => {
                let failed = plan.functions();
                vec![Effect::Announce(build_failed(state, &plan, &failed, problem.message))]
            }
        },
        other => {
            state.workshop = other;
            Vec::new()
        }
    }
}

/// Lets go of the functions that the workspace has no more, and takes in those that it has now.
fn exchange_functions(state: &mut State, plan: &mut Plan) -> Vec<Effect> {
    let mut effects = Vec::new();
    for function in state.leavers() {
        let serving = state.functions.remove(&function).and_then(|standing| standing.serving().digest());
        state.inputs.remove(&function);
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

fn built(state: &mut State, at: Millis, ended: Ended) -> Vec<Effect> {
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

    let mut effects = Vec::new();
    state.workshop = Workshop::Swapping { plan: plan.clone(), busy: [].into(), held: BTreeMap::new() };
    for (function, artifact) in artifacts {
        // Cargo knows best: what it had to build anew is swapped even where the graph did not foresee it.
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

/// Whatever became of the build: what is known of a file on disk is true of the newest one.
fn inputs_read(
    state: &mut State,
    at: Millis,
    generation: Generation,
    inputs: BTreeMap<String, Option<Read>>,
) -> Vec<Effect> {
    for (function, read) in inputs.into_iter().filter(|(function, _)| state.functions.contains_key(function))
    {
        match read {
            Some(read) => {
                state.compiled.extend(read.files.iter().cloned());
                state.inputs.insert(function, read);
            }
            None => {
                state.inputs.remove(&function);
            }
        }
    }
    let mut effects = rewatch(state);
    state.read = state.read.max(generation);
    for (generation, function) in std::mem::take(&mut state.unsaid) {
        effects.extend(live(state, at, generation, &function));
    }
    effects
}

/// Marks the functions as failed and says so; what they know of their inputs is not to be trusted any more.
fn build_failed(state: &mut State, plan: &Plan, functions: &[String], failure: String) -> Notice {
    let mut serving = BTreeMap::new();
    for function in functions {
        state.inputs.remove(function);
        if let Some(standing) = state.functions.get_mut(function) {
            serving.insert(function.to_owned(), standing.serving().digest());
            if !standing.is_starting() {
                *standing = FunctionState::Failed {
                    generation: plan.generation,
                    failure: Failure::Build,
                    serving: standing.serving(),
                };
            }
        }
    }
    let mut diagnostics: Vec<Diagnostic> = plan.diagnostics.clone();
    diagnostics.sort_by_key(|diagnostic| diagnostic.level != Level::Error);
    Notice::BuildFailed { generation: plan.generation, functions: serving, diagnostics, failure }
}

/// Puts a binary in place, or holds it while its function still starts the previous one.
fn swap(state: &mut State, artifact: Artifact) -> Option<Effect> {
    let Workshop::Swapping { plan, busy, held } = &mut state.workshop else { return None };
    let generation = plan.generation;
    let standing = state.functions.get_mut(&artifact.function)?;
    if standing.is_starting() {
        held.insert(artifact.function.clone(), artifact);
        return None;
    }
    let serving = standing.serving();
    let unless = serving.settled();
    *standing = FunctionState::Swapping { generation, serving };
    busy.insert(artifact.function.clone());
    let Artifact { function, executable, .. } = artifact;
    Some(Effect::Swap(SwapOrder { generation, function, executable, unless }))
}

fn unchanged(
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

fn swapped(
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
    let starting = FunctionState::Starting {
        generation,
        digest: digest.clone(),
        swapped_at: at,
        phases,
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

fn swap_failed(state: &mut State, generation: Generation, function: &str, problem: Problem) -> Vec<Effect> {
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

fn live(state: &mut State, at: Millis, generation: Generation, function: &str) -> Vec<Effect> {
    if generation > state.read {
        state.unsaid.push((generation, function.to_owned()));
        return Vec::new();
    }
    match state.functions.get(function) {
        Some(FunctionState::Starting { generation: started, digest, swapped_at, phases, .. })
            if *started == generation =>
        {
            let mut phases = *phases;
            phases.reload = at.saturating_sub(*swapped_at);
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

fn activation_failed(
    state: &mut State,
    generation: Generation,
    function: &str,
    problem: Problem,
) -> Vec<Effect> {
    match state.functions.get(function) {
        Some(FunctionState::Starting { generation: started, serving, .. }) if *started == generation => {
            let serving = serving.clone();
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

/// What serves while the function's binary of this build is put in place; nothing if that is not what happens now.
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

/// A function's start has come to its end: a newer build that waited for it, or runs, takes it over.
pub(super) fn started_or_not(state: &mut State, function: &str) -> Vec<Effect> {
    match &mut state.workshop {
        Workshop::Building(plan) if plan.concerns(function) => {
            let generation = plan.generation;
            if let Some(standing) = state.functions.get_mut(function) {
                *standing = FunctionState::Building { generation, serving: standing.serving() };
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

/// Ends the build when its last binary is in place, and begins what was saved meanwhile.
fn proceed(state: &mut State) -> Vec<Effect> {
    match &state.workshop {
        Workshop::Swapping { busy, held, .. } if busy.is_empty() && held.is_empty() => {
            state.workshop = Workshop::Idle;
            state.next.take().map_or_else(Vec::new, |next| begin(state, next))
        }
        _ => Vec::new(),
    }
}

fn rewatch(state: &mut State) -> Vec<Effect> {
    let wanted = state.watch_list();
    if wanted == state.watching {
        return Vec::new();
    }
    state.watching = wanted.clone();
    vec![Effect::Watch(wanted)]
}
