//! The facts that reach the engine, each with the time when it was seen.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::engine::{Artifact, Diagnostic, Digest, Problem, RolledBack, TemplatesApplied};
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
        /// Those of the paths that no longer exist.
        gone: Vec<PathBuf>,
        /// The operating system dropped events, so any file may have changed.
        lost: bool,
    },
    /// Nothing is to be built until [`Fact::Resume`]; a running build is finished.
    Pause,
    /// What was saved during the pause is built, and from now on every save is.
    Resume,
    /// Every function is to be built, whatever changed.
    Rerun,
    /// The function's former code is wanted.
    RollBack {
        function: String,
        /// Whether the user has agreed to what the rollback changes.
        agreed: bool,
    },
    /// A rollback would change an account, so the user has to agree to it first.
    RollbackPlanned {
        function: String,
        /// What it would change, in lines for people.
        plan: Vec<String>,
    },
    /// The function's former code answers, and only it is given new events.
    RolledBack(RolledBack),
    /// The rollback failed; the code that answered before goes on answering.
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
    /// Cargo made a binary anew; it will not change again, though the build goes on.
    Made {
        generation: Generation,
        function: String,
        /// Where cargo left it.
        executable: PathBuf,
    },
    /// Cargo will make nothing more. A [`Fact::InputsRead`] follows, also after a failure.
    Built(Ended),
    /// Cargo has ended, and the inputs of its binaries are known as far as it told them.
    InputsRead {
        generation: Generation,
        /// By function; `None` where the inputs are unknown.
        inputs: BTreeMap<String, Option<Read>>,
    },
    /// The new binary is the one that already serves.
    Unchanged { generation: Generation, function: String, digest: Digest },
    /// The new binary is in the function's directory.
    Swapped {
        generation: Generation,
        function: String,
        digest: Digest,
        /// When copying and checking were done, just before the rename.
        staged_at: Millis,
        /// What would be a problem for the binary on other machines.
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
    /// A function that was missing, or could not be updated, can now be updated.
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
        /// Whether it was removed from the cloud; otherwise it stays as it is.
        removed: bool,
        /// The code that answers, if it stays.
        serving: Option<Digest>,
    },
    /// A stack was made when the session began.
    StackMade {
        stack: String,
        /// Its resources, a line each, in the order in which they depend on each other.
        resources: Vec<String>,
        took_ms: Millis,
    },
    /// The templates were applied once more, because one of them had changed.
    TemplatesApplied(TemplatesApplied),
    /// Something that the user should know, though everything goes on as asked.
    Warning { problem: Problem },
    /// Something failed that belongs to no build.
    Error { problem: Problem },
}
