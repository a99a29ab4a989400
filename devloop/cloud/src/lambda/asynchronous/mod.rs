//! Asynchronous invocations: each event is accepted at once into a bounded queue, tried until it is settled, and its
//! outcome is sent to a destination [How Lambda handles errors and retries with asynchronous invocation].

mod backlog;
mod courier;
mod decide;
mod record;
mod settings;

pub(super) use backlog::{Backlog, FUNCTION_BYTES, FUNCTION_EVENTS, TOTAL_BYTES, TOTAL_EVENTS};
pub(super) use courier::Courier;
pub(super) use settings::EventSettings;
