//! The message from one process of devloop to the next: cargo starts the first in rustc's place, and rustc starts the second in the
//! linker's place.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The variable that carries the order.
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
    /// The flags with which rustc makes the shared object for the same machine.
    pub(super) flags: Vec<String>,
    /// The flags about machine and linker with which rustc makes the program.
    pub(super) program_flags: Vec<String>,
    /// The shared object to link against; `None`: the one of the program's dependencies.
    pub(super) against: Option<PathBuf>,
}
