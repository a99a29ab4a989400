//! A mapping's options: what the API takes, the limits it checks, and what delivery makes of them.

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

/// How a mapping delivers. The defaults are those of [`CreateEventSourceMapping`, Lambda API reference].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// The most records of one invocation.
    pub(crate) batch_size: usize,
    /// How long a batch that is not full waits for more records.
    pub(crate) window: Duration,
    /// Invocations after the first failed one; `None` means until the records expire.
    pub(crate) retries: Option<u32>,
    /// Records older than this are discarded; `None` means never.
    pub(crate) record_age: Option<Duration>,
    /// Whether a failed batch is split in two.
    pub(crate) bisect: bool,
    /// Whether the function's answer names the records that failed (`ReportBatchItemFailures`).
    pub(crate) partial_answers: bool,
    /// The ARN of the queue that is told of discarded batches.
    pub(crate) on_failure: Option<String>,
    /// How many batches of a shard may be under way at a time, each with keys of its own.
    pub(crate) factor: usize,
    /// The length of tumbling windows.
    pub(crate) tumbling: Option<Duration>,
    /// How many batches of a queue may be under way at a time; the cloud's own limit without a wish.
    pub(crate) concurrency: Option<usize>,
    /// Only what one of these accepts is delivered; everything, when there is none.
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
