//! The values that events carry.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// The SHA-256 of a binary, in lower-case hexadecimal: its identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(crate) struct Digest(String);

impl Digest {
    /// Takes the hexadecimal text as it is.
    pub(crate) fn new(hexadecimal: impl Into<String>) -> Self {
        Self(hexadecimal.into())
    }

    /// The first eight characters, for people.
    pub(crate) fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A failure with a stable name, its message, and the next step where one is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// Stable, for programs, such as `disk_full`.
    pub(crate) code: &'static str,
    /// A lower-case fragment that says what failed and why.
    pub(crate) message: String,
    /// What the user can do about it.
    pub(crate) hint: Option<String>,
}

impl Problem {
    /// A problem without advice.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }

    /// The same problem with advice.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Where and for which processor a target wants a function's next binary.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Destination {
    /// Whether it gets a folder of its own, which nothing runs from yet, instead of the function's folder.
    pub(crate) aside: bool,
    /// The processor that it has to be made for.
    pub(crate) machine: Machine,
    /// Do nothing if the binary has this digest: that code serves already.
    pub(crate) unless: Option<Digest>,
}

/// What serves after a rollback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RolledBack {
    /// The binary that runs.
    pub(crate) function: String,
    /// The function in Lambda.
    pub(crate) name: String,
    /// The code's SHA-256 as the target writes it: of the binary in hexadecimal, or of the zip in base64.
    pub(crate) code: String,
    /// The binary's digest. If the former code holds no known binary, the digest of the whole package.
    pub(crate) digest: Digest,
}

/// A processor that Lambda has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Machine {
    /// Whatever this machine has.
    #[default]
    Host,
    X86_64,
    Arm64,
}

/// A binary that cargo has brought up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Artifact {
    /// The function, which is the binary's name.
    pub(crate) function: String,
    /// Where cargo left it.
    pub(crate) executable: PathBuf,
    /// Cargo had nothing to do for it.
    pub(crate) fresh: bool,
}

/// The severity of a compiler message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// The build fails because of it.
    Error,
    /// The build goes on.
    Warning,
}

/// A place in a source file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Location {
    /// As the compiler names it, usually relative to the workspace root.
    pub(crate) file: PathBuf,
    /// Counted from one.
    pub(crate) line: usize,
    /// Counted from one.
    pub(crate) column: usize,
}

/// A compiler message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    pub(crate) level: Level,
    /// The message's first line.
    pub(crate) message: String,
    /// The compiler's own rendering, with ANSI colours.
    pub(crate) rendered: String,
    /// The primary place.
    pub(crate) location: Option<Location>,
    /// The package that was being compiled, where one was.
    pub(crate) package: Option<String>,
}
