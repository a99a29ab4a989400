//! The report: what the cloud says of itself on its page `/_devloop/status`, and what devloop adds to it. Its JSON is the
//! document that `devloop status --json` prints.

use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize};

use crate::engine::Millis;
use crate::status::Finding;

/// A pipeline at one moment. A member that the cloud does not send keeps its default.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Report {
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
    /// What the report took, where it was put together from AWS's APIs.
    pub(crate) calls: Option<Calls>,
    /// The commit that the workspace stands on.
    pub(crate) commit: Option<Commit>,
    /// Every queue of the cloud, or those that mappings name.
    pub(crate) queues: Vec<Queue>,
    /// What bounds the cloud's memory, where it tells.
    pub(crate) limits: Option<Limits>,
    /// What it keeps.
    pub(crate) retained: Option<Retained>,
    /// From the first function's start to the last one's end; none where nothing was measured in the last minutes.
    pub(crate) latency: Option<Latency>,
    /// What is wrong; empty when all is well. devloop's own judgement.
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

/// Where the workspace stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Commit {
    /// The first characters of the commit's name.
    pub(crate) short: String,
    /// Files that git follows were changed since.
    pub(crate) dirty: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Queue {
    pub(crate) region: String,
    pub(crate) name: String,
    /// Its messages.
    pub(crate) counts: Messages,
    /// How long the oldest of them has been there; none without messages, and where the cloud does not tell.
    pub(crate) oldest_ms: Option<u64>,
}

/// The messages of a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Messages {
    /// A receive would get them.
    pub(crate) visible: u64,
    /// Received, and neither deleted nor given back.
    pub(crate) in_flight: u64,
    /// Sent with a delay that is not over.
    pub(crate) delayed: u64,
}

/// What bounds the memory of devloop's own cloud. A table keeps its items until they are deleted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Limits {
    /// Bytes of one shard, of a stream or of a table's.
    pub(crate) shard_bytes: u64,
    /// How long a table's stream keeps a change.
    pub(crate) table_stream_retention_ms: u64,
    /// Bytes of one log group.
    pub(crate) log_group_bytes: u64,
    /// Metrics of one region.
    pub(crate) metrics_per_region: u64,
    /// How long a metric is known by the second.
    pub(crate) metric_seconds_retention_ms: u64,
    /// How long it is known by the minute.
    pub(crate) metric_minutes_retention_ms: u64,
}

/// What devloop's own cloud keeps now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Retained {
    /// Records of Kinesis streams.
    pub(crate) stream_records: u64,
    /// Their bytes.
    pub(crate) stream_bytes: u64,
    /// Items of tables.
    pub(crate) table_items: u64,
    /// Their bytes.
    pub(crate) table_bytes: u64,
    /// Changes in tables' streams.
    pub(crate) table_stream_records: u64,
    /// Their bytes.
    pub(crate) table_stream_bytes: u64,
    /// Lines of log groups.
    pub(crate) log_events: u64,
    /// Their bytes.
    pub(crate) log_bytes: u64,
    pub(crate) metrics: u64,
}

/// A Lambda function: its code in three places, and its work since the cloud was started.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Function {
    /// Its name in Lambda.
    pub(crate) name: String,
    pub(crate) region: String,
    /// Whose it is, where it was told by AWS's APIs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// The directory of its `bootstrap`; the last segment is the binary's name.
    pub(crate) folder: Option<String>,
    /// Whether it runs from that directory.
    pub(crate) hot_reload: bool,
    /// It runs from another directory than its template names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) drift: Option<Drift>,
    /// SHA-256 of the file in the directory, seen from where devloop runs.
    pub(crate) on_disk_digest: Option<String>,
    /// The directory can be seen from where devloop runs, and holds no file to run.
    pub(crate) bootstrap_missing: bool,
    /// That is so because a session builds it for the first time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) being_built: bool,
    /// SHA-256 of the code that is started for new requests.
    pub(crate) deployed_digest: Option<String>,
    /// SHA-256 of the code that gave the last answer.
    pub(crate) answering_digest: Option<String>,
    /// When that was.
    pub(crate) answered_ms: Option<Millis>,
    /// The environment of the last answer began after the last update, so that code is the deployed one, whichever that is.
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

/// A function that an update led to a directory of its own. A deployment that changes the code in the template leads it back; one
/// of an unchanged template leaves it there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Drift {
    /// The directory that it runs from.
    pub(crate) deployed: String,
    /// The directory that the template names, which holds the same code.
    pub(crate) template: String,
}

impl Drift {
    /// The drift of a function that runs from the directory: `dist/.gen/FUNCTION/DIGEST` instead of `dist/FUNCTION`.
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
    /// Waiting for a request.
    pub(crate) idle: u64,
    /// Working on one.
    pub(crate) busy: u64,
    /// Not yet ready for the first.
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
    /// `Enabled`, `Disabled`, or what is on the way there.
    pub(crate) state: String,
    /// `OK`, `No records processed`, or a text that begins with `PROBLEM:`.
    pub(crate) last_result: String,
    /// Records that are in the stream and not settled.
    #[serde(deserialize_with = "whole")]
    pub(crate) lag_records: u64,
    /// How long the oldest of them has waited.
    pub(crate) oldest_unprocessed_ms: Option<u64>,
    /// The lag was read off the stream: the records since the function last ended a request. There may be more.
    pub(crate) at_least: bool,
    /// Answers that named failed items and were not read, because the mapping lacks `ReportBatchItemFailures`.
    pub(crate) ignored_failures: u64,
    /// The stream's shards, where the cloud tells of them.
    pub(crate) shards: Vec<Shard>,
}

/// One shard as a mapping reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Shard {
    pub(crate) id: String,
    /// Records that are in it and not settled.
    pub(crate) lag_records: u64,
    /// Records that the function has now.
    pub(crate) in_flight: u64,
    /// Calls that repeated a failed one.
    pub(crate) retried: u64,
    /// Batches that were split in two after a failure.
    pub(crate) bisected: u64,
    /// Batches of which the answer settled a part.
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
    /// Whether there is more to tell of it than how much waits.
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

impl Report {
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
    /// What people know the stream or queue by: its name without the rest of the ARN, and of a name that CloudFormation made up
    /// only what the template calls it.
    pub(crate) fn source_name(&self) -> &str {
        let resource = self.source.splitn(6, ':').nth(5).unwrap_or(&self.source);
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

/// Metrics count in floating point; a count is a whole number.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Ok(f64::deserialize(deserializer)?.round() as u64)
}
