//! The options of a mapping: the members of the API's input, their limits, and the resulting settings.

mod destination;
mod filter;
mod limits;
mod options;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub(super) use filter::{Filter, show as show_filters};
pub(super) use limits::{check_tags, invalid};
pub(super) use options::Options;

/// The settings of a mapping's delivery. The defaults are those of [`CreateEventSourceMapping`, Lambda API reference].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// The most records in one invocation.
    pub(crate) batch_size: usize,
    /// How long a batch that is not full waits for more records.
    pub(crate) window: Duration,
    /// How often a failed batch is retried; `None` means until its records expire.
    pub(crate) retries: Option<u32>,
    /// Records older than this are discarded; `None` means never.
    pub(crate) record_age: Option<Duration>,
    /// Whether a failed batch is split in two.
    pub(crate) bisect: bool,
    /// Whether the function's answer may name the records that failed (`ReportBatchItemFailures`).
    pub(crate) partial_answers: bool,
    /// The ARN of the destination for records of discarded batches.
    pub(crate) on_failure: Option<String>,
    /// How many batches of a shard may be processed at the same time, each with its own keys (`ParallelizationFactor`).
    pub(crate) factor: usize,
    /// The length of tumbling windows.
    pub(crate) tumbling: Option<Duration>,
    /// How many batches of a queue may be processed at the same time; `None` means the cloud's own limit.
    pub(crate) concurrency: Option<usize>,
    /// Only records that one of these filters accepts are delivered; without filters, all are.
    pub(crate) filters: Vec<Filter>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            batch_size: 100,
            window: Duration::ZERO,
            retries: None,
            record_age: None,
            bisect: false,
            partial_answers: false,
            on_failure: None,
            factor: 1,
            tumbling: None,
            concurrency: None,
            filters: Vec::new(),
        }
    }
}
