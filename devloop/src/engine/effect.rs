//! What is to be done. The session carries the effects out and reports back through events only.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::engine::{Digest, Generation, Notice};
use crate::graph::Workspace;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Tell every sink.
    Announce(Notice),
    /// Run `cargo metadata` again.
    ReadWorkspace {
        /// The build that waits for it.
        generation: Generation,
    },
    /// Read the templates again and bring their stacks to what they say.
    ApplyTemplates,
    /// Watch these from now on, and nothing else.
    Watch(WatchList),
    /// Create a function that has just appeared in the workspace.
    Adopt { function: String },
    /// Delete a function that is no longer in the workspace.
    Dismiss {
        function: String,
        /// The code that answers until then.
        serving: Option<Digest>,
    },
    /// Start cargo, after the previous cargo has gone.
    Build(BuildOrder),
    /// Kill the running cargo.
    CancelBuild {
        /// The cancelled build.
        generation: Generation,
    },
    /// Start the cargo of the next build ahead of it, as far as it can go without looking at sources.
    StandBy(BuildOrder),
    /// End the cargo that stands by: what it has read may be out of date.
    StandDown,
    /// Copy a binary that will be put in place when cargo has ended.
    Copy(SwapOrder),
    /// Put a binary into its function's directory.
    Swap(SwapOrder),
    /// Start the code in the function's directory and wait until it answers.
    Activate {
        generation: Generation,
        function: String,
        /// The code in the function's directory.
        digest: Digest,
    },
    /// Let the previous code serve again.
    RollBack {
        function: String,
        /// Whether the user has agreed to what the rollback changes.
        agreed: bool,
    },
}

/// What the watcher looks at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct WatchList {
    /// Package directories, with everything below them that is not ignored.
    pub(crate) directories: Vec<PathBuf>,
    /// Single files: manifests, the lock, and inputs outside of every package.
    pub(crate) files: Vec<PathBuf>,
    /// What builds of this session have read in those directories. It is watched even if git ignores it, such as generated code.
    pub(crate) inputs: BTreeSet<PathBuf>,
}

/// What cargo is to build.
///
/// The packages are the same at every call, so that cargo's feature resolution, and with it every dependency's artefact,
/// stays the same; only the binaries name what is compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BuildOrder {
    pub(crate) generation: Generation,
    /// Every function package of the workspace, by name.
    pub(crate) packages: Vec<String>,
    /// What cargo is told to name each of them; the name where nothing is said.
    pub(crate) specs: BTreeMap<String, String>,
    /// Every watched function.
    pub(crate) binaries: Vec<String>,
    /// Everything in the lock file is on disk, so cargo needs no network.
    pub(crate) offline: bool,
    /// Functions that are built one after the other, because cargo writes their binaries to one place: package and binary.
    pub(crate) apart: BTreeMap<String, (String, String)>,
    /// The features that the functions' binaries require, as `package/feature`.
    pub(crate) features: Vec<String>,
}

impl BuildOrder {
    /// An order for these functions of the workspace.
    pub(crate) fn of(workspace: &Workspace, generation: Generation, binaries: Vec<String>) -> Self {
        Self {
            generation,
            packages: workspace.function_packages().map(|package| package.name.clone()).collect(),
            specs: workspace
                .function_packages()
                .map(|package| (package.name.clone(), package.spec.clone()))
                .collect(),
            binaries,
            offline: workspace.offline,
            apart: workspace.apart(),
            features: workspace.required_features(),
        }
    }
}

/// What is to be put in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SwapOrder {
    pub(crate) generation: Generation,
    pub(crate) function: String,
    /// Where cargo left it.
    pub(crate) executable: PathBuf,
    /// Do nothing if the binary has this digest: that code serves and is in place already.
    pub(crate) unless: Option<Digest>,
}
