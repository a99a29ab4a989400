//! SQS: standard queues with visibility timeouts, long polling and dead-letter queues.

mod attributes;
mod batch;
mod forms;
mod manage;
mod message;
mod messages;
mod queue;
mod receipt;
mod receive;
mod send;
mod service;
#[cfg(test)]
mod tests;

pub(crate) use service::Sqs;
