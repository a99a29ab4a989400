//! From cargo's binary to `dist/<function>/bootstrap`, in one step that nobody can see half done. `session` calls it.

mod early;
mod error;
mod former;
mod install;
mod staged;

#[cfg(test)]
mod tests;

pub(crate) use early::Early;
pub(crate) use error::SwapError;
pub(crate) use former::{forget, keep, restore};
pub(crate) use install::{Swapped, collect, digest_at, folder, make_function_directory, mirror, swap};
