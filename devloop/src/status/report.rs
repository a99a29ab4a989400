//! The report: the content of the cloud's page `/_devloop/status`, and what devloop adds to it. Its JSON is the document that
//! `devloop status --json` prints.

use std::path::Path;

use devloop_cloud::Arn;
use serde::{Deserialize, Deserializer, Serialize};

use crate::engine::Millis;
use crate::status::kept::{Limits, Retained};
use crate::status::{Fallback, Finding};

/// A pipeline at one moment. A member that the cloud does not send keeps its default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StatusReport {
    /// The URL that clients use.
    pub(crate) endpoint: String,
    /// When the cloud was asked.
    pub(crate) at: Millis,
    /// How long the cloud has run.
    pub(crate) uptime_ms: u64,
    /// Every function of the cloud.
    pub(crate) functions: Vec<Function>,
    pub(crate) mappings: Vec<Mapping>,
    /// How far back totals reach, where they do not count from the cloud's start.
    pub(crate) window_ms: Option<u64>,
    /// How many requests the report took, if it comes from AWS's APIs.
    pub(crate) calls: Option<Calls>,
    /// The commit that is checked out in the workspace.
    pub(crate) commit: Option<Commit>,
    /// Every queue of the cloud, or those that mappings name.
    pub(crate) queues: Vec<Queue>,
    /// What became of the messages of all topics, where the cloud reports it.
    pub(crate) sns: Option<TopicCounts>,
    /// The bounds of the cloud's memory, where the cloud reports them.
    pub(crate) limits: Option<Limits>,
    /// What the cloud keeps in memory.
    pub(crate) retained: Option<Retained>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fallback: Option<Fallback>,
    /// From the first function's start to the last one's end; `None` if nothing was measured in the last minutes.
    pub(crate) latency: Option<Latency>,
    /// What devloop finds wrong; empty when all is well.
    pub(crate) problems: Vec<Finding>,
}

/// Requests to AWS's APIs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Calls {
    /// For this report.
    pub(crate) requests: u64,
    /// Metrics that were asked for, which AWS bills one by one.
    pub(crate) metrics: u64,
    /// Requests a minute while a report is watched.
    pub(crate) a_minute: u64,
}

/// The commit that is checked out in the workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Commit {
    /// The first characters of the commit's name.
    pub(crate) short: String,
    /// Whether files that git tracks have changed since.
    pub(crate) dirty: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Queue {
    pub(crate) region: String,
    pub(crate) name: String,
    /// How many messages it holds.
    pub(crate) counts: Messages,
    /// How long the oldest message has been there; `None` without messages, and where the cloud does not report it.
    pub(crate) oldest_ms: Option<u64>,
}

/// The messages of a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Messages {
    /// Messages that can be received.
    pub(crate) visible: u64,
    /// Messages that were received, and neither deleted nor made visible again.
    pub(crate) in_flight: u64,
    /// Messages whose delay is not over.
    pub(crate) delayed: u64,
}

/// The messages of topics.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct TopicCounts {
    /// Messages that were published.
    pub(crate) published: u64,
    /// Deliveries to subscriptions.
    pub(crate) delivered: u64,
    /// Deliveries that a subscription's filter policy did not want.
    pub(crate) filtered: u64,
    /// Deliveries that failed and are in a dead-letter queue.
    pub(crate) redriven: u64,
    /// Deliveries that failed for good, without a dead-letter queue.
    pub(crate) lost: u64,
    /// E-mails, which are kept instead of sent.
    pub(crate) mails: u64,
}

