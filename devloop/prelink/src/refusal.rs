//! Why a program is not prelinked, but linked in the ordinary way.

use std::io;
use std::path::{Path, PathBuf};

/// The reason, as the user reads it after "prelink the dependencies of up:".
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// An option of rustc rules shared objects out.
    #[error("rustc is called with {0}")]
    Option(String),
    /// The linker's command line has an unexpected form.
    #[error("the linker's command line {0}")]
    CommandLine(&'static str),
    /// Memory must be freed by the allocator that it came from, on both sides.
    #[error("the program has a global allocator of its own")]
    Allocator,
    /// Parts of such a section would be in the program and in the shared object, and each would see only its own part.
    #[error("a dependency collects the section `{0}` over the whole program")]
    Collected(String),
    /// The crate would be in the program twice.
    #[error("a dependency depends on the workspace's own {0}")]
    MemberInside(String),
    /// The shared object could not be made.
    #[error("rustc does not make a shared object of them: {0}")]
    Compiler(String),
    /// A small program that was linked against the shared object does not run.
    #[error("a program that is linked against them does not work: {0}")]
    Proof(String),
    /// The program could not be linked against the shared object.
    #[error("the linker says: {0}")]
    Linker(String),
    /// A file could not be read or written.
    #[error("{action} {}: {source}", .path.display())]
    Io {
        /// The operation that failed.
        action: &'static str,
        /// Its path.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// Prelinking was refused before, and nothing has changed since.
    #[error("it was refused before")]
    Again,
}

impl Refusal {
    /// Makes an error that names the path.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

/// The most informative line: the first with "error" in it, or else the first one.
pub(super) fn telling_line(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.clone().next().unwrap_or("nothing");
    lines.find(|line| line.contains("error")).unwrap_or(first).to_owned()
}

#[cfg(test)]
mod tests {
    use super::telling_line;

    fn check(output: &str, expected: &str) {
        assert_eq!(telling_line(output.as_bytes()), expected);
    }

    #[test]
    fn the_first_error_is_the_reason() {
        check("note: a\n  ld: error: undefined symbol: x\nerror: b\n", "ld: error: undefined symbol: x");
        check("\n it did not work\n", "it did not work");
        check("", "nothing");
    }
}
