//! CloudWatch Logs: what functions and clients log, kept in memory, read by the `aws` command line and followed by
//! devloop's log pane.
//!
//! A group keeps its events for its retention and up to 128 MB; beyond that its oldest events go, which AWS would keep.
//! Encryption keys, log classes and deletion protection are refused by name, and so are live tails, subscriptions and exports.
//! Insights answers queries of the commands fields, display, filter, sort, limit and stats; it names those that it lacks.

mod about;
mod cloudformation;
mod errors;
mod filter;
mod group;
mod groups;
mod insights;
mod live;
mod metric_filters;
mod pattern;
mod put;
mod read;
mod service;
mod streams;
mod tags;
#[cfg(test)]
mod tests;

pub(crate) use group::BYTES as GROUP_BYTES;
pub use live::LogEvent;
pub(crate) use service::Logs;
