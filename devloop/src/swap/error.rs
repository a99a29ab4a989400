//! Why a binary cannot be put in place.

use std::io;
use std::path::{Path, PathBuf};

use crate::engine::Problem;
use crate::machine::{ReadError, Refusal};

/// A failed swap. The previous binary is still in place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SwapError {
    /// No space is left.
    #[error("put the binary in place: the disk that holds {} is full", .0.display())]
    DiskFull(PathBuf),
    /// Writing to the file system or the directory is not permitted.
    #[error("put the binary in place: {} cannot be written", .0.display())]
    ReadOnly(PathBuf),
    /// Any other error of the file system.
    #[error("{action} {}: {source}", .path.display())]
    Io {
        /// The operation that failed.
        action: &'static str,
        /// Its path.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The shared object of prelinked dependencies cannot be used.
    #[error("find the dependencies of {}: {reason}", .path.display())]
    Companion {
        /// The program.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The program that was kept for a rollback is gone, or was replaced.
    #[error("take the former code from {}: it is not there any more", .0.display())]
    FormerLost(PathBuf),
    /// Cargo's file is not a program for Linux.
    #[error("check {}: it is not a 64-bit ELF program", .0.display())]
    NotElf(PathBuf),
    /// The binary does not fit its machine.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl SwapError {
    /// Makes the error; causes that a user can act upon get a variant of their own.
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull(path.to_owned()),
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                Self::ReadOnly(path.to_owned())
            }
            _ => Self::Io { action, path: path.to_owned(), source },
        }
    }

    /// The error of a failed copy into a directory. A full disk or a missing permission concerns that directory.
    pub(super) fn copy(from: &Path, into: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::ReadOnlyFilesystem => {
                Self::io("write into", into, source)
            }
            _ => Self::io("copy", from, source),
        }
    }

    /// The error of a file that is not a program for Lambda's machines.
    pub(super) fn unreadable(path: &Path, error: ReadError) -> Self {
        match error {
            ReadError::Io(source) => Self::io("read", path, source),
            ReadError::NotElf => Self::NotElf(path.to_owned()),
        }
    }

    /// The error with its stable code and the next step.
    pub(crate) fn problem(&self) -> Problem {
        let message = self.to_string();
        match self {
            Self::DiskFull(_) => Problem::new("disk_full", message)
                .with_hint("free some space, then save any source file again"),
            Self::ReadOnly(_) => Problem::new("dist_read_only", message)
                .with_hint("set LAMBDA_DIST_PATH to a directory of your own"),
            Self::Io { .. } => Problem::new("swap_failed", message),
            Self::Companion { .. } => Problem::new("prelink_broken", message)
                .with_hint("save any source file of the function again: it is linked anew then"),
            Self::FormerLost(_) => Problem::new("former_code_lost", message)
                .with_hint("undo the edit: a save puts the same code in place again"),
            Self::NotElf(_) => Problem::new("not_elf", message),
            Self::Refused(refusal) => refusal.problem(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rustix::io::Errno;

    use super::SwapError;

    fn check(number: Errno, expected: &str) {
        let error = SwapError::io("copy", Path::new("/d"), number.into());
        assert_eq!(error.problem().code, expected);
    }

    #[test]
    fn what_the_user_can_repair_is_named() {
        check(Errno::NOSPC, "disk_full");
        check(Errno::DQUOT, "disk_full");
        check(Errno::ROFS, "dist_read_only");
        check(Errno::ACCESS, "dist_read_only");
        check(Errno::IO, "swap_failed");
    }
}
