//! The facts that reach the engine, each with the time when it was seen.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::engine::{Artifact, Diagnostic, Digest, Problem, RolledBack};
use crate::graph::{Read, Workspace};

/// Milliseconds since the Unix epoch.
pub(crate) type Millis = u64;

/// The number of a build; a larger one is newer, and a result that carries a smaller one is late.
pub(crate) type Generation = u64;

/// A fact and the time it was seen.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// When it was seen.
    pub(crate) at: Millis,
    /// What was seen.
    pub(crate) fact: Fact,
}

/// The result of a build that was not cancelled.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) generation: Generation,
    /// One for each binary that is up to date now.
    pub(crate) artifacts: Vec<Artifact>,
    /// Cargo's error output, if it failed.
    pub(crate) failure: Option<String>,
}

/// Everything that can happen in a session.
#[derive(Debug, Clone)]
pub(crate) enum Fact {
    /// The cloud answers, and the template's resources exist.
    CloudReady {
        /// The URL that clients use.
        endpoint: String,
        /// The template's outputs by name.
        outputs: BTreeMap<String, String>,
    },
    /// A burst of saves has begun; what it changed follows with [`Fact::FsChanged`].
    FsStirred,
    /// Source files changed; one event per burst of saves.
    FsChanged {
        /// When the burst's first file event arrived.
        seen_at: Millis,
        /// Every path of the burst, without noise.
        paths: Vec<PathBuf>,
        /// Those of them where nothing lies any more.
        gone: Vec<PathBuf>,
        /// The operating system dropped events, so any file may have changed.
        lost: bool,
    },
    /// Nothing is to be built until [`Fact::Resume`]; what is being made is finished.
    Pause,
    /// What was saved meanwhile is built, and every save again.
    Resume,
    /// Every function is to be built, whatever changed.
    Rerun,
    /// The function's former code is wanted.
    RollBack {
        function: String,
        /// The user has been told what that changes, where that has to be told.
        agreed: bool,
    },
    /// A rollback changes what is not only the user's, and has to be agreed to.
    RollbackPlanned {
        function: String,
        /// What it would change, in lines for people.
        plan: Vec<String>,
    },
    /// The function's former code answers, and only it is given new events.
    RolledBack(RolledBack),
    /// The code goes on answering that did before.
    RollbackFailed { function: String, problem: Problem },
    /// The workspace was read again after a manifest changed.
    WorkspaceRead {
        /// The build that waits for it.
        generation: Generation,
        /// The new model, or why there is none.
        result: Result<Workspace, Problem>,
    },
    /// Cargo was started.
    BuildStarted { generation: Generation },
    /// Cargo said what it is doing.
    Progress {
        generation: Generation,
        /// Cargo's own line.
        line: String,
    },
    /// The compiler reported something; arrives while the build still runs.
    Diagnostic { generation: Generation, diagnostic: Diagnostic },
    /// Cargo made a binary anew; it is final, though the build goes on.
    Made {
        generation: Generation,
        function: String,
        /// Where cargo left it.
        executable: PathBuf,
    },
    /// Cargo will make nothing more. [`Fact::InputsRead`] belongs to it, and comes whatever it says.
    Built(Ended),
    /// Cargo has ended, and what the binaries were made from is known, as far as it is.
    InputsRead {
        generation: Generation,
        /// By function; none where it is not known.
        inputs: BTreeMap<String, Option<Read>>,
    },
    /// The new binary is the one that already serves.
    Unchanged { generation: Generation, function: String, digest: Digest },
    /// The new binary lies in the function's directory.
    Swapped {
        generation: Generation,
        function: String,
        digest: Digest,
        /// When copying and checking were done, just before the rename.
        staged_at: Millis,
        /// What would trouble the binary elsewhere than here.
        warnings: Vec<String>,
    },
    /// The new binary could not be put in place.
    SwapFailed { generation: Generation, function: String, problem: Problem },
    /// The new code asked for its first event, and only it is given new ones.
    Live {
        generation: Generation,
        /// Which function answers.
        function: String,
    },
    /// The new code did not come up; what served before still serves.
    ActivationFailed {
        generation: Generation,
        /// Which function it is.
        function: String,
        problem: Problem,
    },
    /// A function that was not to be found, or could not be updated, can be now.
    Deployed { function: String },
    /// A function wrote a line.
    Log {
        function: String,
        /// The line, without its line end.
        line: String,
    },
    /// Lambda's report of a request that the function's own lines have named.
    Reported {
        function: String,
        /// The report's line, as CloudWatch Logs has it.
        line: String,
    },
    /// A function that appeared in the workspace can be called.
    Adopted {
        function: String,
        /// Where it answers.
        url: String,
    },
    /// A function that vanished from the workspace has been let go of.
    Dismissed {
        function: String,
        /// It answers no more; otherwise it stays as it is.
        removed: bool,
        /// The code that answers, if it stays.
        serving: Option<Digest>,
    },
    /// Something failed that belongs to no build.
    Error { problem: Problem },
}
