//! The state of a running pipeline: the report that `devloop status` prints and the terminal UI shows, its problems, and its plain
//! text; and the stages and API calls of a pipeline. Pure; `observe` collects the report's values.

mod api_call;
mod fallback;
mod figures;
mod findings;
mod hop;
mod kept;
mod prometheus;
mod report;
mod shards;
mod source;
mod text;

#[cfg(test)]
mod tests;

pub(crate) use api_call::ApiCall;
pub(crate) use fallback::Fallback;
pub(crate) use figures::{age, count, milliseconds};
pub(crate) use findings::{Finding, findings};
pub(crate) use hop::Hop;
pub(crate) use prometheus::{exposition, silence};
pub(crate) use report::{
    Calls, Commit, Distribution, Drift, Function, Latency, Mapping, Messages, Queue, StatusReport,
    TopicCounts,
};
pub(crate) use source::StatusSource;
pub(crate) use text::{Section, Tone, lines};
