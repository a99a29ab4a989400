//! Puts cargo's binary into `dist/<function>/bootstrap` atomically. `session` calls it.

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
pub(crate) use install::{
    Swapped, collect, digest_at, folder, keep_aside, make_function_directory, mirror, swap,
};
