//! Mappings of queues: one feeder a mapping takes batches of messages, filters them, and hands each batch to the function
//! in a task of its own. What was done is deleted, everything else becomes visible again when its visibility timeout is
//! over, as the queue's own settings say [Using Lambda with Amazon SQS].

mod answer;
mod batch;
mod event;
mod feeder;
mod gauge;
mod settings;
#[cfg(test)]
mod tests;

pub(super) use feeder::Feeder;
pub(super) use settings::{check, defaults};
