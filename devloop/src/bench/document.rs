//! The document of a run: what `--json` prints, what is saved under a name, and what the page embeds. Its form is published in
//! `devloop/schemas/bench.schema.json`.

use serde::{Deserialize, Serialize};

use crate::bench::chain::ChainReport;
use crate::bench::compare::{Block, Comparison};
use crate::bench::distribution::{Described, Figures};
use crate::bench::threshold::Judged;
use crate::bench::timeline::{Heat, Timeline};
use crate::bench::usage::ProcessUse;

/// The version of the form; devloop refuses documents with another one.
pub(crate) const VERSION: u32 = 1;

/// A run. Times are in ms, rates a second.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    /// The version of this form.
    pub(crate) version: u32,
    /// The run's parameters.
    pub(crate) run: RunInfo,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// Findings, most important first.
    pub(crate) findings: Vec<String>,
    /// The stage that limits the rate.
    pub(crate) saturated: Option<Saturated>,
    /// Numbers of requests.
    pub(crate) counts: Counts,
    /// Numbers a second.
    pub(crate) rates: Rates,
    /// The reference's checks.
    pub(crate) checks: Vec<Check>,
    /// What the client saw.
    pub(crate) http: Http,
    /// From the gateway's receipt to the sink.
    pub(crate) end_to_end_ms: Figures,
    /// From the client's clock to the sink; exact only where both clocks are this machine's.
    pub(crate) client_ms: Figures,
    /// Requests whose client clock counts in seconds.
    pub(crate) coarse: u64,
    /// The file of latencies as the reference's snippet describes it; in s.
    pub(crate) latencies: Option<Described>,
    /// The pipeline's three stages; empty for another chain.
    pub(crate) stages: Vec<Stage>,
    /// The functions of a chain that is not the pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) chain: Option<ChainReport>,
    /// The run over time.
    pub(crate) timeline: Timeline,
    /// Processor time and memory.
    pub(crate) usage: UsageReport,
    /// The conditions of `--fail-if`, and whether they hold.
    pub(crate) thresholds: Vec<Judged>,
    /// The comparison for `--against`.
    pub(crate) comparison: Option<Comparison>,
    /// Latencies by the second they were complete in, for comparing with a later run.
    pub(crate) blocks: Vec<Block>,
}

/// The run's parameters.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct RunInfo {
    /// The run's name, which every request carried.
    pub(crate) id: String,
    /// When the load began, in ms since the epoch.
    pub(crate) began_ms: i64,
    /// How long requests were sent, and answers awaited.
    pub(crate) load_ms: f64,
    /// From the load's end to the last request's completion.
    pub(crate) drain_ms: f64,
    /// `closed` or `open`.
    pub(crate) model: String,
    /// The wanted requests a second; only in the open model.
    pub(crate) rate: Option<f64>,
    /// Virtual users.
    pub(crate) vus: u32,
    /// Where requests were sent.
    pub(crate) api: String,
    /// Where they were followed.
    pub(crate) endpoint: String,
    /// Where requests were looked for in the end: `cloudwatch`, a database's URL without its password, or both.
    #[serde(default)]
    pub(crate) sink: String,
    /// Whether the load was ended by Ctrl-C.
    pub(crate) interrupted: bool,
    /// The code that answered.
    pub(crate) functions: Vec<FunctionInfo>,
    /// Processors of this machine.
    pub(crate) cores: usize,
    /// The machine's load average, which shows whether other programs were at work.
    pub(crate) load_average: Option<f64>,
}

/// A function that took part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FunctionInfo {
    /// The name that is shown.
    pub(crate) name: String,
    /// SHA-256 of its code, if the target reports it.
    pub(crate) digest: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// All that was accepted came through.
    #[default]
    Complete,
    /// The pipeline is quiet, nothing is pending, and something is missing.
    Lost,
    /// The waiting timed out; the figures are those of what came through.
    TimedOut,
}

/// The stage that limits the rate, with the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Saturated {
    /// The stage's name.
    pub(crate) stage: String,
    /// How that is known.
    pub(crate) reason: String,
}

