//! From a shard's log to a function: one supervisor per mapping, one lane per shard, one batch at a time.

mod backoff;
mod batch;
mod decide;
mod progress;
mod shard;
mod supervisor;

pub(super) use progress::Reading;
pub(super) use supervisor::Supervisor;
