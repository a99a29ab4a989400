//! Templates that change while the session runs. They are applied before anything is built that was saved with them or after them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::engine::build::{request, rewatch};
use crate::engine::plan::Request;
use crate::engine::update::files_changed;
use crate::engine::{Effect, FunctionState, Millis, Notice, Problem, State};
use crate::graph::Reason;

/// The session's templates.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    /// Their files.
    pub(super) files: BTreeSet<PathBuf>,
    /// The functions that they have, where these decide which functions the session has.
    functions: Option<BTreeSet<String>>,
    /// What is being done with them.
    work: Work,
    /// What was saved meanwhile.
    held: Option<Saved>,
}

impl Templates {
    /// These files; their functions, where the session has those that its templates have.
    pub(crate) fn new(files: impl IntoIterator<Item = PathBuf>, functions: Option<BTreeSet<String>>) -> Self {
        Self { files: files.into_iter().collect(), functions, ..Self::default() }
    }
}

/// What is being done with the templates.
#[derive(Debug, Default, PartialEq, Eq)]
enum Work {
    #[default]
    Nothing,
    /// They are being applied.
    Applying,
    /// They are being applied, and have changed once more.
    ApplyingOnceMore,
}

/// A burst of saves.
#[derive(Debug, Default)]
pub(super) struct Saved {
    pub(super) seen_at: Millis,
    pub(super) paths: Vec<PathBuf>,
    pub(super) gone: Vec<PathBuf>,
    pub(super) lost: bool,
}

/// A stack that was brought to what its template says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StackUpdate {
    /// The stack's name.
    pub(crate) stack: String,
    /// What changed, in lines for people.
    pub(crate) changes: Vec<String>,
}

/// The outcome of applying the templates again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplatesApplied {
    /// The stacks that were applied, in order.
    pub(crate) stacks: Vec<StackUpdate>,
    /// The functions that the templates have now.
    pub(crate) functions: BTreeSet<String>,
    /// What the user should know.
    pub(crate) remarks: Vec<Problem>,
    /// Why the rest was not applied; what was before serves on.
    pub(crate) failure: Option<Problem>,
}

/// Applies the templates if the burst has changed one, and keeps the burst until they are. Gives it back if there is nothing to
/// wait for.
pub(super) fn hold(state: &mut State, saved: Saved) -> Result<Vec<Effect>, Saved> {
    let templates = &mut state.templates;
    let touched = !templates.files.is_empty()
        && (saved.lost || saved.paths.iter().any(|path| templates.files.contains(path)));
    let is_idle = templates.work == Work::Nothing;
    let effects = match (is_idle, touched) {
        (true, false) => return Err(saved),
        (true, true) => {
            templates.work = Work::Applying;
            vec![Effect::ApplyTemplates]
        }
        (false, true) => {
            templates.work = Work::ApplyingOnceMore;
            Vec::new()
        }
        (false, false) => Vec::new(),
    };
    let held = templates.held.get_or_insert_default();
    held.seen_at = saved.seen_at;
    held.paths.extend(saved.paths);
    held.gone.extend(saved.gone);
    held.lost |= saved.lost;
    Ok(effects)
}

/// The templates were applied: announces what changed, builds new functions, and then what was saved meanwhile.
pub(super) fn applied(state: &mut State, at: Millis, applied: TemplatesApplied) -> Vec<Effect> {
    let TemplatesApplied { stacks, functions, remarks, failure } = applied;
    let told = stacks.into_iter().map(|StackUpdate { stack, changes }| Notice::Updated { stack, changes });
    let mut effects: Vec<Effect> = told.map(Effect::Announce).collect();
    let is_complete = failure.is_none();
    effects.extend(remarks.into_iter().map(|problem| Effect::Announce(Notice::Warning { problem })));
    if let Some(problem) = failure {
        let error = Notice::Error { generation: None, function: None, serving: None, problem };
        effects.push(Effect::Announce(error));
    }
    if is_complete {
        effects.extend(exchange_functions(state, at, functions));
    }
    if std::mem::take(&mut state.templates.work) == Work::ApplyingOnceMore {
        state.templates.work = Work::Applying;
        effects.push(Effect::ApplyTemplates);
        return effects;
    }
    if let Some(Saved { seen_at, paths, gone, lost }) = state.templates.held.take() {
        effects.extend(files_changed(state, at, seen_at, paths, &gone, lost));
    }
    effects
}

/// Takes in the functions that the templates have now, and lets go of those that they had.
fn exchange_functions(state: &mut State, at: Millis, now: BTreeSet<String>) -> Vec<Effect> {
    let Some(before) = &mut state.templates.functions else { return Vec::new() };
    let before = std::mem::replace(before, now.clone());
    for function in before.difference(&now) {
        // A function that is being built is left alone: its start will report that it no longer exists.
        if state.functions.get(function).is_none_or(FunctionState::is_on_its_way) {
            continue;
        }
        state.functions.remove(function);
        state.inputs.forget(function);
        state.timings.forget(function);
    }
    let mut wanted = Request { seen_at: at, requested_at: at, alters: true, ..Request::default() };
    for function in now {
        if !state.functions.contains_key(&function) {
            wanted.reread |= state.workspace.package_of(&function).is_none();
            state.functions.insert(function.clone(), FunctionState::Unbuilt);
            wanted.reasons.insert(function, Reason::Added);
        }
    }
    let mut effects = rewatch(state);
    effects.extend(request(state, wanted));
    effects
}
