//! How the functions' binaries are compiled and linked, beside what the user's own cargo does with the same sources.
//!
//! Cargo starts devloop as rustc wrapper for members of the workspace (`RUSTC_WORKSPACE_WRAPPER`). Devloop adds what makes a link
//! short: no debug information, and the fastest linker that is installed and works. Cargo files what a wrapper made apart
//! from what was made without one, and asks no wrapper for dependencies: `cargo build` by hand and devloop share those, and
//! neither throws the other's work away. `build` uses it, `doctor` measures it, and `main` hands rustc's place over.

mod choose;
mod linking;
mod measure;
mod probe;
mod wrapper;

pub(crate) use choose::{Linker, Probe, Verdict, choose};
pub(crate) use linking::{Linking, Prepared, measuring_wrapper, obstacle, wanted};
pub(crate) use measure::{PLAN, Plan, Times};
pub(crate) use probe::{probe, probe_all};
pub(crate) use wrapper::run_in_place_of_rustc;
