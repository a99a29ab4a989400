//! Kinesis Data Streams: streams of shards, which are ordered logs of records, for clients and event source mappings.

mod about;
mod cloudformation;
mod consumers;
mod describe;
mod encryption;
mod get;
mod lifecycle;
mod monitoring;
mod put;
mod reshard;
mod sequence;
mod service;
mod shard;
mod stream;
mod subscribe;
mod tags;
mod target;
#[cfg(test)]
mod tests;
mod throughput;
mod token;
mod validate;

pub(crate) use consumers::Consumed;
pub(crate) use service::Kinesis;
pub(crate) use shard::{Record, Shard};
pub(crate) use stream::Stream;
