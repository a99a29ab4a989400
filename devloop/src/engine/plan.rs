//! A build on its way: what it is for, when its phases began, and what it is doing now.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::engine::{Artifact, Diagnostic, Generation, Millis, Notice, Phases};
use crate::graph::Reason;

/// What a save asks for, before it has become a build.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    /// The functions and why.
    pub(crate) reasons: BTreeMap<String, Reason>,
    /// When its first file event arrived.
    pub(crate) seen_at: Millis,
    /// When its burst was over.
    pub(crate) requested_at: Millis,
    /// A manifest changed, so the workspace is read before anything is built.
    pub(crate) reread: bool,
    /// Whether it can change what a running build makes. A change of a file that cargo is known not to read cannot.
    pub(crate) alters: bool,
    /// The changed files. Whether cargo reads them is known after the build.
    pub(crate) paths: BTreeSet<PathBuf>,
}

/// What was saved during a pause.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pause {
    /// How many bursts of saves there were.
    pub(crate) saves: usize,
    /// What all these saves ask for.
    pub(crate) noted: Option<Request>,
}

impl Request {
    /// Adds what an earlier, unfinished request asked for. The times stay those of this newer request.
    pub(crate) fn take_over(&mut self, earlier: Self) {
        for (function, reason) in earlier.reasons {
            self.reasons.entry(function).or_insert(reason);
        }
        self.reread |= earlier.reread;
        self.alters |= earlier.alters;
        self.paths.extend(earlier.paths);
    }
}

impl Pause {
    /// Keeps a save for later.
    pub(crate) fn note(&mut self, mut request: Request) -> Notice {
        self.saves += 1;
        if let Some(earlier) = self.noted.take() {
            request.take_over(earlier);
        }
        let functions = request.reasons.keys().cloned().collect();
        self.noted = Some(request);
        Notice::Noted { functions }
    }
}

/// A numbered build.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) generation: Generation,
    /// The request that it carries out.
    pub(crate) request: Request,
    /// When cargo was started.
    pub(crate) started_at: Millis,
    /// When cargo had made everything.
    pub(crate) built_at: Millis,
    /// What the compiler has said so far.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Plan {
    /// A plan that has not begun.
    pub(crate) fn new(generation: Generation, request: Request) -> Self {
        Self { generation, started_at: 0, built_at: 0, diagnostics: Vec::new(), request }
    }

    /// Whether the function is to be built.
    pub(crate) fn concerns(&self, function: &str) -> bool {
        self.request.reasons.contains_key(function)
    }

    pub(crate) fn functions(&self) -> Vec<String> {
        self.request.reasons.keys().cloned().collect()
    }

    /// The phases up to the rename; `reload` is not known yet.
    pub(crate) fn phases(&self, staged_at: Millis, swapped_at: Millis) -> Phases {
        Phases {
            detect: self.request.requested_at.saturating_sub(self.request.seen_at),
            plan: self.started_at.saturating_sub(self.request.requested_at),
            cargo: self.built_at.saturating_sub(self.started_at),
            package: staged_at.saturating_sub(self.built_at),
            swap: swapped_at.saturating_sub(staged_at),
            reload: 0,
        }
    }
}

/// The state of the one build that may run at a time.
#[derive(Debug, Clone, Default)]
pub(crate) enum Workshop {
    /// Nothing is being made.
    #[default]
    Idle,
    /// A manifest changed: cargo is asked for the workspace.
    Reading(Plan),
    /// Cargo runs.
    Building(Plan),
    /// Cargo's binaries are being put in place; no other cargo may run meanwhile, because it would overwrite them.
    Swapping {
        plan: Plan,
        /// Functions whose binary is being copied.
        busy: BTreeSet<String>,
        /// Binaries whose function is still starting its previous code, by function.
        held: BTreeMap<String, Artifact>,
        /// What was saved meanwhile.
        next: Option<Request>,
    },
}

impl Workshop {
    /// The build, if there is one.
    pub(crate) fn plan(&self) -> Option<&Plan> {
        match self {
            Self::Idle => None,
            Self::Reading(plan) | Self::Building(plan) | Self::Swapping { plan, .. } => Some(plan),
        }
    }

    /// Whether cargo is resolving an edited manifest, during which it may write the lock file.
    pub(crate) fn is_rereading(&self) -> bool {
        match self {
            Self::Reading(plan) | Self::Building(plan) => plan.request.reread,
            Self::Idle | Self::Swapping { .. } => false,
        }
    }

    /// The running build's plan, if it has this number. Late results of older builds find nothing here.
    pub(crate) fn building(&mut self, generation: Generation) -> Option<&mut Plan> {
        match self {
            Self::Building(plan) if plan.generation == generation => Some(plan),
            _ => None,
        }
    }
}
