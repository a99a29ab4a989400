//! What one process of devloop tells the next: cargo starts it in rustc's place, and rustc starts it in the linker's.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where it is told.
pub(super) const ORDER: &str = "DEVLOOP_PRELINK_ORDER";

/// A program that is to be linked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    /// Devloop's directory for prelinked dependencies.
    pub(super) home: PathBuf,
    /// The compiler.
    pub(super) rustc: PathBuf,
    /// The program's crate.
    pub(super) function: String,
    /// The linker that would be called otherwise.
    pub(super) linker: String,
    /// What rustc must be told to make the shared object for the same machine.
    pub(super) flags: Vec<String>,
    /// What it is told about machine and linker when it makes the program.
    pub(super) program_flags: Vec<String>,
    /// The shared object to link against; none: whatever the program's dependencies are in.
    pub(super) against: Option<PathBuf>,
}
