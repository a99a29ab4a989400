//! S3: buckets whose small objects are in memory and whose other objects are on disk. Objects are read and written as
//! streams.
//!
//! Signatures are not verified, as everywhere in this cloud. A request without a signature is anonymous, and is refused
//! where AWS refuses it. Websites, replication, object lock, select, inventory and analytics are refused by name.

mod about;
mod access;
mod address;
mod bridge;
mod bucket;
mod checksum;
mod chunked;
mod cloudformation;
mod conditions;
mod content;
mod cors;
mod custom;
mod digest;
mod document;
mod encryption;
mod error;
mod inside;
mod lifecycle;
mod names;
mod notify;
mod operations;
mod ownership;
mod range;
mod service;
#[cfg(test)]
mod tests;
mod upload;
mod version;

pub(crate) use service::S3;
