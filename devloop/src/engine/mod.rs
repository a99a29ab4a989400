//! Decides what the edit loop does: events in, effects out. Pure: no files, no clock, no tasks; time arrives inside events.
//!
//! `session` calls [`fn@update`] for every event and carries out what it returns; sinks read [`Notice`]s and [`State`].

mod build;
mod burst;
mod effect;
mod event;
mod inputs;
mod install;
mod notice;
mod plan;
mod queue;
mod rollback;
mod standby;
mod state;
mod templates;
mod timings;
mod types;
mod update;

#[cfg(test)]
mod tests;

pub(crate) use effect::{BuildOrder, Effect, SwapOrder, WatchList};
pub(crate) use event::{Ended, Event, Fact, Generation, Millis};
pub(crate) use notice::{Notice, Phases};
pub(crate) use state::{Failure, Following, FunctionState, Serving, State};
pub(crate) use templates::{StackUpdate, Templates, TemplatesApplied};
pub(crate) use types::{
    Artifact, Destination, Diagnostic, Digest, Level, Location, Machine, Problem, RolledBack,
};
pub(crate) use update::update;