/// Numbers of requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// Sent.
    pub(crate) sent: u64,
    /// Due by the schedule, but never sent.
    pub(crate) missed: u64,
    /// Answered with 200.
    pub(crate) accepted: u64,
    /// Answered otherwise, or not at all.
    pub(crate) refused: u64,
    /// In the table.
    pub(crate) stored: u64,
    /// At the sink.
    pub(crate) sunk: u64,
    /// Accepted, but never at the sink.
    pub(crate) lost: u64,
    /// Further rows at the sink.
    pub(crate) duplicated: u64,
    /// At the sink after a later one of the same user.
    pub(crate) reordered: u64,
    /// Not accepted, but at the sink nevertheless.
    pub(crate) unexpected: u64,
    /// Accepted, but not complete when the load ended.
    pub(crate) backlog: u64,
    /// Failure records in the mappings' queues; `None` if the target does not report them.
    pub(crate) given_up: Option<u64>,
}

/// Numbers a second.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rates {
    /// Accepted requests while the load lasted.
    pub(crate) accepted: f64,
    /// Complete runs until the last one was complete.
    pub(crate) complete: f64,
}

/// One of the reference's checks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Check {
    pub(crate) name: String,
    /// How many requests passed.
    pub(crate) passes: u64,
    /// How many did not.
    pub(crate) fails: u64,
}

/// What the client saw.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Http {
    /// From sending to the whole answer; in the open model from the time a request was due.
    pub(crate) duration_ms: Figures,
    /// From the beginning of one request to that of the user's next.
    pub(crate) iteration_ms: Figures,
    /// Answers by status; 0 stands for none.
    pub(crate) statuses: Vec<(u16, u64)>,
    /// The first answers that were not 200, with their bodies.
    pub(crate) refusals: Vec<String>,
    /// Why the generator could not send as planned, so that its times are not the pipeline's; `None` if it could.
    pub(crate) generator_saturated: Option<String>,
    /// How late the generator itself was.
    pub(crate) delay_ms: Figures,
}

/// A stage: from one instant to the next.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stage {
    /// `gateway_to_stream`, `stream_to_store` or `store_to_sink`.
    pub(crate) name: String,
    /// The name of the stage's function.
    pub(crate) function: String,
    /// The time of the stage for each request.
    pub(crate) time_ms: Figures,
    /// The part of that time before the function began.
    pub(crate) wait_ms: Option<Figures>,
    /// The handler's time for each invocation, as Lambda reports it.
    pub(crate) handler_ms: Option<Figures>,
    /// Invocations that had to wait for a process to start.
    pub(crate) cold_starts: u64,
    /// The mapping's IteratorAge: the age of the oldest record when a batch was taken.
    pub(crate) iterator_age_ms: Option<f64>,
    /// Accepted requests that got to this stage's end.
    pub(crate) arrived: u64,
    /// Those that did not.
    pub(crate) lost: Listing,
    /// Those that came more than once.
    pub(crate) duplicated: Listing,
    /// Those that came after a later one of the same user.
    pub(crate) reordered: Listing,
    /// Requests that were between the stage's two ends when the load ended.
    pub(crate) backlog: u64,
    /// The largest backlog during the run.
    pub(crate) backlog_max: u64,
    /// The cumulative distribution of the stage's time: ms, and the share of requests that took at most this.
    pub(crate) curve: Vec<(f64, f64)>,
    /// The stage's times over the run.
    pub(crate) heat: Heat,
}

/// A number of requests, and some of their ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listing {
    /// How many.
    pub(crate) count: u64,
    /// The first of them; `--detail` names all.
    pub(crate) first: Vec<String>,
}

/// How many ids are listed at most.
const LISTED: usize = 20;

impl Listing {
    /// A listing. `count` may be larger than the number of names.
    pub(crate) fn new<'a>(count: u64, names: impl IntoIterator<Item = &'a String>) -> Self {
        Self { count, first: names.into_iter().take(LISTED).cloned().collect() }
    }
}

/// The processor time and memory of the run, from the load's beginning until everything was complete.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct UsageReport {
    /// The cloud's process; `None` for a cloud on another machine.
    pub(crate) cloud: Option<ProcessUse>,
    /// The functions' processes, if they are the cloud's children.
    pub(crate) functions: Option<ProcessUse>,
    /// This program.
    pub(crate) generator: Option<ProcessUse>,
    /// Why something is not known.
    pub(crate) unknown: Option<String>,
}
