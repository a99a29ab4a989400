//! Environments: processes of a function's binary. Each has its own Runtime API and handles one event at a time.

mod launch;
mod orphans;
mod output;
mod process;
mod runtime_api;
mod variables;

pub(crate) use launch::spawn_error;
pub(crate) use orphans::collect_orphans;
pub(crate) use process::{Answer, Environment, Failure, StartError};
pub(crate) use runtime_api::Event;
pub(crate) use variables::Surroundings;
