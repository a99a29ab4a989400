//! Mappings of streams, from a shard's log to a function: one supervisor per mapping, one lane per shard, one batch at a
//! time. What mappings of every kind share (their API, options and state) lies one floor up.

mod backoff;
mod batch;
mod decide;
mod failure_record;
mod lane;
mod progress;
mod supervisor;

pub(super) use progress::Reading;
pub(super) use supervisor::Supervisor;
