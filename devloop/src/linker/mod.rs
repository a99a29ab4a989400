//! How the functions' binaries are compiled and linked, beside what the user's own cargo does with the same sources.
//!
//! Cargo starts devloop as rustc wrapper for members of the workspace (`RUSTC_WORKSPACE_WRAPPER`). Devloop adds what makes a link
//! short: no debug information, and the fastest linker that is installed and works. Cargo keeps the output of a wrapper apart from
//! output that was made without one, and uses no wrapper for dependencies. So `cargo build` by hand and devloop share the
//! dependencies, and neither overwrites the other's work. `build` uses this module, `doctor` measures with it, and `main` calls it
//! when devloop runs as the wrapper.

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
