#![doc = include_str!("../README.md")]

mod companion;
mod compiler;
mod library;
mod link_line;
mod objects;
mod order;
mod refusal;
mod run;
mod store;

pub use companion::{CompanionError, companion_of, is_companion};
pub use compiler::take_part;
pub use run::run_in_place_of_the_linker;
pub use store::{HOME, Prelink, Refused};
