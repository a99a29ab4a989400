//! Mappings of streams, from a shard's log to a function. A mapping has one supervisor, a shard has one lane (or as many as
//! the parallelization factor says), and a lane has one batch in flight at a time. The parent module holds what mappings of
//! every kind share: their API, options and state.

mod backoff;
mod batch;
mod call;
mod counts;
mod decide;
mod discard;
mod failure_record;
mod gather;
mod lane;
mod pace;
mod places;
mod progress;
mod supervisor;
mod window;

pub(super) use progress::Reading;
pub(super) use supervisor::Supervisor;
