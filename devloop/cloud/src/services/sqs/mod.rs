//! SQS: standard and FIFO queues with visibility timeouts, long polling, dead-letter queues and their redrive.

mod about;
mod accept;
mod attempts;
mod attributes;
mod batch;
mod cloudformation;
mod counts;
mod deduplication;
mod deliver;
mod forms;
mod groups;
mod manage;
mod message;
mod messages;
mod metrics;
mod moves;
mod permissions;
mod queue;
mod receipt;
mod receive;
mod received;
mod redrive;
mod send;
mod service;
#[cfg(test)]
mod tests;
mod waiters;

pub(crate) use accept::content_id;
pub(crate) use deduplication::{Accepted, First};
pub(crate) use deliver::Poll;
pub(crate) use message::{Attribute, Parcel};
pub(crate) use queue::Queue;
pub(crate) use received::Received;
pub(crate) use service::Sqs;
