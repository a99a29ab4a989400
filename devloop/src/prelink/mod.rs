//! Prelinked dependencies (experimental): what a save does not change is linked once into a shared object, and a function's
//! program only against that.
//!
//! Devloop stands in rustc's place for members of the workspace already (`linker`); for a function's program it also has itself
//! called in the linker's. The command line that comes then names every crate. Those that are no members become one `dylib`,
//! made by rustc itself, so that it exports what rustc knows other crates may need; in the program's own link it stands for
//! them. The user's sources, manifests and lock file are as they were. Whatever is in the way, the ordinary link is made, and the
//! reason is told once.
//!
//! `linker` prepares it and hands it rustc's command line, `swap` puts the shared object beside the program, and `main` hands
//! the linker's place over.

mod companion;
mod compiler;
mod library;
mod link_line;
mod objects;
mod order;
mod refusal;
mod run;
mod store;

pub(crate) use companion::{companion_of, is_companion};
pub(crate) use compiler::take_part;
pub(crate) use run::run_in_place_of_the_linker;
pub(crate) use store::{HOME, Prelink};