/// A Lambda function: its code on disk, deployed and answering, and its work since the cloud was started.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Function {
    /// Its name in Lambda.
    pub(crate) name: String,
    pub(crate) region: String,
    /// The account, if AWS's APIs reported it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// The directory of its `bootstrap`; the last segment is the binary's name.
    pub(crate) folder: Option<String>,
    /// Whether it runs from that directory.
    pub(crate) hot_reload: bool,
    /// Set if it runs from another directory than its template names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) drift: Option<Drift>,
    /// SHA-256 of the file in the directory, seen from where devloop runs.
    pub(crate) on_disk_digest: Option<String>,
    /// Whether the directory exists on this machine, but holds no file to run.
    pub(crate) bootstrap_missing: bool,
    /// Whether that is because a session is building the function for the first time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) being_built: bool,
    /// SHA-256 of the code that is started for new requests.
    pub(crate) deployed_digest: Option<String>,
    /// SHA-256 of the code that gave the last answer.
    pub(crate) answering_digest: Option<String>,
    /// When that was.
    pub(crate) answered_ms: Option<Millis>,
    /// Whether the environment of the last answer began after the last update, so that the deployed code answers.
    #[serde(skip)]
    pub(crate) answers_newest: bool,
    /// Its processes.
    pub(crate) environments: Environments,
    /// Requests a second in the last one or two minutes.
    pub(crate) rate_per_s: Option<f64>,
    /// Most requests at once in that time.
    pub(crate) concurrency: Option<u64>,
    /// Requests that were begun.
    #[serde(deserialize_with = "whole")]
    pub(crate) invocations: u64,
    /// Requests that failed.
    #[serde(deserialize_with = "whole")]
    pub(crate) errors: u64,
    /// Requests that were turned away.
    #[serde(deserialize_with = "whole")]
    pub(crate) throttles: u64,
    /// The handler's time; none before the first request.
    pub(crate) duration_ms: Option<Distribution>,
    /// Why a request or a start failed last.
    pub(crate) last_error: Option<String>,
    /// When that was.
    pub(crate) last_error_ms: Option<Millis>,
}

/// The two directories of a function that an update moved to a directory of its own. A deployment that changes the code in the
/// template moves it back; a deployment of an unchanged template leaves it there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Drift {
    /// The directory that it runs from.
    pub(crate) deployed: String,
    /// The directory that the template names, which holds the same code.
    pub(crate) template: String,
}

impl Drift {
    /// The drift of a function that runs from this directory, which is `dist/.gen/FUNCTION/DIGEST` instead of `dist/FUNCTION`.
    pub(crate) fn of(folder: &str) -> Option<Self> {
        let (dist, rest) = folder.split_once("/.gen/")?;
        let (binary, _digest) = rest.split_once('/')?;
        Some(Self { deployed: folder.to_owned(), template: format!("{dist}/{binary}") })
    }
}

/// The processes of a function.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Environments {
    /// Processes that wait for a request.
    pub(crate) idle: u64,
    /// Processes that work on a request.
    pub(crate) busy: u64,
    /// Processes that are not ready for their first request.
    pub(crate) starting: u64,
    /// Requests that wait for a process.
    pub(crate) waiting: u64,
    /// Starts that a request had to wait for.
    pub(crate) cold_starts: u64,
}

/// What was measured, in ms.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Distribution {
    /// How many values.
    #[serde(deserialize_with = "whole")]
    pub(crate) count: u64,
    /// Their sum.
    pub(crate) sum: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) p50: f64,
    /// 19 of 20 are at most this.
    pub(crate) p95: f64,
    /// 99 of 100 are at most this.
    pub(crate) p99: f64,
}

/// An event source mapping and how far it is behind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Mapping {
    pub(crate) uuid: String,
    /// The function's name in Lambda.
    pub(crate) function: String,
    /// The stream's or queue's ARN.
    pub(crate) source: String,
    /// `Enabled`, `Disabled`, or a state in between.
    pub(crate) state: String,
    /// `OK`, `No records processed`, or a text that begins with `PROBLEM:`.
    pub(crate) last_result: String,
    /// Records in the stream that are not settled.
    #[serde(deserialize_with = "whole")]
    pub(crate) lag_records: u64,
    /// How long the oldest of them has waited.
    pub(crate) oldest_unprocessed_ms: Option<u64>,
    /// Whether the lag is a minimum that was read from the stream: the records since the function last ended a request.
    pub(crate) at_least: bool,
    /// Answers whose failed items were ignored, because the mapping lacks `ReportBatchItemFailures`.
    pub(crate) ignored_failures: u64,
    /// The stream's shards, where the cloud reports them.
    pub(crate) shards: Vec<Shard>,
}

