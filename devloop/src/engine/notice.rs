//! The events of a session, as every sink gets them.

use std::collections::BTreeMap;
use std::fmt;

use crate::engine::{Diagnostic, Digest, Generation, Millis, Problem, RolledBack};
use crate::graph::Reason;

/// Something worth telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The cloud can be used.
    Ready {
        /// The URL that clients use.
        endpoint: String,
        /// The template's outputs by name.
        outputs: BTreeMap<String, String>,
    },
    /// A stack was made when the session began.
    Stack {
        stack: String,
        /// Its resources, a line each.
        resources: Vec<String>,
        took_ms: Millis,
    },
    /// A build begins.
    Build {
        generation: Generation,
        /// Why each function is built.
        reasons: BTreeMap<String, Reason>,
    },
    /// Saves are only noted from now on.
    Paused,
    /// A save was noted while nothing is built.
    Noted {
        /// What it will build, with everything noted before.
        functions: Vec<String>,
    },
    /// Saves are built again, and what was noted is being built.
    Resumed {
        /// How many saves were noted.
        saves: usize,
    },
    /// A newer save has cancelled a running build.
    Cancelled {
        /// The build that was stopped.
        generation: Generation,
        /// What it was building.
        functions: Vec<String>,
    },
    /// Cargo says what it is doing.
    Progress {
        generation: Generation,
        /// Cargo's own line.
        line: String,
    },
    /// The compiler reported something.
    Diagnostic { generation: Generation, diagnostic: Diagnostic },
    /// These functions could not be built; what served before still serves.
    BuildFailed {
        generation: Generation,
        /// Each function with the digest that still serves.
        functions: BTreeMap<String, Option<Digest>>,
        /// The compiler's messages, errors first.
        diagnostics: Vec<Diagnostic>,
        /// Cargo's own words.
        failure: String,
    },
    /// A new binary is in its function's directory.
    Swapped {
        generation: Generation,
        function: String,
        digest: Digest,
        /// What would be a problem for the binary on other machines.
        warnings: Vec<String>,
    },
    /// The new code answers.
    Live {
        generation: Generation,
        function: String,
        /// The code that answers.
        digest: Digest,
        /// Where the time from the save went.
        phases: Phases,
    },
    /// The build led to the same binary.
    Unchanged {
        generation: Generation,
        function: String,
        /// The code that goes on answering.
        digest: Digest,
    },
    /// A changed template was applied.
    Updated {
        stack: String,
        /// What changed, a line a resource; none if nothing did.
        changes: Vec<String>,
    },
    /// A function that appeared in the workspace can be called, as soon as it is built.
    Added {
        function: String,
        /// Where it answers.
        url: String,
    },
    /// A function of the session is no longer in the workspace.
    Gone {
        function: String,
        /// It was removed from the cloud and no longer answers; otherwise it stays as it is.
        removed: bool,
        /// The code that goes on answering, if any.
        serving: Option<Digest>,
    },
    /// A rollback waits for the user to agree.
    RollbackPlanned {
        function: String,
        /// What it would change.
        plan: Vec<String>,
    },
    /// The function's former code answers again.
    RolledBack(RolledBack),
    /// The function could not be rolled back; its code goes on answering.
    NotRolledBack { function: String, problem: Problem },
    /// Lambda's report of a request that the function's own lines have named.
    Reported {
        function: String,
        /// The report's line, as CloudWatch Logs has it.
        line: String,
    },
    /// A function wrote a line.
    Log { function: String, line: String },
    /// Something that the user should know, though everything goes on as asked.
    Warning { problem: Problem },
    /// Something failed.
    Error {
        /// The build it belongs to, if any.
        generation: Option<Generation>,
        /// The function it belongs to, if any.
        function: Option<String>,
        /// The code that still serves, if any.
        serving: Option<Digest>,
        problem: Problem,
    },
}

impl Notice {
    /// Whether it is a line of a function's log. Under load there are thousands of them a second, so sinks may buffer them.
    pub(crate) fn is_log_line(&self) -> bool {
        matches!(self, Self::Log { .. } | Self::Reported { .. })
    }
}

/// Where the milliseconds between a save and its code answering went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub(crate) struct Phases {
    /// From the first file event to the end of the burst.
    pub(crate) detect: u64,
    /// From there until cargo was started.
    pub(crate) plan: u64,
    pub(crate) cargo: u64,
    /// Copying, checking and digesting the binary.
    pub(crate) package: u64,
    pub(crate) swap: u64,
    /// From the rename until the new code asked for its first event.
    pub(crate) reload: u64,
}

impl Phases {
    /// The names and values in the order in which they happen.
    pub(crate) fn named(&self) -> [(&'static str, u64); 6] {
        [
            ("detect", self.detect),
            ("plan", self.plan),
            ("cargo", self.cargo),
            ("package", self.package),
            ("swap", self.swap),
            ("reload", self.reload),
        ]
    }

    /// From the save to the answer.
    pub(crate) fn total(&self) -> u64 {
        self.named().iter().map(|(_, milliseconds)| milliseconds).sum()
    }
}

/// One line such as `save→live 1.12 s · detect 22 · plan 1 · cargo 1,010 · package 14 · swap 1 · reload 41`; all but the sum are in
/// ms.
impl fmt::Display for Phases {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = (self.total() + 5) / 10;
        write!(formatter, "save→live {}.{:02} s", hundredths / 100, hundredths % 100)?;
        for (name, milliseconds) in self.named() {
            match (milliseconds / 1_000, milliseconds % 1_000) {
                (0, rest) => write!(formatter, " · {name} {rest}")?,
                (thousands, rest) => write!(formatter, " · {name} {thousands},{rest:03}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Phases;

    #[test]
    fn phases_are_one_line() {
        let phases = Phases { detect: 22, plan: 1, cargo: 1_010, package: 14, swap: 1, reload: 72 };
        let expected =
            "save→live 1.12 s · detect 22 · plan 1 · cargo 1,010 · package 14 · swap 1 · reload 72";
        assert_eq!(phases.to_string(), expected);
        let none = "save→live 0.00 s · detect 0 · plan 0 · cargo 0 · package 0 · swap 0 · reload 0";
        assert_eq!(Phases::default().to_string(), none);
    }
}
