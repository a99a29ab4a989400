//! Events without a waiting caller: accepted at once into one bounded queue, tried until they are done, and what became of
//! them told to a destination [How Lambda handles errors and retries with asynchronous invocation].

mod backlog;
mod courier;
mod decide;
mod record;
mod settings;

pub(super) use backlog::{Backlog, FUNCTION_BYTES, FUNCTION_EVENTS, TOTAL_BYTES, TOTAL_EVENTS};
pub(super) use courier::Courier;
pub(super) use settings::EventSettings;