/// One shard as a mapping reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Shard {
    pub(crate) id: String,
    /// Records in the shard that are not settled.
    pub(crate) lag_records: u64,
    /// Records that the function is working on.
    pub(crate) in_flight: u64,
    /// Calls that repeated a failed one.
    pub(crate) retried: u64,
    /// Batches that were split in two after a failure.
    pub(crate) bisected: u64,
    /// Batches of which the answer settled only a part.
    pub(crate) checkpointed: u64,
    /// Records that were given up.
    pub(crate) discarded: u64,
    /// Records that no filter let through.
    pub(crate) filtered: u64,
    /// The tumbling window that is open.
    pub(crate) window: Option<OpenWindow>,
}

/// An open tumbling window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct OpenWindow {
    /// In ms since the epoch.
    pub(crate) start_ms: u64,
    /// In ms since the epoch; the window ends before it.
    pub(crate) end_ms: u64,
    /// Records that have gone into its state.
    pub(crate) records: u64,
    /// The state's size as JSON.
    pub(crate) state_bytes: u64,
}

impl Shard {
    /// Whether anything happened in the shard beyond waiting records.
    pub(crate) fn is_eventful(&self) -> bool {
        let counts =
            [self.in_flight, self.retried, self.bisected, self.checkpointed, self.discarded, self.filtered];
        counts.iter().any(|count| *count > 0) || self.window.is_some()
    }
}

/// End-to-end latency over the last minutes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Latency {
    pub(crate) namespace: String,
    pub(crate) metric: String,
    /// How far back the figures reach.
    pub(crate) window_ms: u64,
    /// How many requests were complete.
    #[serde(deserialize_with = "whole")]
    pub(crate) count: u64,
    /// The median, in ms.
    pub(crate) p50: f64,
    /// 19 of 20 took at most this, in ms.
    pub(crate) p95: f64,
    /// 99 of 100 took at most this, in ms.
    pub(crate) p99: f64,
}

impl StatusReport {
    /// The name that people know the Lambda function by: its binary's, unless two functions share it.
    pub(crate) fn label<'a>(&'a self, lambda_name: &'a str) -> &'a str {
        let function = self.functions.iter().find(|function| function.name == lambda_name);
        let Some(binary) = function.and_then(Function::binary) else { return lambda_name };
        let sharing = self.functions.iter().filter(|other| other.binary() == Some(binary)).count();
        if sharing == 1 { binary } else { lambda_name }
    }
}

impl Function {
    /// The name of its binary, where it runs from a directory.
    pub(crate) fn binary(&self) -> Option<&str> {
        let folder = self.folder.as_deref().filter(|_| self.hot_reload)?;
        let own = self.drift.as_ref().map_or(folder, |drift| drift.template.as_str());
        Path::new(own).file_name()?.to_str()
    }
}

impl Mapping {
    /// The name of the stream or queue as it is shown: without the rest of the ARN, and for a name made by CloudFormation
    /// only the template's own name.
    pub(crate) fn source_name(&self) -> &str {
        let resource = Arn::parse(&self.source).map_or(self.source.as_str(), |arn| arn.resource);
        let mut segments = resource.split('/');
        let first = segments.next().unwrap_or(resource);
        let name = segments.next().unwrap_or(first);
        logical_id(name).unwrap_or(name)
    }
}

/// The middle of `stack-logicalId-suffix`, if the name is of that form `[AWS CloudFormation resource names, physical IDs]`.
fn logical_id(name: &str) -> Option<&str> {
    let (rest, suffix) = name.rsplit_once('-')?;
    let (stack, id) = rest.rsplit_once('-')?;
    let is_random =
        suffix.len() >= 12 && suffix.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    (is_random && !stack.is_empty() && !id.is_empty()).then_some(id)
}

/// Reads a count, which metrics report as a floating-point number.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Ok(f64::deserialize(deserializer)?.round() as u64)
}
