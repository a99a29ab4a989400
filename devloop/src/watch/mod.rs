//! File events, without noise, one burst at a time. `session` starts it and passes its bursts to the engine.
//!
//! It runs on a thread of its own, because adding a watch may block, and the main loop must not.

mod debounce;
mod error;
mod links;
mod noise;
mod repository;
mod system;
mod tree;
mod watcher;

#[cfg(test)]
mod tests;

pub(crate) use error::WatchError;
pub(crate) use tree::count;
pub(crate) use watcher::{Burst, Seen, Watcher};
