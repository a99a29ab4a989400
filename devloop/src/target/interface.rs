//! The operations that the edit loop needs from a target, a place where functions run.

use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use crate::engine::{Destination, Digest, Problem, RolledBack};

/// The future of a target's answer.
pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A place where functions run.
pub(crate) trait Target: Send + Sync {
    /// Where the function's next binary is to be put; asked before every swap. `believed` is the code that serves and is in place,
    /// as far as the session knows. A target that knows better overrides it.
    fn destination<'a>(
        &'a self,
        _function: &'a str,
        believed: Option<Digest>,
    ) -> Pending<'a, Result<Destination, Problem>> {
        Box::pin(async move { Ok(Destination { unless: believed, ..Destination::default() }) })
    }

    /// Starts the code in the directory that [`Target::destination`] chose.
    ///
    /// Resolves when the new code has asked for its first event and only it gets new ones; requests in flight end on the old code.
    /// On an error the old code goes on serving, and the problem says why the new one failed to start.
    fn activate<'a>(
        &'a self,
        function: &'a str,
        directory: &'a Path,
        digest: &'a Digest,
    ) -> Pending<'a, Result<(), Problem>>;

    /// Called when the session has reported that the function's new code is live.
    fn went_live<'a>(&'a self, _function: &'a str, _directory: &'a Path) -> Pending<'a, ()> {
        Box::pin(async {})
    }

    /// How long [`Target::activate`] may take. A cloud's own limit for a start is shorter; this one ends the wait for a cloud that ignores it.
    fn patience(&self) -> Duration {
        Duration::from_mins(1)
    }

    /// Creates a function that is in no template. It can be called by its name, and at the URL that is returned.
    fn adopt(&self, function: &str, _directory: &Path) -> Result<String, Problem> {
        let message =
            format!("serve the new function {function}: this target takes its functions from the template");
        Err(Problem::new("function_not_deployed", message)
            .with_hint("add it to the template and start devloop again"))
    }

    /// Deletes a function that is no longer in the workspace. Returns false where the function stays, because not the session but a
    /// template has created it.
    fn dismiss(&self, _function: &str) -> Result<bool, Problem> {
        Ok(false)
    }

    /// Where the functions are.
    fn whereabouts(&self) -> Whereabouts;

    /// What a rollback would change, in lines for people; `None` if the user need not agree first.
    fn rollback_plan<'a>(&'a self, _function: &'a str) -> Pending<'a, Result<Option<Vec<String>>, Problem>> {
        Box::pin(async { Ok(None) })
    }

    /// Activates the code that served before the last update, and returns what serves then.
    fn roll_back<'a>(&'a self, function: &'a str) -> Pending<'a, Result<RolledBack, Problem>> {
        let message = format!("roll {function} back: this target keeps no former code");
        let hint = "undo the edit; the same source is the same code, and a save puts it in place";
        Box::pin(async move { Err(Problem::new("rollback_unsupported", message).with_hint(hint)) })
    }
}

/// Where a target's functions are, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    /// The target's name and what it is.
    pub(crate) target: &'static str,
    /// The functions' account, where it is known.
    pub(crate) account: String,
    /// The region that they are in.
    pub(crate) region: String,
}

/// What a target reports by itself during a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TargetEvent {
    /// A function that was not deployed before is deployed now, so that its code can be activated.
    Deployed(String),
    /// A failure that does not stop the session.
    Trouble(Problem),
}
