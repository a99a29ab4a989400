//! `DynamoDB` and `DynamoDB` Streams: tables in memory, each behind its own lock, and the log of their changes.

mod attributes;
mod expiry;
mod expressions;
mod index;
mod item;
mod key;
mod number;
mod operations;
mod service;
mod settings;
mod store;
mod stream;
mod table;
mod value;

pub(crate) use service::DynamoDb;
pub(crate) use stream::{RETENTION_MS, TableStream};

#[cfg(test)]
mod tests;
