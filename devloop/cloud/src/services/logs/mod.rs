//! CloudWatch Logs: the logs of functions and clients, in memory. The `aws` command line can read them, and devloop's log
//! pane follows them.
//!
//! A group keeps its events for its retention, but at most 128 MB; its oldest events beyond that are dropped, which AWS
//! would keep. Encryption keys, log classes and deletion protection are refused by name, and so are live tails,
//! subscriptions and exports. Insights supports the commands fields, display, filter, sort, limit and stats, and refuses
//! others by name.

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
