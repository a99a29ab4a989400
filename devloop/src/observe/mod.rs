//! Reads the state of a running pipeline over HTTP, as any other process could, for `devloop status` and the terminal UI.

mod apis;
mod digests;
mod first_build;
mod latency;
mod localstack;
mod pipeline;
mod request;
mod scrapes;

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::aws::Bounds;

/// The limits of an answer.
const BOUNDS: Bounds = Bounds { time: Duration::from_secs(5), bytes: 16 << 20 };

pub(crate) use digests::Local;
pub(crate) use first_build::FirstBuilds;
pub(crate) use latency::Metric;
pub(crate) use pipeline::Pipeline;
pub(crate) use request::request;
pub(crate) use scrapes::Scrapes;
