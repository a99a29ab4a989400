//! What the engine knows: each function's state, the build of this moment, and what the last builds read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::engine::burst::Burst;
use crate::engine::inputs::KnownInputs;
use crate::engine::plan::{Pause, Workshop};
use crate::engine::queue::Queue;
use crate::engine::standby::Standby;
use crate::engine::templates::Templates;
use crate::engine::timings::Timings;
use crate::engine::{Digest, Generation, Millis, Problem, WatchList};
use crate::graph::Workspace;

/// Everything the engine knows.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) functions: BTreeMap<String, FunctionState>,
    /// The packages and their edges.
    pub(crate) workspace: Workspace,
    /// The number of the newest build.
    pub(super) generation: Generation,
    /// The build of this moment.
    pub(super) workshop: Workshop,
    /// The request that waits for that build's end.
    pub(super) queue: Queue,
    /// Whether files are being saved, and a build that failed meanwhile.
    pub(super) burst: Burst,
    /// The cargo that waits for the next save.
    pub(super) standby: Standby,
    /// What was saved since the session was paused; `None` while it is not paused.
    pub(super) pause: Option<Pause>,
    /// What the last successful builds read.
    pub(super) inputs: KnownInputs,
    /// How long each save takes.
    pub(super) timings: Timings,
    /// What the watcher was last told.
    pub(super) watching: WatchList,
    /// Whether and where functions that appear are added to the session.
    pub(super) following: Option<Following>,
    /// The templates that are applied when they change.
    pub(super) templates: Templates,
}

/// Where a session takes in functions that appear in the workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Following {
    /// Only those below this directory.
    pub(crate) below: Option<PathBuf>,
}

impl Following {
    fn takes(&self, directory: &Path) -> bool {
        self.below.as_ref().is_none_or(|below| directory.starts_with(below))
    }
}

impl State {
    /// Nothing is built yet; the first build begins when the cloud is ready.
    pub(crate) fn new(workspace: Workspace, functions: impl IntoIterator<Item = String>) -> Self {
        Self {
            functions: functions.into_iter().map(|function| (function, FunctionState::Unbuilt)).collect(),
            workspace,
            generation: 0,
            workshop: Workshop::Idle,
            queue: Queue::default(),
            burst: Burst::default(),
            standby: Standby::default(),
            pause: None,
            inputs: KnownInputs::default(),
            timings: Timings::default(),
            watching: WatchList::default(),
            following: None,
            templates: Templates::default(),
        }
    }

    /// How many saves were noted since the session was paused; `None` while it is not paused.
    pub(crate) fn paused(&self) -> Option<usize> {
        self.pause.as_ref().map(|pause| pause.saves)
    }

    /// Takes in functions that appear in the workspace.
    pub(crate) fn following(self, following: Following) -> Self {
        Self { following: Some(following), ..self }
    }

    /// The same, and these templates are applied when they change.
    pub(crate) fn applying(self, templates: Templates) -> Self {
        Self { templates, ..self }
    }

    /// Functions of the workspace that the session should take in and has not yet.
    pub(super) fn newcomers(&self) -> Vec<String> {
        let Some(following) = &self.following else { return Vec::new() };
        let packages =
            self.workspace.function_packages().filter(|package| following.takes(&package.directory));
        let names = packages.flat_map(|package| &package.functions);
        names.filter(|function| !self.functions.contains_key(*function)).cloned().collect()
    }

    /// Functions of the session that are no longer in the workspace.
    pub(super) fn leavers(&self) -> Vec<String> {
        self.functions
            .keys()
            .filter(|function| self.workspace.package_of(function).is_none())
            .cloned()
            .collect()
    }

    /// Where new packages would appear: beside those that hold functions.
    fn places_of_new_packages(&self) -> BTreeSet<&Path> {
        let Some(following) = &self.following else { return BTreeSet::new() };
        let beside = self.workspace.function_packages().filter_map(|package| package.directory.parent());
        beside
            .filter(|directory| directory.starts_with(&self.workspace.root))
            .filter(|directory| following.takes(directory))
            .collect()
    }

