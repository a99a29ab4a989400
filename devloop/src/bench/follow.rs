//! Follows a run of the pipeline: reads the sink's rows while the run goes on, and the other stages' lines when it is complete.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::bench::account::StoreRow;
use crate::bench::http::{Client, Service};
use crate::bench::row::{Line, LogEvent, SinkRow};
use devloop_cloud::ReportLine;

/// By how much each reading of a log overlaps the last one, in ms. A function's lines appear when its invocation ends, with the time
/// when they were written: lines that appear late lie before others that were read already.
pub(crate) const OVERLAP_MS: i64 = 1_000;

/// The filter for the functions' own JSON lines and for Lambda's REPORT lines.
const STAGE_LINES: &str = "?REPORT ?outcome";

/// A place where the sink's rows can be read: its log group, or its table.
pub(crate) trait Rows {
    /// The rows that are new since the last call.
    async fn fresh(&mut self) -> Result<Vec<SinkRow>, String>;

    /// All rows of the run that no call has returned yet, also those with an old time. Asked once, when nothing new comes any more.
    async fn rest(&mut self) -> Result<Vec<SinkRow>, String>;
}

/// The sink's log group.
pub(crate) struct LogRows {
    group: LogGroup,
    from: i64,
    latest: i64,
    /// The times of the rows that were returned already, by their event id.
    told: HashMap<String, i64>,
    wanted: Wanted,
}

/// Decides which rows belong to the run.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// The run's name; `None`: rows of any run count.
    pub(crate) run: Option<String>,
    /// The earliest time of receipt by the gateway, in ms since the epoch. An earlier run may have had the same name.
    pub(crate) received_from: Option<i64>,
}

impl Wanted {
    fn wants(&self, run: Option<&str>, received: Option<i64>) -> bool {
        self.run.as_deref().is_none_or(|wanted| run == Some(wanted))
            && self.received_from.is_none_or(|from| received.is_none_or(|received| received >= from))
    }
}

impl LogRows {
    /// The run's rows in the group, logged at `from` (ms since the epoch) or later.
    pub(crate) fn new(group: LogGroup, from: i64, wanted: Wanted) -> Self {
        Self { group, from, latest: from, told: HashMap::new(), wanted }
    }

    async fn read(&mut self, from: i64) -> Result<Vec<SinkRow>, String> {
        let mut fresh = Vec::new();
        let (told, wanted) = (&mut self.told, &self.wanted);
        let mut latest = self.latest;
        self.group
            .read(from, "measured", |event| {
                latest = latest.max(event.timestamp);
                let Some(row) = SinkRow::from_event(event) else { return };
                let is_new = told.insert(row.place.1.clone(), row.place.0).is_none();
                if is_new && wanted.wants(Some(&row.run), row.received) {
                    fresh.push(row);
                }
            })
            .await?;
        self.latest = latest;
        Ok(fresh)
    }
}

impl Rows for LogRows {
    async fn fresh(&mut self) -> Result<Vec<SinkRow>, String> {
        let from = (self.latest - OVERLAP_MS).max(self.from);
        self.read(from).await
    }

    async fn rest(&mut self) -> Result<Vec<SinkRow>, String> {
        self.read(self.from).await
    }
}

/// A log group of a target.
#[derive(Clone)]
pub(crate) struct LogGroup {
    /// The target's APIs.
    pub(crate) client: Client,
    pub(crate) region: String,
    pub(crate) name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    events: Vec<LogEvent>,
    next_token: Option<String>,
}

impl LogGroup {
    /// Reads all events since `from` that match the pattern. Lambda creates the group with the function's first line, so a group that
    /// does not exist has no events.
    pub(crate) async fn read(
        &self,
        from: i64,
        pattern: &str,
        mut take: impl FnMut(LogEvent),
    ) -> Result<(), String> {
        let mut token: Option<String> = None;
        loop {
            let mut input = json!({ "logGroupName": self.name, "startTime": from, "filterPattern": pattern });
            if let Some(token) = &token {
                input["nextToken"] = json!(token);
            }
            let answer = self.client.call(Service::Logs, &self.region, "FilterLogEvents", &input).await;
            let answer = match answer {
                Err(reason) if reason.contains("does not exist") => return Ok(()),
                answer => answer?,
            };
            let page: Page = serde_json::from_value(answer)
                .map_err(|error| format!("understand FilterLogEvents of {}: {error}", self.name))?;
            page.events.into_iter().for_each(&mut take);
            match page.next_token {
                Some(next) if Some(&next) != token.as_ref() => token = Some(next),
                _ => return Ok(()),
            }
        }
    }
}

/// What a stage's function wrote about a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct StageLog {
    /// Its record lines of the run, in the order of the log.
    pub(crate) lines: Vec<((i64, String), Line)>,
    /// When the handler began, by invocation.
    began: HashMap<String, f64>,
    /// The invocations that worked on the run's requests.
    pub(crate) invocations: Vec<ReportLine>,
}

impl StageLog {
    /// Reads a stage's lines.
    pub(crate) async fn read(group: &LogGroup, from: i64, wanted: &Wanted) -> Result<Self, String> {
        let mut log = Self::default();
        let mut reports = Vec::new();
        group
            .read(from, STAGE_LINES, |event| {
                if let Some(invocation) = ReportLine::parse(&event.message) {
                    reports.push(invocation);
                } else if let Some(line) = Line::parse(&event.message) {
                    log.take((event.timestamp, event.event_id), line, wanted);
                }
            })
            .await?;
        let ours: HashSet<&str> = log.lines.iter().map(|(_, line)| line.request_id.as_str()).collect();
        log.invocations =
            reports.into_iter().filter(|seen| ours.contains(seen.request_id.as_str())).collect();
        Ok(log)
    }

    fn take(&mut self, place: (i64, String), line: Line, wanted: &Wanted) {
        // The line of an invocation that began first is the invocation's own; it shows when the handler began.
        let began = self.began.entry(line.request_id.clone()).or_insert(f64::INFINITY);
        *began = began.min(line.began());
        if line.key.is_some() && wanted.wants(line.run.as_deref(), line.received) {
            self.lines.push((place, line));
        }
    }

    /// When the invocation's handler began, in ms since the epoch.
    pub(crate) fn began(&self, invocation: &str) -> Option<f64> {
        self.began.get(invocation).copied()
    }

    /// The lines that say that an item was written, or existed before.
    pub(crate) fn store_rows(&self) -> Vec<StoreRow> {
        let rows = self.lines.iter().cloned();
        rows.filter_map(|(place, line)| StoreRow::from_line(place, line)).collect()
    }
}

/// A log group of the target.
pub(crate) fn log_group(client: &Client, region: &str, name: String) -> LogGroup {
    LogGroup { client: client.clone(), region: region.to_owned(), name }
}

/// The line for `--detail`: the row as the sink wrote it.
pub(crate) fn detail(row: &SinkRow) -> Value {
    json!({
        "id": row.key,
        "runId": row.run,
        "receivedMs": row.received,
        "arrivedMs": row.arrived,
        "storedMs": row.stored,
        "completedMs": row.completed,
        "latencyMs": row.latency(),
        "clientLatencyMs": row.client_latency,
        "coarse": row.coarse,
    })
}
