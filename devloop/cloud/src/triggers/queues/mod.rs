//! Event source mappings of queues. One feeder for each mapping receives and filters batches of messages, and delivers each
//! batch in a task of its own. Messages that succeed are deleted; others become visible again after the queue's own
//! visibility timeout [Using Lambda with Amazon SQS].

mod answer;
mod batch;
mod event;
mod feeder;
mod gauge;
mod settings;
#[cfg(test)]
pub(super) mod tests;

pub(super) use feeder::Feeder;
pub(super) use settings::{check, defaults};
