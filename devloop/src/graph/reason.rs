//! Why a function is built, in words.

use std::fmt;
use std::path::PathBuf;

/// Why a function is built.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reason {
    /// The session begins.
    FirstBuild,
    /// The function has just appeared in the workspace.
    Added,
    /// A file of the function's own package, relative to it.
    Own(PathBuf),
    /// A file of a package that the function is compiled with, relative to that package.
    PathDependency { package: String, path: PathBuf },
    /// A file outside of its packages that went into the last build, such as one named by `include_str!`.
    Input(PathBuf),
    /// A file that decides how the whole workspace is built, relative to its root.
    Governing(PathBuf),
    /// File events were lost, so any file may have changed.
    Lost,
    /// The function has just been deployed, so its code can be sent there.
    Deployed,
    /// The last build of this function failed, and something else is built now.
    Retry,
    /// The user asked for a rebuild.
    Asked,
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FirstBuild => formatter.write_str("first build"),
            Self::Added => formatter.write_str("new function"),
            Self::Own(path) => write!(formatter, "{}", path.display()),
            Self::PathDependency { package, path } => {
                write!(formatter, "path dependency {package}, {}", path.display())
            }
            Self::Input(path) => write!(formatter, "build input {}", path.display()),
            Self::Governing(path) => write!(formatter, "workspace file {}", path.display()),
            Self::Lost => formatter.write_str("file events were lost"),
            Self::Deployed => formatter.write_str("deployed now"),
            Self::Retry => formatter.write_str("failed before"),
            Self::Asked => formatter.write_str("asked for"),
        }
    }
}
