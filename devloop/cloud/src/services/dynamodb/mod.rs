//! DynamoDB and DynamoDB Streams: tables in memory, each with its own lock, and the log of their changes.

mod about;
mod attributes;
mod cloudformation;
mod destination;
mod expiry;
mod expressions;
mod fill;
mod index;
mod item;
mod key;
mod key_schema;
mod number;
mod operations;
mod packed;
mod partiql;
mod service;
mod settings;
mod store;
mod stream;
mod table;
mod throughput;
mod value;

pub(crate) use about::DynamoDbStreams;
pub(crate) use service::DynamoDb;
pub(crate) use stream::TableStream;

#[cfg(test)]
mod tests;
