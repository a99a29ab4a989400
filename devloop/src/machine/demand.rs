//! What the stack says about the machine that a function runs on.

use std::collections::BTreeMap;
use std::fmt;

use crate::machine::Glibc;

/// A processor that Lambda has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Architecture {
    X86_64,
    Arm64,
}

impl Architecture {
    /// This machine's processor.
    pub(crate) fn host() -> Self {
        if cfg!(target_arch = "aarch64") { Self::Arm64 } else { Self::X86_64 }
    }

    /// Reads the stack's name of a processor.
    pub(crate) fn from_stack(name: &str) -> Option<Self> {
        match name {
            "x86_64" => Some(Self::X86_64),
            "arm64" => Some(Self::Arm64),
            _ => None,
        }
    }

    /// The compiler's target for Linux on this processor.
    pub(crate) fn triple(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-gnu",
            Self::Arm64 => "aarch64-unknown-linux-gnu",
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        })
    }
}

/// Where the binaries run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Purpose {
    /// They run as processes of this machine, whatever the stack says.
    #[default]
    RunHere,
    /// They go to a machine as the stack describes it.
    Ship,
}

/// The machine that the stack asks for, for one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Demand {
    pub(crate) architecture: Architecture,
    pub(crate) runtime: String,
}

/// The runtime of functions whose stack names none.
const USUAL_RUNTIME: &str = "provided.al2023";

impl Default for Demand {
    fn default() -> Self {
        Self { architecture: Architecture::host(), runtime: USUAL_RUNTIME.to_owned() }
    }
}

impl Demand {
    /// The newest glibc whose symbols the runtime has.
    pub(crate) fn glibc(&self) -> Glibc {
        match self.runtime.as_str() {
            "provided.al2" => Glibc { major: 2, minor: 26 },
            // provided.al2023; later runtimes have no older glibc.
            _ => Glibc { major: 2, minor: 34 },
        }
    }
}

/// Where a session's binaries run, and the machine that the stack asks for, by function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Demands {
    /// Where the binaries run.
    pub(crate) purpose: Purpose,
    /// The machine of each function; a function that is missing here has the default one.
    pub(crate) functions: BTreeMap<String, Demand>,
}

impl Demands {
    /// The machine that the stack asks for, for this function.
    pub(crate) fn of(&self, function: &str) -> Demand {
        self.functions.get(function).cloned().unwrap_or_default()
    }
}
