//! Looks at a running pipeline from outside, over HTTP, as any other process could: `devloop status` and the terminal UI ask
//! here how it fares.

mod apis;
mod client;
mod digests;
mod keys;
mod latency;
mod localstack;
mod pipeline;
mod post;
mod scrapes;

#[cfg(test)]
mod tests;

pub(crate) use crate::http::region_of_profile;
pub(crate) use client::{Keys, Place};
pub(crate) use digests::Local;
pub(crate) use keys::find as find_keys;
pub(crate) use latency::Metric;
pub(crate) use pipeline::Pipeline;
pub(crate) use post::post;
pub(crate) use scrapes::Scrapes;