    /// Whether nothing is on its way: every function answers with its newest code, or has failed.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.workshop, Workshop::Idle)
            && self.generation > 0
            && !self
                .functions
                .values()
                .any(|function| function.is_on_its_way() || matches!(function, FunctionState::Unbuilt))
    }

    /// The functions whose newest code does not answer.
    pub(crate) fn failed(&self) -> impl Iterator<Item = &str> {
        self.functions.iter().filter_map(|(function, current)| {
            matches!(current, FunctionState::Failed { .. }).then_some(function.as_str())
        })
    }

    /// What has to be watched: the sources of every function, the workspace's files, and inputs from elsewhere.
    pub(crate) fn watch_list(&self) -> WatchList {
        let mut directories: BTreeSet<&Path> =
            self.functions.keys().flat_map(|function| self.workspace.sources(function)).collect();
        directories.extend(self.places_of_new_packages());
        let outside = |path: &Path| !path.starts_with(&self.workspace.target_directory);
        let read =
            self.inputs.of_functions().values().flat_map(|read| &read.directories).map(PathBuf::as_path);
        directories.extend(read.filter(|directory| outside(directory)));
        let mut files: BTreeSet<_> = self.workspace.governing.iter().cloned().collect();
        files.insert(self.workspace.root.join("Cargo.toml"));
        files.extend(self.templates.files.iter().cloned());
        let elsewhere =
            self.inputs.of_functions().values().flat_map(|read| &read.files).filter(|file| {
                outside(file) && !directories.iter().any(|directory| file.starts_with(directory))
            });
        files.extend(elsewhere.cloned());
        let inside =
            self.inputs.ever_read().iter().filter(|file| {
                outside(file) && directories.iter().any(|directory| file.starts_with(directory))
            });
        WatchList {
            inputs: inside.cloned().collect(),
            directories: directories.into_iter().map(ToOwned::to_owned).collect(),
            files: files.into_iter().collect(),
        }
    }
}

/// The state of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FunctionState {
    /// Its first build has not begun.
    Unbuilt,
    /// Cargo is working on it.
    Building {
        generation: Generation,
        /// The code that answers meanwhile.
        serving: Serving,
    },
    /// Its binary is being copied, checked and put in place.
    Swapping {
        generation: Generation,
        /// The code that answers meanwhile.
        serving: Serving,
    },
    /// Its binary is in place, and its new environment has not asked for an event yet.
    Starting {
        generation: Generation,
        digest: Digest,
        /// The code that answers meanwhile.
        serving: Serving,
    },
    /// The newest code answers.
    Live {
        digest: Digest,
        /// Since when.
        since: Millis,
    },
    /// The code before is being put in place of the one that answers.
    RollingBack {
        /// Its state before the rollback.
        before: Box<FunctionState>,
    },
    /// The code before answers again, until something newer is saved.
    RolledBack {
        digest: Digest,
        /// Since when.
        since: Millis,
    },
    /// The newest code could not be built, put in place or started.
    Failed {
        generation: Generation,
        /// What went wrong.
        failure: Failure,
        /// What goes on answering.
        serving: Serving,
    },
}

/// The code that answers requests while newer code is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Serving {
    /// The code that answers and since when; none before a function's first start.
    pub(crate) code: Option<(Digest, Millis)>,
    /// Whether the function's directory holds this code. It does not after a newer binary failed to start.
    pub(crate) in_place: bool,
}

/// Why the newest code does not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It does not compile.
    Build,
    /// Its binary could not be put in place.
    Swap(Problem),
    /// Its start failed.
    Activation(Problem),
}

impl FunctionState {
    /// Whether newer code is being made, put in place or started.
    pub(crate) fn is_on_its_way(&self) -> bool {
        matches!(self, Self::Building { .. } | Self::Swapping { .. }) || self.is_starting()
    }

    /// Whether its code is being started, so that its directory must not change.
    pub(super) fn is_starting(&self) -> bool {
        matches!(self, Self::Starting { .. } | Self::RollingBack { .. })
    }

    /// What answers now.
    pub(crate) fn serving(&self) -> Serving {
        match self {
            Self::Unbuilt => Serving::default(),
            Self::Live { digest, since } | Self::RolledBack { digest, since } => {
                Serving { code: Some((digest.clone(), *since)), in_place: true }
            }
            Self::RollingBack { before } => before.serving(),
            Self::Building { serving, .. }
            | Self::Swapping { serving, .. }
            | Self::Starting { serving, .. }
            | Self::Failed { serving, .. } => serving.clone(),
        }
    }
}

impl Serving {
    /// The code that answers.
    pub(crate) fn digest(&self) -> Option<Digest> {
        self.code.as_ref().map(|(digest, _)| digest.clone())
    }

    /// The code that answers, if the function's directory holds it too: building it again changes nothing.
    pub(crate) fn settled(&self) -> Option<Digest> {
        if self.in_place { self.digest() } else { None }
    }
}
