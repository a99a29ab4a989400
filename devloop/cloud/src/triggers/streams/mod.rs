//! Mappings of streams, from a shard's log to a function: one supervisor per mapping, one lane per shard (or as many as
//! the mapping's parallelization factor says), one batch at a time. What mappings of every kind share (their API, options and state) lies one floor up.

mod backoff;
mod batch;
mod call;
mod counts;
mod decide;
mod discard;
mod failure_record;
mod gather;
mod lane;
mod places;
mod progress;
mod supervisor;
mod window;

pub(super) use progress::Reading;
pub(super) use supervisor::Supervisor;
